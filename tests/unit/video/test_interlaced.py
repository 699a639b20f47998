"""Case 22: interlaced pictures are noticed and can be made whole; pixels keep their shape."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from clips import clip, copy, indexes, movie, painted
from framelane import VideoReader, VideoWriter
from framelane.video import probe

INTERLACED = ["22_top_first.mpg", "22_bottom_first.mp4"]


def combing(image):
    """How much neighbouring rows differ more than rows two apart do, as fields of different times make them."""
    rows = image[24:120].astype(int).mean(2)
    near, far = np.abs(rows[1:-1] - rows[:-2]).mean(), np.abs(rows[2:] - rows[:-2]).mean()
    return near - far


@pytest.mark.parametrize("name", INTERLACED)
def test_interlaced_pictures_are_noticed_and_the_cure_named(name):
    reader = VideoReader(clip(name))
    assert probe(clip(name)).interlaced
    assert any("interlaced" in note and "deinterlace" in note for note in reader.notes)


@pytest.mark.parametrize("name", INTERLACED)
def test_deinterlacing_makes_whole_pictures(name):
    woven, whole = list(VideoReader(clip(name))), list(reader := VideoReader(clip(name), deinterlace=True))
    assert len(whole) == len(woven) == 25
    assert [frame.timestamp for frame in whole] == [frame.timestamp for frame in woven]
    assert not any("interlaced" in note for note in reader.notes)
    before, after = (np.mean([combing(frame.image) for frame in frames]) for frames in (woven, whole))
    assert after < before / 4 or after < 0.1, (before, after)


def fields(first, count=12, width=176, height=144):
    """Pictures of a bar that moves with every field; the upper field is the earlier one, or the lower."""
    images = []
    for i in range(count):
        image = painted(2 * i, width, height)
        for field in (0, 1):
            row = field if first == "top" else 1 - field
            place = 20 + 4 * (2 * i + field)
            image[30:110][row::2] = 60
            image[30:110][row::2, place : place + 30] = 220
        images.append(image)
    return images


@pytest.mark.parametrize("first", ["top", "bottom"])
def test_fields_come_in_their_own_order(tmp_path, first):
    """The wrong order would show the bar where it was or will be: after the first field it is at an even place."""
    path = movie(
        tmp_path / "in.mp4",
        images=fields(first),
        width=176,
        height=144,
        options={"x264-params": f"{first[0]}ff=1", "crf": "5"},
        field_first=f"{first[0]}ff",
    )
    assert probe(path).interlaced
    for i, frame in enumerate(VideoReader(path, deinterlace=True)):
        row = frame.image[70].mean(1)
        left = int(np.argmax(row > 140))
        assert abs(left - (20 + 8 * i)) <= 2, (i, left)


def test_progressive_pictures_pass_the_deinterlacer_unchanged():
    plain, passed = (list(VideoReader(clip("00_base.mp4"), deinterlace=on)) for on in (False, True))
    assert indexes(passed) == list(range(50))
    assert all(np.array_equal(a.image, b.image) for a, b in zip(plain, passed, strict=True))


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".mov", ".ts", ".webm"])
def test_wide_pixels_stay_wide(tmp_path, ending):
    assert probe(clip("22_wide_pixels.mp4")).pixel_aspect == Fraction(64, 45)
    copy(clip("22_wide_pixels.mp4"), tmp_path / f"out{ending}")
    info = probe(tmp_path / f"out{ending}")
    assert (info.width, info.height) == (180, 144)
    assert float(info.pixel_aspect * info.width / info.height) == pytest.approx(16 / 9, rel=1e-3)


@pytest.mark.parametrize(("codec", "ending"), [("vp9", ".mkv"), ("av1", ".mkv"), ("ffv1", ".mkv"), ("vp8", ".webm")])
def test_codecs_that_know_no_pixel_shape_leave_it_to_the_container(tmp_path, codec, ending):
    copy(clip("22_wide_pixels.mp4"), tmp_path / f"out{ending}", writer={"codec": codec})
    assert probe(tmp_path / f"out{ending}").pixel_aspect == Fraction(64, 45)
    assert indexes(VideoReader(tmp_path / f"out{ending}")) == list(range(10))
    assert indexes(VideoReader(tmp_path / f"out{ending}", start=0.2)) == list(range(5, 10))


@pytest.mark.parametrize("aspect", [Fraction(64, 45), Fraction(16, 15), Fraction(1, 2), Fraction(8, 9), Fraction(3, 2)])
def test_every_pixel_shape_is_kept(tmp_path, aspect):
    movie(tmp_path / "in.mkv", 2, context={"sample_aspect_ratio": aspect})
    copy(tmp_path / "in.mkv", tmp_path / "out.mp4")
    assert probe(tmp_path / "out.mp4").pixel_aspect == aspect


def test_larger_frames_keep_the_shape_of_the_whole(tmp_path):
    reader = VideoReader(clip("22_wide_pixels.mp4"))
    with VideoWriter(tmp_path / "out.mp4") as write:
        write.open(reader)
        for frame in reader:
            write(np.repeat(np.repeat(frame.image, 2, 0), 2, 1))
    info = probe(tmp_path / "out.mp4")
    assert (info.width, info.height, info.pixel_aspect) == (360, 288, Fraction(64, 45))


def test_scaled_while_reading_the_whole_keeps_its_shape():
    reader = VideoReader(clip("22_wide_pixels.mp4"), size=(256, 144))
    assert reader.pixel_aspect == 1
