"""resize: each channel scaled by itself, in every pixel format."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
import pytest

import framelane as fl
from framelane import _resize
from framelane._pixel_formats import PIXEL_FORMATS
from needs import need


@pytest.fixture(autouse=True)
def _needs_av():
    need("av", find_spec("av") is not None)


@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
def test_every_format_keeps_flat_colours_and_its_range(pixel_format):
    kind = PIXEL_FORMATS[pixel_format]
    top = 2**kind.depth - 1
    for value in (0, top // 3, top):
        image = np.full(kind.shape(21, 13), value, kind.dtype)
        scaled = fl.resize(image, (50, 7), pixel_format=pixel_format)
        assert scaled.shape == kind.shape(50, 7)
        assert np.abs(scaled.astype(int) - value).max() <= top >> 8
    edges = np.where(np.indices(kind.shape(40, 40)).sum(0) // 7 % 2, top, 0).astype(kind.dtype)
    assert fl.resize(edges, (61, 57), pixel_format=pixel_format).max() <= top  # bicubic overshoots


def test_channels_are_not_mixed():
    ramp = np.tile(np.arange(256, dtype=np.uint8), (16, 1))
    image = np.dstack([ramp, 255 - ramp, np.full_like(ramp, 9)])
    scaled = fl.resize(image, (128, 8)).astype(int)
    assert np.abs(scaled[..., 0] + scaled[..., 1] - 255).max() <= 1
    assert (scaled[..., 2] == 9).all()
    planes = fl.resize(np.ascontiguousarray(image.transpose(2, 0, 1)), (128, 8), pixel_format="gbrp")
    np.testing.assert_array_equal(planes.transpose(1, 2, 0), scaled)


def test_nothing_to_do_is_no_copy():
    image = np.zeros((4, 6, 3), np.uint8)
    assert fl.resize(image, (6, 4)) is image


def test_gray_keeps_any_of_its_shapes():
    plane = np.arange(48, dtype=np.uint8).reshape(6, 8)
    expected = fl.resize(plane, (4, 3), pixel_format="gray")
    for image in (plane[None], plane[..., None], plane[::-1][::-1]):
        np.testing.assert_array_equal(fl.resize(image, (4, 3), pixel_format="gray"), expected)


def test_threads_do_not_disturb_each_other():
    images = [np.full((40 + i, 50, 3), i, np.uint8) for i in range(16)]
    with ThreadPoolExecutor(4) as pool:
        scaled = list(pool.map(lambda image: fl.resize(image, (30, 20)), images))
    assert all((image == i).all() for i, image in enumerate(scaled))


@pytest.mark.parametrize(
    ("image", "size", "word"),
    [
        (np.zeros((4, 6, 3), np.float32), (2, 2), "float32"),
        (np.zeros((3, 4, 6), np.uint8), (2, 2), "pixel_format="),
        (np.zeros((4, 6, 3), np.uint8), (0, 2), "0x2"),
        (np.zeros((0, 6, 3), np.uint8), (2, 2), "6x0"),
    ],
)
def test_what_cannot_be_scaled(image, size, word):
    with pytest.raises(fl.ShapeError, match=word):
        fl.resize(image, size)


def test_without_av_it_says_what_to_install(monkeypatch):
    _resize._scaler.cache_clear()
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ImportError, match=r"pip install .framelane\[video\]."):
        fl.resize(np.zeros((4, 6, 3), np.uint8), (2, 2))
