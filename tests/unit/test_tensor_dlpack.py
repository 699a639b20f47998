from __future__ import annotations

import ctypes
import gc

import numpy as np
import pytest

import framelane as fl
from dlpack_producer import (
    BFLOAT,
    COMPLEX,
    CPU,
    CUDA,
    EXTENSION,
    IS_COPIED,
    READ_ONLY,
    Legacy,
    Producer,
    Versioned,
    consume,
    delete,
    is_versioned,
)


def sample() -> np.ndarray:
    return np.arange(12, dtype=np.float32).reshape(3, 4)


def locked() -> fl.Tensor:
    source = sample()
    source.flags.writeable = False
    return fl.Tensor.wrap(source)


# --- in


@pytest.mark.parametrize("form", [Legacy, Versioned])
@pytest.mark.parametrize("take", [fl.Tensor.wrap, fl.Tensor.from_dlpack])
def test_an_import_shows_the_memory_and_is_deleted_once(form, take):
    producer = Producer(sample()[:, ::-1], form=form)
    tensor = take(producer)
    assert tensor.address == producer.array.ctypes.data
    assert np.array_equal(tensor, producer.array)
    view = tensor.numpy()
    del tensor
    assert producer.deleted == 0
    del view
    assert producer.deleted == 1


def test_the_version_is_offered_and_an_old_producer_is_asked_without():
    producer = Producer(sample())
    fl.Tensor.wrap(producer)
    assert producer.asked == [{"max_version": (1, 0)}]
    old = Producer(sample(), form=Legacy, takes_max_version=False)
    fl.Tensor.wrap(old)
    assert old.asked == [{}]


def test_flags_offset_and_bfloat16_are_understood():
    producer = Producer(sample(), flags=READ_ONLY, offset=64)
    tensor = fl.Tensor.wrap(producer)
    assert (tensor.read_only, tensor.address) == (True, producer.array.ctypes.data)
    assert fl.Tensor.wrap(Producer(np.ones(3, np.uint16), dtype=(BFLOAT, 16, 1))).dtype == "bfloat16"


@pytest.mark.parametrize(
    "lie",
    [
        {"major": 2},
        {"dtype": (COMPLEX, 64, 1)},
        {"dtype": (2, 32, 4)},
        {"dtype": (2, 8, 1)},
        {"device": (7, 0)},
    ],
    ids=str,
)
def test_what_is_refused_is_deleted_too(lie):
    producer = Producer(sample(), **lie)
    with pytest.raises(fl.ShapeError):
        fl.Tensor.wrap(producer)
    assert producer.deleted == 1


def test_a_misaligned_import_is_refused():
    producer = Producer(np.frombuffer(bytes(13), np.uint8)[1:].view(np.float32))
    with pytest.raises(fl.ShapeError, match=r"copy\(\)"):
        fl.Tensor.from_dlpack(producer)
    assert producer.deleted == 1


def test_a_capsule_is_taken_once():
    capsule = fl.Tensor.wrap(sample()).__dlpack__()
    assert np.array_equal(fl.Tensor.from_dlpack(capsule), sample())
    with pytest.raises(BufferError, match="taken already"):
        fl.Tensor.from_dlpack(capsule)


def test_errors_of_the_producer_come_through():
    class Refuses:
        def __dlpack__(self, **_arguments):
            raise BufferError("not now")

    with pytest.raises(BufferError, match="not now"):
        fl.Tensor.wrap(Refuses())
    with pytest.raises(AttributeError):
        fl.Tensor.from_dlpack(3)


def test_no_capsule_is_no_crash():
    class Odd:
        def __dlpack__(self, **_arguments):
            return "something else"

    with pytest.raises(BufferError, match="no capsule"):
        fl.Tensor.wrap(Odd())


# --- out


def test_the_capsule_is_versioned_when_the_consumer_knows_versions():
    tensor = fl.Tensor.wrap(sample())
    for max_version, versioned in ((None, False), ((0, 8), False), ((1, 0), True), ((1, 9), True), ((2, 0), True)):
        assert is_versioned(tensor.__dlpack__(max_version=max_version)) is versioned
    managed = consume(tensor.__dlpack__(max_version=(1, 1)))
    assert (managed.major, managed.flags) == (1, 0)
    delete(managed)


@pytest.mark.parametrize("max_version", [None, (1, 0)])
def test_what_is_exported_is_the_view(max_version):
    source = sample().T[::2]
    managed = consume(fl.Tensor.wrap(source).__dlpack__(max_version=max_version))
    view = managed.view
    assert view.data == source.ctypes.data
    assert (view.device.type, view.device.index, view.ndim, view.byte_offset) == (CPU, 0, 2, 0)
    assert (view.dtype.code, view.dtype.bits, view.dtype.lanes) == (2, 32, 1)
    assert (view.shape[:2], view.strides[:2]) == ([2, 3], [2, 4])
    delete(managed)


@pytest.mark.parametrize("max_version", [None, (1, 0)])
def test_an_unconsumed_capsule_frees_what_it_holds(max_version):
    pool = fl.FramePool((4,), np.float32, 1)
    capsule = pool.acquire().__dlpack__(max_version=max_version)
    assert pool.available == 0
    del capsule
    assert pool.available == 1


@pytest.mark.parametrize("max_version", [None, (1, 0)])
def test_a_consumed_capsule_leaves_it_to_the_consumer(max_version):
    pool = fl.FramePool((4,), np.float32, 1)
    capsule = pool.acquire().__dlpack__(max_version=max_version)
    managed = consume(capsule)
    del capsule
    gc.collect()
    assert pool.available == 0
    delete(managed)
    assert pool.available == 1


def test_reversed_memory_is_exported_as_a_copy_only():
    tensor = fl.Tensor.wrap(sample()[:, ::-1])
    for max_version in (None, (1, 0)):
        with pytest.raises(BufferError, match=r"tensor\.copy\(\)"):
            tensor.__dlpack__(max_version=max_version)
        assert np.array_equal(fl.Tensor.from_dlpack(tensor.__dlpack__(max_version=max_version, copy=True)), tensor)
    for harmless in (sample()[:0, ::-1], sample()[:1][::-1]):
        fl.Tensor.wrap(harmless).__dlpack__()


def test_read_only_memory_needs_a_versioned_capsule():
    managed = consume(locked().__dlpack__(max_version=(1, 0)))
    assert managed.flags == READ_ONLY
    delete(managed)
    with pytest.raises(BufferError, match=r"max_version=\(1, 0\).*copy\(\)"):
        locked().__dlpack__()


def test_copy_exports_a_writable_copy_and_says_so():
    tensor = locked()
    managed = consume(tensor.__dlpack__(max_version=(1, 0), copy=True))
    assert managed.flags == IS_COPIED
    assert managed.view.data != tensor.address
    delete(managed)
    assert np.from_dlpack(fl.Tensor.from_dlpack(tensor.__dlpack__(copy=True))).flags.writeable
    for copy in (None, False):
        managed = consume(tensor.__dlpack__(max_version=(1, 0), copy=copy))
        assert managed.view.data == tensor.address
        delete(managed)


def test_the_cpu_has_no_streams():
    tensor = fl.Tensor.wrap(sample())
    for stream in (None, -1):
        tensor.__dlpack__(stream=stream)
    for stream in (0, 1, 2, "x"):
        with pytest.raises(ValueError, match="leave it None"):
            tensor.__dlpack__(stream=stream)


def test_another_device_is_refused():
    tensor = fl.Tensor.wrap(sample())
    assert tensor.__dlpack_device__() == (CPU, 0)
    tensor.__dlpack__(dl_device=(CPU, 0))
    for device in ((CUDA, 0), (CPU, 1)):
        with pytest.raises(BufferError, match="cannot be exported to DLPack device"):
            tensor.__dlpack__(dl_device=device)
    for nonsense in (3, (1,), ("a", "b")):
        with pytest.raises(TypeError, match="two integers"):
            tensor.__dlpack__(dl_device=nonsense)
        with pytest.raises(TypeError, match="two integers"):
            tensor.__dlpack__(max_version=nonsense)


@pytest.mark.parametrize(("device", "name"), [((CUDA, 1), "cuda:1"), ((EXTENSION, 0), "provider:0")])
def test_memory_that_the_cpu_cannot_read_exports_nothing(device, name):
    tensor = fl.Tensor.wrap(Producer(sample(), device=device))
    assert (tensor.device, tensor.__dlpack_device__(), tensor.shape) == (name, device, (3, 4))
    exports = (
        memoryview,
        np.asarray,
        np.from_dlpack,
        fl.Tensor.numpy,
        fl.Tensor.__dlpack__,
        fl.Tensor.__array__,
    )
    for export in exports:
        with pytest.raises(BufferError, match=r'use tensor\.to\("cpu"\)'):
            export(tensor)
    assert not hasattr(tensor, "__array_interface__")
    for copy in (fl.Tensor.copy, lambda tensor: tensor.to("cpu")):
        with pytest.raises(fl.NoDeviceError, match=name):
            copy(tensor)


def test_pinned_memory_of_the_host_is_read_as_any_other():
    tensor = fl.Tensor.wrap(Producer(sample(), device=(3, 0)))
    assert tensor.device == "cuda_host:0"
    assert np.array_equal(tensor, sample())


def test_the_deleter_runs_without_the_gil_and_drops_a_python_object():
    source = sample()
    before = ctypes.c_ssize_t.from_address(id(source)).value
    managed = consume(fl.Tensor.wrap(source).__dlpack__())
    assert ctypes.c_ssize_t.from_address(id(source)).value == before + 1
    delete(managed)
    assert ctypes.c_ssize_t.from_address(id(source)).value == before
