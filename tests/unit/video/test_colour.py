"""The same colours come out that went in, whatever matrix and range a file has, and the tags say which."""

from __future__ import annotations

import av
import numpy as np
import pytest

from clips import colours_differ, copy, movie, painted, upright
from framelane import Frame, VideoReader, VideoWriter
from framelane.video._pixels import array_of, frame_of

BT709, BT601, BT2020 = 1, 6, 9


def tags(path):
    """Matrix, range, primaries and transfer that a file carries."""
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        return context.colorspace, context.color_range, context.color_primaries, context.color_trc


@pytest.mark.parametrize("matrix", [BT709, BT601, 5, 7, BT2020])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("pixel_format", ["rgb24", "gbrp", "rgb48"])
def test_every_matrix_and_range_is_read_and_written_as_what_it_is(tmp_path, matrix, full, pixel_format):
    kind = "yuvj420p" if full else "yuv420p"
    context = {"colorspace": matrix, "color_range": 2 if full else 1, "color_primaries": 9, "color_trc": 16}
    path = movie(tmp_path / "in.mp4", 2, pix_fmt=kind, context=context, options={"crf": "1"})
    reader = VideoReader(path, format=pixel_format)
    assert reader.colour.full_range == full
    assert colours_differ(upright(next(iter(reader))), painted(0)) < 4
    copy(path, tmp_path / "out.mp4", pixel_format)
    assert tags(tmp_path / "out.mp4") == tags(path)
    before, after = (upright(next(iter(VideoReader(file)))) for file in (path, tmp_path / "out.mp4"))
    # Ten bits are read back through another path of libswscale, which smooths colour from one patch into the next.
    assert colours_differ(before, after) < (5 if pixel_format == "rgb48" else 4)


@pytest.mark.parametrize(("height", "matrix"), [(96, BT601), (718, BT601), (720, BT709), (1080, BT709)])
def test_without_tags_the_height_decides_and_the_copy_is_tagged(tmp_path, height, matrix):
    path = movie(tmp_path / "in.mp4", 1, height=height, context={"colorspace": 2, "color_range": 0})
    reader, _ = copy(path, tmp_path / "out.mp4")
    assert reader.colour.assumed
    assert reader.colour.matrix == matrix
    assert tags(tmp_path / "out.mp4")[:2] == (matrix, 1)


def test_enlarged_past_720_lines_colours_stay(tmp_path):
    path = movie(tmp_path / "in.mp4", 1, context={"colorspace": 2, "color_range": 0}, options={"crf": "1"})
    reader = VideoReader(path)
    with VideoWriter(tmp_path / "out.mp4") as write:
        write.open(reader)
        for frame in reader:
            write(np.repeat(np.repeat(frame.image, 8, 0), 8, 1))
    frame = next(iter(VideoReader(tmp_path / "out.mp4")))
    assert colours_differ(frame.image, painted(0)) < 4


@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv422p", "yuv444p", "yuv444p10le"])
def test_other_depths_and_samplings(tmp_path, pixel_format):
    path = movie(tmp_path / "in.mkv", 1, pix_fmt=pixel_format, options={"crf": "1"})
    for kind in ("rgb24", "gbrp", "gbrp10"):
        assert colours_differ(upright(next(iter(VideoReader(path, format=kind)))), painted(0)) < 5


def test_ten_bits_stay_ten_bits(tmp_path):
    ramp = np.tile(np.arange(256, dtype=np.uint16) * 257, (64, 1))
    with VideoWriter(tmp_path / "out.mkv", codec="ffv1", pixel_format="yuv444p10le") as write:
        write(Frame(0, 0.0, {"image": np.dstack([ramp] * 3)}, meta={"pixel_format": "rgb48"}))
    frame = next(iter(VideoReader(tmp_path / "out.mkv", format="rgb48")))
    assert np.unique(frame.image[0, :, 1]).size > 250
    assert np.abs(frame.image[0, :, 1].astype(int) - ramp[0]).max() < 257


@pytest.mark.parametrize("pixel_format", ["gbrp", "rgb24", "rgba", "gray"])
def test_pixels_of_the_usual_layout_are_not_copied_on_the_way_out(pixel_format):
    shape = {"gbrp": (3, 96, 160), "rgb24": (96, 160, 3), "rgba": (96, 160, 4), "gray": (96, 160)}[pixel_format]
    memory = np.zeros(int(np.prod(shape)) + 64, np.uint8)
    start = -memory.ctypes.data % 64
    image = memory[start : start + int(np.prod(shape))].reshape(shape)
    frame = frame_of(image, pixel_format)
    assert frame.planes[0].buffer_ptr == image.ctypes.data


@pytest.mark.parametrize("pixel_format", ["gbrp", "rgb24", "gbrap", "gray16le", "rgba64le"])
def test_pixels_that_ffmpeg_made_are_not_copied_on_the_way_in(pixel_format):
    frame = av.VideoFrame(160, 96, "yuv420p").reformat(format=pixel_format)
    array = array_of(frame)
    assert array.ctypes.data == frame.planes[0].buffer_ptr
    if array.shape[0] in (3, 4):
        assert all(plane.ctypes.data == p.buffer_ptr for plane, p in zip(array, frame.planes, strict=True))


@pytest.mark.parametrize("width", [1, 7, 31, 33, 160, 161])
@pytest.mark.parametrize("pixel_format", ["gbrp", "rgb24", "gbrap", "gray16le", "rgba64le", "gray", "gbrp10le"])
def test_an_array_and_its_frame_have_the_same_pixels(width, pixel_format):
    noise = np.random.default_rng(width)
    planes = {"gbrp": 3, "gbrap": 4, "gbrp10le": 3}.get(pixel_format)
    channels = {"rgb24": 3, "rgba64le": 4}.get(pixel_format)
    shape = (planes, 5, width) if planes else (5, width, channels) if channels else (5, width)
    dtype = np.uint16 if pixel_format.endswith("le") else np.uint8
    image = noise.integers(0, 1000 if dtype == np.uint16 else 256, shape).astype(dtype)
    for given in (image, image[..., ::-1, :][..., ::-1, :], np.asfortranarray(image)):
        assert np.array_equal(array_of(frame_of(given, pixel_format)), image)
