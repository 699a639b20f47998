"""Frames of an ordinary file: all of them, in order, with their times, in every format."""

from __future__ import annotations

import numpy as np
import pytest

from clips import clip, colours_differ, indexes, movie, painted, upright
from framelane import Frame, VideoError, VideoReader
from framelane.video import probe

FORMATS = ["rgb24", "bgr24", "rgba", "bgra", "gray", "gbrp", "gbrap", "rgb48", "gbrp10", "gbrap16", "gray16"]


def test_every_frame_comes_once_in_order_with_its_time():
    frames = list(VideoReader(clip("00_base.mp4")))
    assert indexes(frames) == list(range(50)) == [frame.index for frame in frames]
    assert [frame.timestamp for frame in frames] == pytest.approx([i / 25 for i in range(50)])
    assert [frame.duration for frame in frames] == pytest.approx([1 / 25] * 50)
    assert all(isinstance(frame, Frame) and list(frame.tensors) == ["image"] for frame in frames)


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_every_format_has_the_colours(pixel_format):
    with VideoReader(clip("00_base.mp4"), format=pixel_format) as reader:
        frame = next(iter(reader))
    picture = upright(frame)
    assert picture.shape == (96, 160, 3)
    if not pixel_format.startswith("gray"):
        assert colours_differ(picture, painted(0)) < 4
    if pixel_format in ("rgba", "bgra"):
        assert (frame.image[:, :, 3] == 255).all()
    if pixel_format.startswith("gbrap"):
        assert (frame.image[3] == np.iinfo(frame.image.dtype).max).all()


def test_planes_are_green_blue_red_and_share_the_memory_of_ffmpeg():
    frame = next(iter(VideoReader(clip("00_base.mp4"), format="gbrp")))
    planes = frame.image
    assert planes.shape == (3, 96, 160)
    assert planes.base is not None
    red = planes[:, 88, 5]
    assert red[2] > 200 > 60 > max(red[0], red[1])


def test_frames_stay_as_they_were_when_later_ones_are_read():
    frames = list(VideoReader(clip("00_base.mp4"), format="gbrp"))
    copies = [np.array(frame.image) for frame in VideoReader(clip("00_base.mp4"), format="gbrp")]
    assert all((frame.image == copy).all() for frame, copy in zip(frames, copies, strict=True))


def test_frames_can_be_written_into():
    for frame in VideoReader(clip("18_narrow.mkv"), format="bgra"):
        frame.image[:] = 7
    assert indexes(VideoReader(clip("18_narrow.mkv"))) == list(range(5))


def test_what_is_written_into_a_frame_does_not_come_back_in_later_ones(tmp_path):
    """The decoder gives out the very memory that it decodes the next pictures from."""
    path = movie(tmp_path / "in.mov", 20, codec="qtrle", pix_fmt="rgb24", options={"g": "50"})
    clean = [np.array(frame.image) for frame in VideoReader(path)]
    for frame, image in zip(VideoReader(path), clean, strict=True):
        assert np.array_equal(frame.image, image)
        frame.image[:] = 99


def test_a_reader_can_be_read_again_and_closed_twice():
    with VideoReader(clip("00_base.mp4")) as reader:
        assert indexes(reader) == indexes(reader)
        reader.close()


def test_size_scales_in_the_same_pass():
    frame = next(iter(VideoReader(clip("00_base.mp4"), size=(80, 48))))
    assert frame.image.shape == (48, 80, 3)
    assert colours_differ(frame.image, painted(0)) < 12


def test_probe_tells_what_the_file_says():
    info = probe(clip("00_base.mp4"))
    assert (info.width, info.height, info.rate, info.frame_count) == (160, 96, 25, 50)
    assert (info.codec, info.bits, info.alpha, info.interlaced) == ("h264", 8, False, False)
    assert info.duration == pytest.approx(2.0)
    assert info.sound[0].codec == "aac"
    assert info.to_dict()["rate"] == 25.0


@pytest.mark.parametrize("wrong", ["yuv420p", "nonsense", ""])
def test_a_format_that_frames_cannot_have_is_refused(wrong):
    with pytest.raises(ValueError, match="rgb24"):
        VideoReader(clip("00_base.mp4"), format=wrong)


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(VideoError, match=r"cannot read .*gone\.mp4: No such file"):
        VideoReader(tmp_path / "gone.mp4")
