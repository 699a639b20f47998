"""The promise zero_copy: a frame is written once.

What claims no copy is tested by address, and by writing at one end and reading at the other.
"""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

import framelane as fl
from needs import need
from numpy_tensors import DTYPES, address

VIEWS = {
    "contiguous": np.s_[...],
    "every second column": np.s_[:, ::2],
    "reversed": np.s_[::-1],
    "one channel": np.s_[..., 1],
    "window": np.s_[1:3, 2:5],
}


@pytest.fixture
def torch():
    need("torch", importlib.util.find_spec("torch") is not None)
    import torch

    return torch


def frame(dtype: str = "uint8") -> np.ndarray:
    return (np.arange(4 * 6 * 3) % 2).reshape(4, 6, 3).astype(dtype)


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_to_tensor_to_numpy(dtype, view):
    source = frame(dtype)[view]
    tensor = fl.Tensor.wrap(source)
    back = np.asarray(tensor)
    assert address(source) == tensor.address == address(back)
    back[...] = 1
    assert (source == 1).all()


@pytest.mark.parametrize("dtype", [*DTYPES, "bfloat16"])
def test_torch_to_tensor_to_torch(torch, dtype):
    source = torch.arange(24).reshape(2, 3, 4).to(getattr(torch, dtype))
    for view in (source, source[:, ::2], source.permute(2, 0, 1), source[1, 1:]):
        tensor = fl.Tensor.wrap(view)
        back = torch.from_dlpack(tensor)
        assert view.data_ptr() == tensor.address == back.data_ptr()
        assert (tensor.dtype, tensor.shape, tensor.strides) == (dtype, tuple(view.shape), view.stride())
        assert (back.dtype, back.shape, back.stride()) == (view.dtype, view.shape, view.stride())
        back.fill_(1)
        assert (view == 1).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_to_torch_and_back_through_tensors(torch, dtype):
    source = frame(dtype)
    there = torch.from_dlpack(fl.Tensor.wrap(source))
    back = fl.Tensor.wrap(there).numpy()
    assert address(source) == there.data_ptr() == address(back)


def test_a_slot_is_written_by_one_library_and_read_by_another(torch):
    pool = fl.FramePool((4, 6, 3), np.float32, 1)
    slot = pool.acquire()
    written = slot.numpy()
    read = torch.from_dlpack(slot)
    assert address(written) == read.data_ptr() == slot.address
    written[...] = 5
    assert bool((read == 5).all())
    del slot, written
    assert pool.available == 0
    del read
    assert pool.available == 1


def test_a_slot_is_the_same_memory_every_time():
    pool = fl.FramePool((720, 1280, 3), np.uint8, 4)  # two are still held while the next two are asked for
    addresses = set()
    for _ in range(100):
        first, second = pool.acquire(), pool.acquire()
        addresses |= {first.address, second.address}
    assert len(addresses) <= 4


def test_a_frame_shows_its_tensor():
    slot = fl.FramePool((4, 6, 3), np.uint8, 1).acquire()
    assert address(fl.Frame(0, tensors={"image": slot}).image) == slot.address


def test_read_only_memory_of_numpy_is_not_written_by_the_way_of_a_tensor():
    source = frame()
    source.flags.writeable = False
    for out in (np.asarray(fl.Tensor.wrap(source)), np.from_dlpack(fl.Tensor.wrap(source))):
        assert address(out) == address(source)
        with pytest.raises(ValueError, match="read-only"):
            out[...] = 1


def test_tensors_of_torch_that_cannot_be_shared_are_refused_not_copied(torch):
    with pytest.raises(BufferError, match="gradient"):
        fl.Tensor.wrap(torch.ones(3, requires_grad=True))


def test_reversed_memory_on_which_torch_dies_is_refused_not_copied(torch):
    tensor = fl.Tensor.wrap(frame()[::-1])
    with pytest.raises(BufferError, match=r"tensor\.copy\(\)"):
        torch.from_dlpack(tensor)
