"""Case 17: every frame once, in picture order, at strictly rising times, whatever the file says about them."""

from __future__ import annotations

import struct
from fractions import Fraction
from itertools import pairwise

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clips import clip, copy, indexes, movie
from framelane import VideoReader
from framelane.video._timing import Clock, Stamp


def rising(times):
    return all(b > a for a, b in pairwise(times))


@pytest.mark.parametrize(
    ("name", "order", "said"),
    [
        ("17_no_timestamps.h264", list(range(50)), "no times"),
        ("17_bframes.avi", list(range(50)), "mended"),
        ("17_duplicate.mkv", list(range(25)), "2 frames"),
        ("17_restart.ts", [*range(50), *range(50)], "starts again 1 time"),
    ],
)
def test_the_clips_come_whole_and_are_written_with_the_same_times(tmp_path, name, order, said):
    frames = list(reader := VideoReader(clip(name)))
    assert indexes(frames) == order
    assert rising([frame.timestamp for frame in frames])
    assert all(frame.duration > 0 for frame in frames)
    assert reader.rate == 25
    assert any(said in note for note in reader.notes)
    if name != "17_duplicate.mkv":
        assert [frame.timestamp for frame in frames] == pytest.approx([i / 25 for i in range(len(order))], abs=1e-3)
    copy(clip(name), tmp_path / "out.mp4")
    written = list(VideoReader(tmp_path / "out.mp4"))
    assert indexes(written) == order
    assert [f.timestamp for f in written] == pytest.approx([f.timestamp for f in frames], abs=1e-4)


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), 24, 25, Fraction(30000, 1001), 50, 12, 120, 1, Fraction(1, 2)])
@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".avi", ".ts"])
def test_the_nominal_rate_is_found(tmp_path, rate, ending):
    unit = 1 / Fraction(rate) if ending == ".avi" else Fraction(1, 90000)
    movie(tmp_path / f"in{ending}", 12, rate=rate, time_base=unit)
    reader = VideoReader(tmp_path / f"in{ending}")
    assert float(reader.rate) == pytest.approx(float(rate), rel=0.01)
    frames = list(reader)
    assert indexes(frames) == list(range(12))
    assert [frame.timestamp for frame in frames] == pytest.approx([float(i / rate) for i in range(12)], abs=1.1e-3)


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video"])
def test_a_bare_stream_has_the_rate_that_was_asked_for(tmp_path, codec):
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    container = {"libx264": "h264", "libx265": "hevc", "mpeg2video": "mpeg2video"}[codec]
    movie(tmp_path / "in.bin", 20, codec=codec, format=container, options=options, time_base=Fraction(1, 25))
    frames = list(reader := VideoReader(tmp_path / "in.bin", rate=10))
    assert indexes(frames) == list(range(20))
    if not reader.notes:  # MPEG-2 has a rate in the stream itself, from which FFmpeg makes times
        assert [frame.timestamp for frame in frames] == pytest.approx([i / 25 for i in range(20)])
    else:
        assert [frame.timestamp for frame in frames] == pytest.approx([i / 10 for i in range(20)])


def test_uneven_times_are_kept(tmp_path):
    times = [0, 0.033, 0.1, 0.11, 0.5, 0.9, 0.92, 1.5, 3.0, 3.01]
    movie(tmp_path / "in.mkv", times=times)
    reader, _ = copy(tmp_path / "in.mkv", tmp_path / "out.mp4")
    assert [frame.timestamp for frame in VideoReader(tmp_path / "out.mp4")] == pytest.approx(times, abs=1e-3)
    assert reader.notes == []


def without_display_times(path):
    """Take the table of display times out of an .mp4 (ISO/IEC 14496-12, 8.6.1.3), as some old recorders do."""
    data = path.read_bytes()
    path.write_bytes(data.replace(b"ctts", b"free").replace(b"edts", b"free"))
    return path


def test_display_times_that_are_missing(tmp_path):
    path = without_display_times(movie(tmp_path / "in.mp4", 40, options={"bf": "3"}))
    frames = list(reader := VideoReader(path))
    assert indexes(frames) == list(range(40))
    assert [frame.timestamp for frame in frames] == pytest.approx([i / 25 for i in range(40)], abs=1e-3)
    assert any("mended" in note for note in reader.notes)


@pytest.mark.parametrize("breaks", [1, 2, 3])
def test_a_clock_that_starts_again_several_times(tmp_path, breaks):
    piece = movie(tmp_path / "piece.ts", 20).read_bytes()
    (tmp_path / "in.ts").write_bytes(piece * (breaks + 1))
    frames = list(reader := VideoReader(tmp_path / "in.ts"))
    assert indexes(frames) == list(range(20)) * (breaks + 1)
    assert [frame.timestamp for frame in frames] == pytest.approx([i / 25 for i in range(20 * (breaks + 1))], abs=1e-3)
    assert reader.clock_offset(breaks) is not None
    assert reader.clock_offset(breaks + 1) is None


def test_one_wild_time_among_good_ones(tmp_path):
    times = [i / 25 for i in range(20)]
    path = movie(tmp_path / "in.mkv", times=times, count=20, options={"bf": "0", "g": "1"})
    data = path.read_bytes()
    place = data.index(struct.pack(">H", 400) + b"\x80")  # the block of the frame at 400 ms has its time there
    path.write_bytes(data[:place] + struct.pack(">H", 30_000) + data[place + 2 :])
    frames = list(VideoReader(path))
    assert indexes(frames) == list(range(20))
    assert [frame.timestamp for frame in frames] == pytest.approx(times, abs=2e-3)


moments = st.one_of(st.none(), st.floats(-1e3, 1e5, allow_nan=False), st.integers(0, 100).map(lambda i: i / 25))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(moments, moments, moments), max_size=80), st.sampled_from([None, Fraction(30), Fraction(25)]))
def test_whatever_a_file_says_times_rise_and_no_frame_is_lost(said, rate):
    clock = Clock((rate, None))
    stamps = [Stamp(i, shown, decoded, own) for i, (shown, decoded, own) in enumerate(said)]
    mended = list(clock.run(iter(stamps)))
    assert [stamp.item for stamp in mended] == list(range(len(said)))
    assert rising([stamp.time for stamp in mended])
    assert all(stamp.duration > 0 for stamp in mended)
    assert not mended or mended[0].time == pytest.approx(0, abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 3000), min_size=2, max_size=60), st.integers(-10_000, 10_000))
def test_good_times_are_never_touched(steps, first):
    times = [first / 1000]
    for step in steps:
        times.append(times[-1] + step / 1000)
    clock = Clock((None,))
    mended = list(clock.run(Stamp(i, time, None, None) for i, time in enumerate(times)))
    assert [stamp.time for stamp in mended] == pytest.approx([time - times[0] for time in times])
    assert (clock.mended, clock.restarts, clock.start) == (0, 0, times[0])


def test_every_frame_lets_go_of_its_picture():
    """What looks ahead must not hold on to what it has handed out."""
    import gc
    import weakref

    class Picture:
        pass

    def stamps():
        for i in range(100):
            yield Stamp(Picture(), i / 25, None, None)

    alive = []
    for stamp in Clock((None,)).run(stamps()):
        alive.append(weakref.ref(stamp.item))
        stamp = None
        gc.collect(0)
        assert sum(reference() is not None for reference in alive) <= 4


def test_b_frames_are_in_picture_order_in_every_container(tmp_path):
    for ending in (".mp4", ".mkv", ".mov", ".flv", ".ts", ".avi"):
        unit = Fraction(1, 25) if ending == ".avi" else Fraction(1, 1000)
        path = movie(tmp_path / f"in{ending}", 40, options={"bf": "3", "b-pyramid": "normal"}, time_base=unit)
        frames = list(VideoReader(path))
        assert indexes(frames) == list(range(40)), ending
        assert [frame.timestamp for frame in frames] == pytest.approx([i / 25 for i in range(40)], abs=2e-3), ending


def test_pyav_itself_gives_other_times():
    """Without this mending there would be nothing to mend: the clips really are as bad as they say."""
    with av.open(str(clip("17_bframes.avi"))) as container:
        times = [frame.pts for frame in container.decode(video=0)]
    assert not rising(times)
