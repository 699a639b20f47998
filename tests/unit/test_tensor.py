from __future__ import annotations

import array
import inspect
import io

import numpy as np
import pytest

import framelane as fl
from numpy_tensors import DTYPES


def sample(dtype: str = "float32", shape: tuple[int, ...] = (2, 3, 4)) -> np.ndarray:
    return (np.arange(np.prod(shape)) % 100).reshape(shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_goes_in_and_out_without_a_copy(dtype):
    source = sample(dtype)
    tensor = fl.Tensor.wrap(source)
    assert tensor.dtype == dtype
    assert tensor.nbytes == source.nbytes
    for back in (np.asarray(tensor), tensor.numpy(), np.from_dlpack(tensor)):
        assert back.dtype == source.dtype
        assert back.ctypes.data == source.ctypes.data
        assert np.array_equal(back, source)


def test_properties_say_what_it_is():
    tensor = fl.Tensor.wrap(sample().transpose(2, 0, 1)[::-1])
    assert (tensor.shape, tensor.strides) == ((4, 2, 3), (-1, 12, 4))
    assert (tensor.ndim, tensor.size, tensor.nbytes) == (3, 24, 96)
    assert (tensor.device, tensor.read_only, tensor.contiguous) == ("cpu", False, False)
    assert repr(tensor) == "Tensor(shape=(4, 2, 3), dtype=float32, device=cpu, strides=(-1, 12, 4))"


def test_repr_says_read_only():
    source = sample(shape=(2,))
    source.flags.writeable = False
    assert repr(fl.Tensor.wrap(source)) == "Tensor(shape=(2,), dtype=float32, device=cpu, read_only=True)"


def test_wrapping_a_tensor_shares_its_memory():
    tensor = fl.Tensor.wrap(sample())
    assert fl.Tensor.wrap(tensor).address == tensor.address


@pytest.mark.parametrize(
    "source",
    [
        bytearray(b"abcd"),
        memoryview(bytearray(range(12))).cast("B", (3, 4)),
        array.array("d", [1.0, 2.0]),
        array.array("l", [1, 2]),
        memoryview(np.ones((3, 4), np.float16))[::2],
    ],
    ids=["bytearray", "memoryview", "doubles", "longs", "strided"],
)
def test_whatever_has_a_buffer_is_wrapped(source):
    tensor = fl.Tensor.wrap(source)
    expected = np.asarray(source)
    assert tensor.numpy().dtype == expected.dtype
    assert np.array_equal(tensor, expected)
    assert tensor.address == expected.ctypes.data


def test_a_wrapped_bytearray_cannot_be_resized_meanwhile():
    source = bytearray(4)
    tensor = fl.Tensor.wrap(source)
    with pytest.raises(BufferError):
        source.append(1)
    del tensor
    source.append(1)


def test_scalars_and_empty_arrays_are_tensors():
    assert fl.Tensor.wrap(np.float32(2.5)).numpy() == 2.5
    assert fl.Tensor.wrap(np.array(3, np.int16)).shape == ()
    empty = fl.Tensor.wrap(np.zeros((0, 3), np.float64)[:, ::-1])
    assert empty.numpy().shape == (0, 3)


@pytest.mark.parametrize(
    ("source", "fix"),
    [
        (sample(">f4"), r'newbyteorder\("="\)'),
        (memoryview(sample(">i2")), r'astype\("int16"\)'),
        (np.array([object()]), "astype"),
        (memoryview(np.array([object()])), "astype"),
        (np.array(["text"]), "astype"),
        (np.array([b"bytes"]), "astype"),
        (np.array(["2020-01-01"], "M8[D]"), "astype"),
        (sample("complex64"), "astype"),
        (sample("longdouble"), "astype"),
        (np.zeros(3, "u1,f4"), "astype"),
        (np.zeros(3, "u1,f4")["f1"], r"copy\(\)"),
        (np.frombuffer(bytes(13), np.uint8)[1:].view(np.float32), r"copy\(\)"),
        (memoryview(np.zeros((3, 2), "u1,f4")["f1"]), r"copy\(\)"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(getattr(value, "dtype", "buffer")),
)
def test_what_a_tensor_cannot_show_is_refused_with_the_fix(source, fix):
    with pytest.raises(fl.ShapeError, match=fix):
        fl.Tensor.wrap(source)


def test_odd_strides_along_axes_of_one_item_do_not_matter():
    source = np.zeros((1, 4), "u1,f4")["f1"][:, :1]
    assert source.strides == (20, 5)
    records = np.zeros(1, [("a", "f4"), ("b", "u1")])["a"]
    assert fl.Tensor.wrap(records).shape == (1,)


@pytest.mark.parametrize("source", [[1, 2], 3, None, "text", object()])
def test_what_is_no_array_is_a_type_error(source):
    with pytest.raises(TypeError, match=r"numpy\.asarray"):
        fl.Tensor.wrap(source)


def test_errors_of_the_exporter_come_through():
    closed = memoryview(bytearray(4))
    closed.release()
    with pytest.raises(ValueError, match="released"):
        fl.Tensor.wrap(closed)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_array_interface_is_numpys(dtype):
    for source in (sample(dtype), sample(dtype)[:, ::-1]):
        expected = dict(source.__array_interface__)
        interface = fl.Tensor.wrap(source).__array_interface__
        assert np.dtype(interface["typestr"]) == source.dtype
        assert interface["strides"] == source.strides
        assert {k: interface[k] for k in ("shape", "data", "version")} == {
            k: expected[k] for k in ("shape", "data", "version")
        }


def test_numpy_finds_it_by_the_array_interface_alone():
    source = sample()
    shown = type("Shown", (), {"__array_interface__": fl.Tensor.wrap(source).__array_interface__})()
    assert np.asarray(shown).ctypes.data == source.ctypes.data


def test_array_converts_and_copies_as_asked():
    source = sample()
    tensor = fl.Tensor.wrap(source)
    assert tensor.__array__().ctypes.data == source.ctypes.data
    assert tensor.__array__(copy=False).ctypes.data == source.ctypes.data
    assert tensor.__array__(copy=True).ctypes.data != source.ctypes.data
    assert tensor.__array__(np.float64).dtype == np.float64
    assert np.array(tensor, np.int32).dtype == np.int32
    with pytest.raises(ValueError, match="only by a copy"):
        tensor.__array__("float64", copy=False)


def test_read_only_stays_read_only_in_every_direction():
    source = sample()
    source.flags.writeable = False
    tensor = fl.Tensor.wrap(source)
    assert tensor.read_only
    assert fl.Tensor.wrap(tensor).read_only
    assert tensor.reshape((24,)).read_only
    assert tensor.view("int32").read_only
    assert memoryview(tensor).readonly
    assert tensor.__array_interface__["data"][1]
    for out in (np.asarray(tensor), tensor.numpy(), tensor.__array__(), np.from_dlpack(tensor)):
        assert not out.flags.writeable
        assert fl.Tensor.wrap(out).read_only
    assert fl.Tensor.from_dlpack(tensor).read_only
    assert fl.Tensor.wrap(b"bytes").read_only


def test_writable_stays_writable():
    source = sample()
    tensor = fl.Tensor.wrap(source)
    np.asarray(tensor)[0, 0, 0] = 77
    np.from_dlpack(tensor)[0, 0, 1] = 78
    memoryview(tensor)[0, 0, 2] = 79
    assert source[0, 0, :3].tolist() == [77, 78, 79]
    assert io.BytesIO(bytes(96)).readinto(tensor) == 96
    assert not source.any()


def test_copy_is_contiguous_writable_and_apart():
    source = sample()[:, ::-1]
    source.flags.writeable = False
    copy = fl.Tensor.wrap(source).copy()
    assert (copy.contiguous, copy.read_only, copy.address % 64) == (True, False, 0)
    assert not np.shares_memory(copy.numpy(), source)
    assert np.array_equal(copy, source)


def test_to_cpu_is_the_tensor_itself():
    tensor = fl.Tensor.wrap(sample())
    assert tensor.to("cpu") is tensor
    with pytest.raises(fl.NoDeviceError, match="cpu"):
        tensor.to("cuda:0")


def test_reshape_shares_the_memory_or_says_why_not():
    tensor = fl.Tensor.wrap(sample())
    assert tensor.reshape((1, 6, 4)).shape == (1, 6, 4)
    assert tensor.reshape([24]).address == tensor.address
    with pytest.raises(fl.ShapeError, match="24 elements"):
        tensor.reshape((5, 5))
    with pytest.raises(fl.ShapeError, match=r"copy\(\)"):
        fl.Tensor.wrap(sample().T).reshape((24,))


@pytest.mark.parametrize("dtype", ["int32", np.int32, np.dtype("i4"), "uint32", "<i4"])
def test_view_takes_dtypes_in_all_their_spellings(dtype):
    tensor = fl.Tensor.wrap(sample())
    assert tensor.view(dtype).dtype == np.dtype(dtype).name
    assert tensor.view(dtype).address == tensor.address


@pytest.mark.parametrize(
    ("dtype", "text"),
    [
        ("float64", "differ in size"),
        (">i4", "byte order"),
        ("complex64", "use one of"),
        ("nonsense", "use one of"),
        (None, "use one of"),
        (object, "use one of"),
    ],
)
def test_view_refuses_what_it_cannot_be(dtype, text):
    with pytest.raises(fl.ShapeError, match=text):
        fl.Tensor.wrap(sample()).view(dtype)


def test_every_public_member_has_a_docstring_and_a_signature():
    for name in dir(fl.Tensor):
        if name.startswith("_"):
            continue
        member = inspect.getattr_static(fl.Tensor, name)
        assert getattr(fl.Tensor, name).__doc__, name
        if not isinstance(member, property):
            inspect.signature(getattr(fl.Tensor, name))
