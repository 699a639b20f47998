"""pack and unpack give the bits of their NumPy reference, for every format, layout, dtype, size and stride."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import framelane as fl
from framelane._pack import tensor_shape
from framelane._pixel_formats import PIXEL_FORMATS

FORMATS = {  # name: (stored channels, largest value)
    "gray": ("y", 255),
    "gray10le": ("y", 1023),
    "gray16le": ("y", 65535),
    "rgb24": ("rgb", 255),
    "bgr24": ("bgr", 255),
    "rgba": ("rgba", 255),
    "bgra": ("bgra", 255),
    "rgb48le": ("rgb", 65535),
    "bgra64le": ("bgra", 65535),
    "gbrp": ("gbr", 255),
    "gbrap": ("gbra", 255),
    "gbrp10le": ("gbr", 1023),
    "gbrp12le": ("gbr", 4095),
    "gbrap16le": ("gbra", 65535),
}
COLORS = {"gray": "y", "rgb": "rgb", "bgr": "bgr", "rgba": "rgba", "bgra": "bgra"}
DTYPES = ["float32", "float16", "uint8"]


def luma(r, g, b):
    r, g, b = (np.asarray(plane, np.uint32) for plane in (r, g, b))
    return (19595 * r + 38470 * g + 7471 * b + 32768) >> 16


def channels_of(image, pixel_format):
    """The picture's channels as {letter: (height, width)}."""
    stored, top = FORMATS[pixel_format]
    planes = image.reshape(1, *image.shape) if image.ndim == 2 else image
    planes = planes if pixel_format.startswith("gb") or image.ndim == 2 else planes.transpose(2, 0, 1)
    found = dict(zip(stored, planes, strict=True))
    if "y" in found:
        found.update(dict.fromkeys("rgb", found["y"]))
    else:
        found["y"] = luma(found["r"], found["g"], found["b"]).astype(image.dtype)
    found.setdefault("a", np.full_like(found["y"], top))
    return found


def quantise(values, top, dtype):
    with np.errstate(invalid="ignore"):
        values = values.astype(np.float32) + np.float32(0.5)
    values = np.where(np.isnan(values), np.float32(0), values)
    return np.floor(np.clip(values, 0, np.float32(top))).astype(dtype)


def with_layout(planes, layout):
    """(C, H, W) to the layout."""
    planes = planes[None]  # NCHW
    if "C" not in layout:
        planes, axes = planes[:, 0], "NHW"
    else:
        axes = "NCHW"
    if "N" not in layout:
        planes, axes = planes[0], axes[1:]
    return planes.transpose([axes.index(axis) for axis in layout])


def packed(image, pixel_format, color, layout, dtype, scale, mean, std):
    found, top = channels_of(image, pixel_format), FORMATS[pixel_format][1]
    scale = scale if top == 255 else scale * 255.0 / top
    planes = []
    for letter, m, s in zip(COLORS[color], mean, std, strict=True):
        value = found[letter].astype(np.float32) * np.float32(scale / s) + np.float32(-m / s)
        planes.append(quantise(value, 255, dtype) if dtype == "uint8" else value.astype(dtype))
    return with_layout(np.stack(planes), layout)


def test_the_plain_way():
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    tensor = fl.pack(image)
    assert tensor.dtype == np.float32
    np.testing.assert_array_equal(tensor, image.transpose(2, 0, 1)[None] * np.float32(1 / 255))
    np.testing.assert_array_equal(fl.unpack(tensor), image)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC", "CHW", "HWC"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize("pixel_format", FORMATS)
def test_pack_equals_numpy(pixel_format, color, dtype, layout):
    rng = np.random.default_rng(7)
    width, height = 533, 3  # more than one chunk of 512
    kind = PIXEL_FORMATS[pixel_format]
    image = rng.integers(0, FORMATS[pixel_format][1], kind.shape(width, height), kind.dtype, endpoint=True)
    count = len(COLORS[color])
    mean, std = [0.4, 0.5, 0.6, 0.1][:count], [0.2, 0.25, 0.3, 2.0][:count]
    options = {"pixel_format": pixel_format, "color": color, "layout": layout, "mean": mean, "std": std}
    expected = packed(image, pixel_format, color, layout, dtype, 1 / 255, mean, std)
    got = fl.pack(image, dtype=dtype, **options)
    assert got.shape == tensor_shape(layout, count, width, height)
    np.testing.assert_array_equal(got, expected)


def unpacked(tensor, pixel_format, color, layout, scale, mean, std):
    """The reverse of `packed`; `tensor` of any layout."""
    stored, top = FORMATS[pixel_format]
    axes = layout if "C" in layout else layout.replace("H", "CH")
    whole = tensor if "C" in layout else np.expand_dims(tensor, axes.index("C"))
    planes = whole.transpose([axes.index(axis) for axis in axes[: "N" in layout] + "CHW"])
    planes = planes[0] if "N" in layout else planes
    found = {}
    for letter, plane, m, s in zip(COLORS[color], planes, mean, std, strict=True):
        multiplier, offset = s / scale, m / scale
        if top != 255:
            multiplier, offset = multiplier * top / 255, offset * top / 255
        value = plane.astype(np.float32) * np.float32(multiplier) + np.float32(offset)
        found[letter] = quantise(value, top, np.uint16)
    if "y" in found:
        found.update(dict.fromkeys("rgb", found["y"]))
    else:
        found["y"] = luma(found["r"], found["g"], found["b"])
    found.setdefault("a", np.full_like(found["y"], top))
    kind = PIXEL_FORMATS[pixel_format]
    image = np.stack([found[letter] for letter in stored]).astype(kind.dtype)
    if kind.samples == 1:
        return image[0]
    return image if kind.planar else image.transpose(1, 2, 0)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC", "CHW", "HWC"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize("pixel_format", FORMATS)
def test_unpack_equals_numpy(pixel_format, color, dtype, layout):
    rng = np.random.default_rng(8)
    count = len(COLORS[color])
    mean, std = [0.4, 0.5, 0.6, 0.1][:count], [0.2, 0.25, 0.3, 2.0][:count]
    shape = tensor_shape(layout, count, 533, 3)
    scale = 1.0 if dtype == "uint8" else 1 / 255
    if dtype == "uint8":
        tensor = rng.integers(0, 256, shape, np.uint8)
    else:
        tensor = rng.uniform(-4, 4, shape).astype(dtype)
        tensor.flat[:5] = [np.nan, np.inf, -np.inf, -0.0, -np.nan]
    options = {"color": color, "layout": layout, "scale": scale, "mean": mean, "std": std}
    got = fl.unpack(tensor, pixel_format=pixel_format, **options)
    with np.errstate(invalid="ignore"):
        expected = unpacked(tensor, pixel_format, **options)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize("pixel_format", ["gray16le", "rgb48le", "gbrp", "gbrap16le"])
def test_rows_much_longer_than_what_is_done_at_once(pixel_format, color, dtype):
    kind, count = PIXEL_FORMATS[pixel_format], len(COLORS[color])
    rng = np.random.default_rng(10)
    image = rng.integers(0, FORMATS[pixel_format][1], kind.shape(20_011, 1), kind.dtype, endpoint=True)
    numbers = {"color": color, "layout": "CHW", "scale": 1 / 255, "mean": [0.5] * count, "std": [0.5] * count}
    tensor = fl.pack(image, pixel_format=pixel_format, dtype=dtype, **numbers)
    np.testing.assert_array_equal(tensor, packed(image, pixel_format, dtype=dtype, **numbers))
    back = fl.unpack(tensor, pixel_format=pixel_format, **numbers)
    np.testing.assert_array_equal(back, unpacked(tensor, pixel_format, **numbers))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize("pixel_format", ["rgb24", "bgr24", "rgba", "bgra", "rgb48le", "bgra64le"])
def test_interleaved_with_all_channels_alike(pixel_format, color, dtype):
    """The short way from rows of numbers to rows of numbers, where the orders are the same; and not where not."""
    kind, count = PIXEL_FORMATS[pixel_format], len(COLORS[color])
    rng = np.random.default_rng(9)
    image = rng.integers(0, FORMATS[pixel_format][1], (3, 300, kind.samples), kind.dtype, endpoint=True)
    numbers = {"color": color, "layout": "HWC", "scale": 0.5, "mean": [1.0] * count, "std": [0.75] * count}
    tensor = fl.pack(image, pixel_format=pixel_format, dtype=dtype, **numbers)
    np.testing.assert_array_equal(tensor, packed(image, pixel_format, dtype=dtype, **numbers))
    back = fl.unpack(tensor, pixel_format=pixel_format, **numbers)
    np.testing.assert_array_equal(back, unpacked(tensor, pixel_format, **numbers))


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("pixel_format", [name for name in FORMATS if FORMATS[name][1] == 255])
def test_every_value_comes_back(pixel_format, dtype):
    kind = PIXEL_FORMATS[pixel_format]
    values = np.arange(256, dtype=np.uint8)
    image = values[None] if kind.samples == 1 else np.stack([values[None]] * kind.samples, 0 if kind.planar else 2)
    color = {1: "gray", 3: "rgb", 4: "rgba"}[kind.samples]
    for numbers in ({}, {"mean": 0.5, "std": 0.5}, {"scale": 1.0}, {"mean": (0.485, 0.456, 0.406), "std": 0.225}):
        if color == "gray" and isinstance(numbers.get("mean"), tuple):
            continue
        tensor = fl.pack(image, pixel_format=pixel_format, color=color, dtype=dtype, **numbers)
        np.testing.assert_array_equal(fl.unpack(tensor, pixel_format=pixel_format, color=color, **numbers), image)


# Strides and sizes


@st.composite
def strided(draw, shape, dtype):
    """An array of this shape whose memory has gaps, and runs backwards along some axes."""
    steps = [draw(st.sampled_from([1, 1, 2, 3, -1, -2])) for _ in shape]
    order = draw(st.permutations(range(len(shape))))
    base = np.zeros([(size * abs(step)) + 1 for size, step in zip(shape, steps, strict=True)], dtype)
    base = np.ascontiguousarray(base.transpose(order)).transpose(np.argsort(order))
    view = base[tuple(slice(None, None, step) for step in steps)]
    return view[tuple(slice(size) for size in shape)]


@st.composite
def cases(draw):
    pixel_format = draw(st.sampled_from(sorted(FORMATS)))
    kind = PIXEL_FORMATS[pixel_format]
    width = draw(st.one_of(st.integers(1, 40), st.integers(505, 520)))
    height = draw(st.integers(1, 5))
    color = draw(st.sampled_from(sorted(COLORS)))
    layouts = ["NCHW", "NHWC", "CHW", "HWC"] + (["NHW", "HW"] if color == "gray" else [])
    layout = draw(st.sampled_from(layouts))
    dtype = draw(st.sampled_from(DTYPES))
    image = draw(strided(kind.shape(width, height), kind.dtype))
    tensor = draw(strided(tensor_shape(layout, len(COLORS[color]), width, height), dtype))
    return pixel_format, color, layout, image, tensor, draw(st.integers(0, 1000))


@given(cases())
def test_any_size_and_stride_there_and_back(case):
    pixel_format, color, layout, image, tensor, seed = case
    top, count = FORMATS[pixel_format][1], len(COLORS[color])
    rng = np.random.default_rng(seed)
    image[...] = rng.integers(0, top, image.shape, image.dtype, endpoint=True)
    mean, std = rng.uniform(-1, 1, count).tolist(), rng.uniform(0.1, 2, count).tolist()
    scale = float(rng.uniform(0.001, 1))
    numbers = {"color": color, "layout": layout, "scale": scale, "mean": mean, "std": std}
    before = image.copy()
    assert fl.pack(image, pixel_format=pixel_format, out=tensor, **numbers) is tensor
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(tensor, packed(image, pixel_format, dtype=tensor.dtype.name, **numbers))
    expected = unpacked(tensor.copy(), pixel_format, **numbers)
    image[...] = 1
    assert fl.unpack(tensor, pixel_format=pixel_format, out=image, **numbers) is image
    np.testing.assert_array_equal(image, expected)


@given(st.data())
def test_nothing_is_written_beside_the_picture(data):
    """The gaps between an output's elements, and what lies before and behind, stay as they are."""
    shape = (data.draw(st.integers(1, 4)), data.draw(st.integers(1, 530)))
    image = np.full(shape, 200, np.uint8)
    step = data.draw(st.integers(1, 3))
    base = np.full((shape[0] + 2, (shape[1] + 2) * step), -7, np.float32)
    out = base[1:-1, step:-step:step]
    fl.pack(image, pixel_format="gray", color="gray", layout="HW", scale=1.0, out=out)
    assert (out == 200).all()
    out[...] = -7
    assert (base == -7).all()


@given(st.integers(1, 600), st.integers(1, 4), st.integers(0, 9), st.integers(0, 9), st.integers(0, 3), st.data())
def test_borders(width, height, left, top, more, data):
    layout = data.draw(st.sampled_from(["NCHW", "NHWC"]))
    dtype = data.draw(st.sampled_from(DTYPES))
    border = data.draw(st.sampled_from(["constant", "edge", "none"]))
    image = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    widths = ((top, more), (left, 2 * more), (0, 0))
    out = np.full(tensor_shape(layout, 3, left + width + 2 * more, top + height + more), 77, dtype)
    fl.pack(image, layout=layout, left=left, top=top, border=border, border_color=(9, 8, 7), scale=1.0, out=out)
    whole = np.pad(image, widths, mode="edge" if border == "edge" else "constant")
    if border != "edge":
        inside = np.pad(np.ones((height, width), bool), widths[:2])
        whole[~inside] = (9, 8, 7) if border == "constant" else 77
    np.testing.assert_array_equal(out, packed(whole, "rgb24", "rgb", layout, dtype, 1.0, [0] * 3, [1] * 3))


def test_a_part_of_a_tensor():
    tensor = np.random.default_rng(0).random((2, 3, 20, 30), np.float32)
    whole = fl.unpack(tensor, batch_index=1)
    np.testing.assert_array_equal(fl.unpack(tensor, batch_index=1, left=3, top=4, size=(5, 6)), whole[4:10, 3:8])
    out = np.zeros((6, 5, 3), np.uint8)
    fl.unpack(tensor, batch_index=1, left=3, top=4, out=out)
    np.testing.assert_array_equal(out, whole[4:10, 3:8])
    np.testing.assert_array_equal(fl.unpack(tensor, batch_index=1, left=3, top=4), whole[4:, 3:])


def test_gray_shapes_and_any_array():
    plane = np.arange(12, dtype=np.uint8).reshape(3, 4)
    expected = fl.pack(plane, pixel_format="gray8", color="gray")
    for image in (plane[None], plane[..., None], fl.Tensor.wrap(plane), plane.tolist()):
        image = np.asarray(image, np.uint8) if isinstance(image, list) else image
        np.testing.assert_array_equal(fl.pack(image, pixel_format="gray", color="gray"), expected)
    out = fl.FramePool((1, 1, 3, 4), "float32", 1).acquire()
    assert fl.pack(plane, pixel_format="gray", color="gray", out=out) is out
    np.testing.assert_array_equal(np.asarray(out), expected)
    np.testing.assert_array_equal(fl.unpack(out, pixel_format="gray", color="gray"), plane)


def test_threads_give_the_same_bits():
    image = np.random.default_rng(0).integers(0, 256, (1080, 1920, 3), np.uint8)
    np.testing.assert_array_equal(fl.pack(image, threads=4), fl.pack(image))
    tensor = fl.pack(image)
    np.testing.assert_array_equal(fl.unpack(tensor, threads=4), image)


IMAGE = np.zeros((4, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: fl.pack(IMAGE, pixel_format="yuv420p"), ["'yuv420p'", "rgb24"]),
        (lambda: fl.pack(IMAGE, pixel_format="gbrp"), ["(3, height, width)", "(4, 6, 3)", "pixel_format="]),
        (lambda: fl.pack(IMAGE, pixel_format="gbrp", out=np.zeros((1, 3, 6, 3), np.float32)), ["pixel_format="]),
        (lambda: fl.pack(IMAGE.astype(np.float32)), ["uint8", "float32"]),
        (lambda: fl.pack(IMAGE.astype(np.uint16)), ["uint8", "uint16"]),
        (lambda: fl.pack(IMAGE, layout="WHCN"), ["'WHCN'", "NCHW"]),
        (lambda: fl.pack(IMAGE, color="hsv"), ["'hsv'", "rgb"]),
        (lambda: fl.pack(IMAGE, border="mirror"), ["'mirror'", "edge"]),
        (lambda: fl.pack(IMAGE, dtype="int32"), ["int32", "float32"]),
        (lambda: fl.pack(IMAGE, mean=(1, 2)), ["mean", "2 numbers"]),
        (lambda: fl.pack(IMAGE, std=0), ["std"]),
        (lambda: fl.pack(IMAGE, scale=float("nan")), ["scale"]),
        (lambda: fl.pack(IMAGE, mean=float("inf")), ["mean"]),
        (lambda: fl.pack(IMAGE, out=np.zeros((1, 3, 3, 6), np.float32)), ["6x4", "6x3"]),
        (lambda: fl.pack(IMAGE, left=1, out=np.zeros((1, 3, 4, 6), np.float32)), ["6x4", "(1, 0)"]),
        (lambda: fl.pack(IMAGE, out=np.zeros((3, 4, 6), np.float32)), ["4 axes", "layout="]),
        (lambda: fl.pack(IMAGE, out=np.zeros((1, 5, 4, 6), np.float32)), ["1, 3 or 4 channels"]),
        (lambda: fl.pack(IMAGE, out=np.zeros((1, 4, 4, 6), np.float32)), ["color="]),
        (lambda: fl.pack(IMAGE, batch_index=1, out=np.zeros((1, 3, 4, 6), np.float32)), ["no picture 1"]),
        (lambda: fl.pack(IMAGE, out=np.broadcast_to(np.float32(0), (1, 3, 4, 6))), ["read-only"]),
        (lambda: fl.pack(IMAGE, layout="NHWC", out=IMAGE[None]), ["share memory"]),
        (lambda: fl.unpack(np.zeros((1, 3, 4, 6), np.float64)), ["float64"]),
        (lambda: fl.unpack(np.zeros((3, 4, 6), np.float32)), ["4 axes"]),
        (lambda: fl.unpack(np.zeros((1, 3, 4, 6), np.float32), out=np.zeros((4, 7, 3), np.uint8)), ["7x4", "6x4"]),
        (lambda: fl.unpack(np.zeros((1, 3, 4, 6), np.float32), size=(6, 6)), ["6x6", "6x4"]),
        (lambda: fl.unpack(np.zeros((1, 3, 4, 6), np.float32), left=-1), ["(-1, 0)"]),
    ],
)
def test_what_does_not_fit_is_a_sentence(call, words):
    with pytest.raises(fl.ShapeError) as caught:
        call()
    text = str(caught.value)
    assert all(word in text for word in words), text
    assert "\n" not in text
