"""Case 26: one frame, none, no length, a silly length, hours between two frames."""

from __future__ import annotations

import time

import pytest

from clips import clip, copy, indexes, movie
from framelane import VideoError, VideoReader
from framelane.video import probe


@pytest.mark.parametrize("name", ["26_one_frame.mp4", "26_one_frame.gif", "26_one_frame.png"])
def test_one_frame_gives_one_frame(tmp_path, name):
    frames = list(reader := VideoReader(clip(name)))
    assert indexes(frames) == [0]
    assert reader.frame_count == 1
    assert frames[0].duration == pytest.approx(0.1 if name.endswith("gif") else 0.04)
    copy(clip(name), tmp_path / "out.mp4")
    assert indexes(VideoReader(tmp_path / "out.mp4")) == [0]
    assert probe(tmp_path / "out.mp4").duration == pytest.approx(frames[0].duration, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "why"), [("26_no_frames.mkv", "no picture"), ("26_sound_only.m4a", "no video.*only sound")]
)
def test_no_pictures_are_a_sentence(name, why):
    with pytest.raises(VideoError, match=why):
        VideoReader(clip(name))


@pytest.mark.parametrize("name", ["26_claims_a_million.avi", "26_no_length.webm"])
def test_a_length_that_cannot_be_is_no_length(name):
    reader = VideoReader(clip(name))
    assert reader.frame_count is None
    assert indexes(reader) == list(range(50))
    assert reader.ends_early is None


@pytest.mark.timing
def test_ten_hours_between_two_frames_take_no_time(tmp_path):
    begin = time.perf_counter()
    for ending in (".mp4", ".mkv", ".mov", ".webm"):
        reader, writer = copy(clip("26_ten_hours.mkv"), tmp_path / f"out{ending}")
        assert writer.frames == 3
        frames = list(VideoReader(tmp_path / f"out{ending}"))
        assert [frame.timestamp for frame in frames] == pytest.approx([0, 0.04, 36000], abs=1e-3)
    assert time.perf_counter() - begin < 10
    assert reader.frame_count is None
    assert (tmp_path / "out.mp4").stat().st_size < 20_000


def test_a_pause_that_a_container_cannot_hold_is_a_sentence(tmp_path):
    with pytest.raises(VideoError, match=r"pause of 36000 s; use \.mkv"):
        copy(clip("26_ten_hours.mkv"), tmp_path / "out.avi")
    assert [path.name for path in tmp_path.iterdir()] == ["out.partial.avi"]


def test_a_gif_with_a_palette(tmp_path):
    frames = list(reader := VideoReader(clip("26_palette.gif")))
    assert indexes(frames) == list(range(8))
    assert [frame.timestamp for frame in frames] == pytest.approx([i / 10 for i in range(8)])
    assert (reader.frame_count, reader.rate) == (8, 10)
    for ending in (".mp4", ".gif"):
        copy(clip("26_palette.gif"), tmp_path / f"out{ending}")
        assert indexes(VideoReader(tmp_path / f"out{ending}")) == list(range(8))


@pytest.mark.parametrize("claim", [0, 1, 49, 60, 99, 1_000_000, 2**31 - 1, 2**32 - 1])
def test_whatever_an_avi_claims_all_its_frames_come(tmp_path, claim):
    data = bytearray(clip("26_claims_a_million.avi").read_bytes())
    for name, offset in ((b"avih", 8 + 16), (b"strh", 8 + 32)):
        place = data.index(name) + offset
        data[place : place + 4] = claim.to_bytes(4, "little")
    (tmp_path / "in.avi").write_bytes(data)
    reader = VideoReader(tmp_path / "in.avi")
    assert reader.frame_count is None or reader.frame_count <= 100
    assert indexes(reader) == list(range(50))
    assert reader.ends_early is None


@pytest.mark.parametrize("rate", [1000, 600])
def test_a_rate_of_a_clock_rather_than_of_pictures(tmp_path, rate):
    """Recorders that claim 1000 frames a second mean milliseconds."""
    path = movie(tmp_path / "in.mkv", 10, rate=rate, times=[i / 25 for i in range(10)])
    reader = VideoReader(path)
    assert float(reader.rate) == pytest.approx(25, rel=0.01)
    assert [frame.duration for frame in reader][:-1] == pytest.approx([0.04] * 9, abs=1e-3)


def test_the_number_of_frames_of_a_part():
    count = {
        (): 50,
        ("frames", 10): 10,
        ("start", 40): 10,
        ("start", 1.0): 25,
        ("end", 0.4): 10,
        ("end", 7): 7,
        ("frames", 100): 50,
    }
    for option, expected in count.items():
        reader = VideoReader(clip("00_base.mp4"), **dict([option] if option else []))
        assert reader.frame_count == expected == len(list(reader)), option


@pytest.mark.timing
def test_reading_far_is_not_remembered(tmp_path):
    """Memory does not grow with the length of a video."""
    import psutil

    path = movie(tmp_path / "in.mkv", 1500, width=320, height=192, options={"preset": "ultrafast"})
    me, sizes = psutil.Process(), {}
    for frame in VideoReader(path):
        sizes[frame.index] = me.memory_info().rss
    assert sizes[1499] - sizes[300] < 8 << 20
