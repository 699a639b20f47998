"""Case 31: a part of a video begins with exactly the frame that was asked for, and has its own sound."""

from __future__ import annotations

from fractions import Fraction

import pytest

from clips import beeps, clip, copy, flashes, indexes, movie, painted, sound_length
from framelane import VideoError, VideoReader
from framelane.video import _seek


@pytest.mark.parametrize("start", [1.3, 33, 1.32])
@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".mov", ".webm", ".ts"])
def test_the_clip_starts_in_the_middle_with_its_sound(tmp_path, start, ending):
    out = tmp_path / f"out{ending}"
    reader, _ = copy(clip("31_one_keyframe.mp4"), out, start=start, frames=25)
    assert indexes(VideoReader(out)) == list(range(33, 58))
    assert reader.frame_count == 25
    assert flashes(out) == pytest.approx([0.68], abs=2e-3)  # index 50
    assert beeps(out) == pytest.approx([0.68], abs=0.02)
    assert sound_length(out) == pytest.approx(1.0, abs=0.03)


def test_frames_of_a_part_know_their_place():
    frames = list(VideoReader(clip("31_one_keyframe.mp4"), start=33, frames=2))
    assert [frame.index for frame in frames] == [33, 34]
    assert [frame.timestamp for frame in frames] == pytest.approx([1.32, 1.36])


@pytest.mark.parametrize(
    ("start", "first"),
    [(0, 0), (0.0, 0), (1, 1), (1.0, 25), (0.04, 1), (0.0401, 1), (0.041, 2), (0.0399, 1), (0.02, 1), (0.05, 2)],
)
def test_times_that_are_no_frames_go_to_the_next(start, first):
    assert next(iter(VideoReader(clip("00_base.mp4"), start=start))).index == first


@pytest.mark.parametrize(("end", "count"), [(10, 10), (0.4, 10), (0.41, 11), (1, 1), (100, 50), (100.0, 50)])
def test_the_end_is_no_longer_part(end, count):
    assert len(list(VideoReader(clip("00_base.mp4"), end=end))) == count


def test_a_start_behind_the_end_is_a_sentence():
    for start in (50, 2.0, 1e9, 10**9):
        with pytest.raises(VideoError, match="no frame at"):
            list(VideoReader(clip("00_base.mp4"), start=start))


@pytest.mark.parametrize(
    "wrong", [{"start": -1}, {"end": -0.5}, {"frames": 0}, {"start": float("nan")}, {"rate": 0.0001}, {"size": (0, 5)}]
)
def test_options_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        VideoReader(clip("00_base.mp4"), **wrong)


FAR = {
    "a.mp4": {"options": {"g": "30", "bf": "3"}},
    "b.mp4": {"options": {"g": "600"}},
    "c.mkv": {"options": {"g": "50", "bf": "2"}},
    "d.webm": {"codec": "libvpx-vp9", "options": {"cpu-used": "8", "deadline": "realtime", "g": "60"}},
    "e.ts": {},
    "f.avi": {"codec": "mpeg4", "time_base": Fraction(1, 25)},
    "g.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=40"}},
    "h.webm": {"codec": "libvpx", "options": {"cpu-used": "8", "deadline": "realtime", "auto-alt-ref": "1"}},
    "i.mp4": {"times": [i / 25 + (i // 7) * 0.5 for i in range(450)]},
}


@pytest.mark.parametrize("name", FAR)
def test_far_into_a_file_the_frame_is_as_exact(tmp_path, name):
    path = movie(tmp_path / name, 450, width=64, height=48, **FAR[name])
    whole = list(VideoReader(path))
    assert indexes(whole) == list(range(450))
    for start in (250, 333, 449):
        for place in (start, whole[start].timestamp):
            frames = list(VideoReader(path, start=place, frames=3))
            assert indexes(frames) == list(range(start, min(start + 3, 450)))
            assert [frame.index for frame in frames] == indexes(frames)
            assert [f.timestamp for f in frames] == pytest.approx([f.timestamp for f in whole[start : start + 3]])


def test_seeking_that_misses_falls_back_on_decoding(tmp_path, monkeypatch):
    path = movie(tmp_path / "in.mp4", 300, width=64, height=48)
    real = _seek.landing_at

    def astray(*given):
        landing = real(*given)
        return landing and _seek.Landing(landing.index, landing.pts + 1, landing.origin)

    monkeypatch.setattr("framelane.video._reader.landing_at", astray)
    assert indexes(VideoReader(path, start=280, frames=5)) == list(range(280, 285))


def test_a_start_far_into_the_sound(tmp_path):
    images = [painted(i, 64, 48, flash=i == 325) for i in range(400)]
    sound = [{"seconds": 16.0, "beeps": (1.0, 13.0, 15.0)}]
    path = movie(tmp_path / "in.mp4", images=images, sound=sound, options={"g": "50"})
    copy(path, tmp_path / "out.mp4", start=12.0, frames=50)
    assert flashes(tmp_path / "out.mp4") == pytest.approx([1.0], abs=1e-3)
    assert beeps(tmp_path / "out.mp4") == pytest.approx([1.0], abs=0.02)


def test_a_part_of_a_file_whose_clock_starts_again(tmp_path):
    """The sound follows the pictures over the break."""
    copy(clip("17_restart.ts"), tmp_path / "out.mp4", start=1.0, frames=75)
    out = tmp_path / "out.mp4"
    assert indexes(VideoReader(out)) == [*range(25, 50), *range(50)]
    assert beeps(out) == pytest.approx(flashes(out), abs=0.03)
