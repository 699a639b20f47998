"""Properties of Tensor over arrays of any shape, strides and dtype."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import framelane as fl
from numpy_tensors import address

DTYPES = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]
UNKNOWN = [">f4", ">i8", "c8", "M8[s]", "S3", "U2", "O", "u1,f4"]


@st.composite
def views(draw: st.DrawFn, dtypes: list[str] = DTYPES) -> np.ndarray:
    """An array seen through a random basic index, transposition, broadcast and lock."""
    shape = draw(npst.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=5))
    size = int(np.prod(shape))
    base = np.arange(size).astype("u1").astype(draw(st.sampled_from(dtypes))).reshape(shape)
    view = base[draw(npst.basic_indices(shape, max_dims=6, allow_newaxis=True))] if shape else base
    view = np.asarray(view, base.dtype)  # an index to one item gives a scalar
    view = view.transpose(draw(st.permutations(range(view.ndim))))
    if draw(st.booleans()):
        view = np.broadcast_to(view, (draw(st.integers(0, 3)), *view.shape))
    if draw(st.booleans()):
        view.flags.writeable = False
    return view


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@given(views())
def test_numpy_sees_the_same_memory_through_a_tensor(view):
    tensor = fl.Tensor.wrap(view)
    back = np.asarray(tensor)
    assert same(back, view)
    assert back.flags.writeable == view.flags.writeable
    assert tensor.read_only != view.flags.writeable
    assert tensor.contiguous == view.flags.c_contiguous
    assert tensor.nbytes == view.nbytes
    if view.size:
        assert address(back) == tensor.address == address(view)
        assert [s for s, n in zip(back.strides, back.shape, strict=True) if n > 1] == [
            s for s, n in zip(view.strides, view.shape, strict=True) if n > 1
        ]


@given(views())
def test_dlpack_carries_the_same_memory(view):
    reversed_ = view.size and any(s < 0 and n > 1 for s, n in zip(view.strides, view.shape, strict=True))
    assume(not reversed_)
    tensor = fl.Tensor.from_dlpack(fl.Tensor.wrap(view).__dlpack__(max_version=(1, 0)))
    assert same(np.from_dlpack(tensor), view)
    assert tensor.read_only != view.flags.writeable
    assert not view.size or tensor.address == address(view)


@given(views())
def test_a_copy_is_equal_and_apart(view):
    copy = fl.Tensor.wrap(view).copy()
    assert copy.contiguous
    assert not copy.read_only
    assert same(copy.numpy(), view)
    assert not np.shares_memory(copy.numpy(), view)


@given(views())
def test_bytes_are_those_of_numpy(view):
    assert memoryview(fl.Tensor.wrap(view)).tobytes() == view.tobytes()


@given(views(UNKNOWN))
def test_what_is_no_tensor_is_a_shape_error(view):
    with pytest.raises(fl.ShapeError, match="astype"):
        fl.Tensor.wrap(view)


@given(st.binary(max_size=64), st.integers(0, 8), st.sampled_from(DTYPES))
def test_memory_at_any_address_is_shown_or_refused(data, start, dtype):
    size = np.dtype(dtype).itemsize
    raw = np.frombuffer(bytearray(80), np.uint8)[start : start + len(data) // size * size]
    view = raw.view(dtype)
    try:
        tensor = fl.Tensor.wrap(view)
    except fl.ShapeError:
        assert not view.flags.aligned
    else:
        assert tensor.address % size == 0 or view.size == 0
