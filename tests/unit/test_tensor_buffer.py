"""The buffer protocol of Tensor, request by request, as NumPy answers it for the same memory."""

from __future__ import annotations

import ctypes
import itertools

import ml_dtypes
import numpy as np
import pytest

import framelane as fl


class Buffer(ctypes.Structure):
    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.py_object),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.POINTER(ctypes.c_ssize_t)),
        ("strides", ctypes.POINTER(ctypes.c_ssize_t)),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    ]


WRITABLE, FORMAT, ND = 0x1, 0x4, 0x8
STRIDES = 0x10 | ND
C, F, ANY = 0x20 | STRIDES, 0x40 | STRIDES, 0x80 | STRIDES
LAYOUTS = {"simple": 0, "nd": ND, "strides": STRIDES, "c": C, "f": F, "any": ANY, "indirect": 0x100 | STRIDES}


def answer(exporter: object, flags: int) -> tuple | str:
    """What the exporter fills in, or "refused"."""
    view = Buffer()
    try:
        ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(exporter), ctypes.byref(view), flags)
    except (BufferError, ValueError):  # NumPy raises ValueError for some
        return "refused"
    assert view.obj is exporter
    ndim = view.ndim if view.shape else 0
    filled = (
        view.buf,
        view.len,
        view.itemsize,
        bool(view.readonly),
        view.format,
        view.shape[:ndim] if view.shape else None,
        view.strides[:ndim] if view.strides else None,
        view.suboffsets,
    )
    ctypes.pythonapi.PyBuffer_Release(ctypes.byref(view))
    return filled


def sources() -> dict[str, np.ndarray]:
    base = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    locked = base.copy()
    locked.flags.writeable = False
    return {
        "c": base,
        "f": np.asfortranarray(base),
        "strided": base[:, ::2, ::-1],
        "vector": base[0, 0],
        "scalar": base[0, 0, 0:1].reshape(()),
        "read-only": locked,
        "half": base.astype(np.float16),
        "bool": base > 3,
        "long": base.astype(np.int64),
    }


@pytest.mark.parametrize("name", sources())
def test_every_request_is_answered_as_numpy_does(name):
    source = sources()[name]
    tensor = fl.Tensor.wrap(source)
    for layout, writable, formatted in itertools.product(LAYOUTS.values(), (0, WRITABLE), (0, FORMAT)):
        flags = layout | writable | formatted
        assert answer(tensor, flags) == answer(source, flags), hex(flags)


def test_an_empty_tensor_answers_every_request():
    tensor = fl.Tensor.wrap(np.zeros((0, 3, 4), np.float32))
    for layout in LAYOUTS.values():
        assert answer(tensor, layout | WRITABLE | FORMAT) != "refused"


def test_a_view_keeps_the_memory_alive():
    pool = fl.FramePool((8,), np.uint8, 1)
    view = memoryview(pool.acquire())
    assert pool.available == 0
    view.release()
    assert pool.available == 1


def test_bfloat16_has_no_buffer_and_the_error_says_what_has():
    source = np.array([1.5, -2], ml_dtypes.bfloat16)
    tensor = fl.Tensor.wrap(source)
    assert (tensor.dtype, tensor.address) == ("bfloat16", source.ctypes.data)
    for use in (memoryview, np.asarray, np.array, fl.Tensor.numpy, fl.Tensor.__array__):
        with pytest.raises(BufferError, match=r'torch\.from_dlpack.*view\("uint16"\)'):
            use(tensor)
    assert not hasattr(tensor, "__array_interface__")
    assert np.array_equal(tensor.view("uint16").numpy().view(ml_dtypes.bfloat16), source)
    assert tensor.view(np.uint16).view(ml_dtypes.bfloat16).dtype == "bfloat16"


def test_read_only_bfloat16_of_any_strides():
    source = np.ones((3, 4), ml_dtypes.bfloat16)[::-1, ::2]
    source.flags.writeable = False
    tensor = fl.Tensor.wrap(source)
    assert (tensor.read_only, tensor.strides) == (True, (-4, 2))
