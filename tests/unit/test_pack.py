"""pack and unpack give the bits of their NumPy reference, for every format, layout, dtype, size and stride."""

from __future__ import annotations

import numpy as np
import pytest

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
