"""Pixels to a network's tensor and back at 720p, against what one writes in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import framelane as fl

WIDTH, HEIGHT = 1280, 720
FACTOR = np.float32(1 / 255)


def slot(shape, dtype):
    """Memory as the engine has it: aligned, written once before, and kept alive by the array."""
    return np.asarray(fl.FramePool(shape, dtype, 1).acquire())


def interleaved():
    image = slot((HEIGHT, WIDTH, 3), "uint8")
    image[...] = np.random.default_rng(0).integers(0, 256, image.shape, np.uint8)
    return image


def planar():
    planes = slot((3, HEIGHT, WIDTH), "uint8")
    planes[...] = interleaved().transpose(2, 0, 1)[[1, 2, 0]]
    return planes


def numpy_pack(image, out):
    """The fastest form that NumPy has: one ufunc over the transposed view, into memory that is there already."""
    return np.multiply(image.transpose(2, 0, 1)[None], FACTOR, out=out, dtype=np.float32, casting="unsafe")


def numpy_unpack(tensor, values, out):
    np.multiply(tensor[0], np.float32(255), out=values)
    np.add(values, np.float32(0.5), out=values)
    np.clip(values, 0, 255, out=values)
    out[...] = values.transpose(1, 2, 0)
    return out


PACK = {
    "gbrp": (planar, "float32"),
    "rgb24": (interleaved, "float32"),
    "gbrp-half": (planar, "float16"),
    "rgb24-half": (interleaved, "float16"),
}


@pytest.mark.parametrize("kind", ["numpy", *PACK])
@pytest.mark.benchmark(group="pack 720p uint8 -> NCHW")
def test_pack(benchmark, kind):
    image = interleaved()
    if kind == "numpy":
        benchmark.extra_info["baseline"] = True
        result = benchmark(numpy_pack, image, slot((1, 3, HEIGHT, WIDTH), "float32"))
    else:
        make, dtype = PACK[kind]
        source, out = make(), slot((1, 3, HEIGHT, WIDTH), dtype)
        result = benchmark(fl.pack, source, pixel_format=kind.split("-")[0], out=out)
    np.testing.assert_array_equal(result, (image.transpose(2, 0, 1)[None] * FACTOR).astype(result.dtype))


@pytest.mark.parametrize("kind", ["numpy", *PACK])
@pytest.mark.benchmark(group="unpack 720p NCHW -> uint8")
def test_unpack(benchmark, kind):
    image = interleaved()
    if kind == "numpy":
        benchmark.extra_info["baseline"] = True
        tensor = numpy_pack(image, slot((1, 3, HEIGHT, WIDTH), "float32"))
        result = benchmark(numpy_unpack, tensor, slot(tensor.shape[1:], "float32"), slot(image.shape, "uint8"))
        np.testing.assert_array_equal(result, image)
        return
    make, dtype = PACK[kind]
    expected = make()
    tensor = slot((1, 3, HEIGHT, WIDTH), dtype)
    tensor[...] = image.transpose(2, 0, 1)[None] * FACTOR
    result = benchmark(fl.unpack, tensor, pixel_format=kind.split("-")[0], out=slot(expected.shape, "uint8"))
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("kind", ["numpy", "rgb24"])
@pytest.mark.benchmark(group="pack 720p uint8 -> NHWC")
def test_pack_nhwc(benchmark, kind):
    image = interleaved()
    if kind == "numpy":
        benchmark.extra_info["baseline"] = True
        out = slot((1, HEIGHT, WIDTH, 3), "float32")
        result = benchmark(np.multiply, image[None], FACTOR, out=out, dtype=np.float32, casting="unsafe")
    else:
        result = benchmark(fl.pack, image, layout="NHWC", out=slot((1, HEIGHT, WIDTH, 3), "float32"))
    np.testing.assert_array_equal(result, image[None] * FACTOR)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.benchmark(group="pack 2160p uint8 -> NCHW, threads")
def test_pack_on_threads(benchmark, threads):
    image = np.zeros((2160, 3840, 3), np.uint8) + np.arange(3, dtype=np.uint8)
    benchmark.extra_info["baseline"] = threads == 1
    result = benchmark(fl.pack, image, threads=threads, out=slot((1, 3, 2160, 3840), "float32"))
    assert (result[0, :, 7, 7] == np.arange(3) * FACTOR).all()
