"""What is written is what was read: frames, times, colours."""

from __future__ import annotations

import av
import numpy as np
import pytest

from clips import clip, colours_differ, copy, indexes, movie, painted, upright
from framelane import Frame, ShapeError, VideoError, VideoReader, VideoWriter


def packets(path):
    with av.open(str(path)) as container:
        return [packet for packet in container.demux(container.streams.video[0]) if packet.size]


@pytest.mark.parametrize("pixel_format", ["rgb24", "gbrp", "rgb48", "gbrp10"])
@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".mov"])
def test_a_copy_is_the_same_video(tmp_path, ending, pixel_format):
    deep = pixel_format in ("rgb48", "gbrp10")
    out = tmp_path / f"out{ending}"
    assert copy(clip("00_base.mp4"), out, pixel_format)[1].frames == 50
    before, after = list(VideoReader(clip("00_base.mp4"))), list(VideoReader(out))
    assert indexes(after) == list(range(50))
    assert [frame.timestamp for frame in after] == pytest.approx([frame.timestamp for frame in before], abs=6e-4)
    assert max(colours_differ(a.image, b.image) for a, b in zip(before, after, strict=True)) < (6 if deep else 4)
    assert [file.name for file in tmp_path.iterdir()] == [out.name]


def test_times_and_length_stay_true_whatever_the_rate(tmp_path):
    times = [0, 0.04, 0.12, 0.13, 0.5, 0.54]
    movie(tmp_path / "in.mkv", times=times, count=6)
    copy(tmp_path / "in.mkv", tmp_path / "out.mp4")
    written = sorted(packets(tmp_path / "out.mp4"), key=lambda packet: packet.pts)
    assert [float(packet.pts * packet.time_base) for packet in written] == pytest.approx(times, abs=1e-3)
    assert all(packet.duration for packet in written)
    # The durations that .mp4 holds are those between decoding times; with B-frames only their sum is that of pictures.
    assert float(sum(packet.duration * packet.time_base for packet in written)) == pytest.approx(0.58, abs=2e-3)


def test_a_rate_that_becomes_uneven_later_keeps_its_length_with_b_frames(tmp_path):
    times = [i / 25 for i in range(30)] + [1.5, 1.52, 3.0, 3.04, 3.05, 4.0]
    movie(tmp_path / "in.mkv", times=times)
    copy(tmp_path / "in.mkv", tmp_path / "out.mp4")
    written = packets(tmp_path / "out.mp4")
    assert any(packet.pts != packet.dts for packet in written)
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert float(stream.duration * stream.time_base) == pytest.approx(4.04, abs=2e-3)
        assert container.duration / 1e6 == pytest.approx(4.04, abs=2e-3)
    assert [f.timestamp for f in VideoReader(tmp_path / "out.mp4")] == pytest.approx(times, abs=1e-3)


def test_every_packet_has_its_duration(tmp_path):
    times = [0, 0.04, 0.12, 0.13, 0.5, 0.54]
    movie(tmp_path / "in.mkv", times=times, count=6)
    copy(tmp_path / "in.mkv", tmp_path / "out.mp4", writer={"options": {"bf": "0"}})
    durations = [float(packet.duration * packet.time_base) for packet in packets(tmp_path / "out.mp4")]
    assert durations == pytest.approx([0.04, 0.08, 0.01, 0.37, 0.04, 0.04], abs=2e-3)


def test_arrays_without_times_follow_at_the_rate(tmp_path):
    with VideoWriter(tmp_path / "out.mp4", rate=50) as write:
        for index in range(5):
            write(painted(index))
    frames = list(VideoReader(tmp_path / "out.mp4"))
    assert indexes(frames) == list(range(5))
    assert [frame.timestamp for frame in frames] == pytest.approx([i / 50 for i in range(5)])


def test_null_takes_everything_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert copy(clip("00_base.mp4"), "null:", "gbrp")[1].frames == 50
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_is_closed_takes_no_more(tmp_path):
    writer = VideoWriter(tmp_path / "out.mp4")
    writer(painted(0))
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer(painted(1))


def test_a_writer_without_frames_leaves_no_file(tmp_path):
    with pytest.raises(VideoError, match="not one frame"):
        VideoWriter(tmp_path / "out.mp4").close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (np.zeros((96, 160, 3), np.float32), "uint8"),
        (np.zeros((96, 160, 5), np.uint8), "not a picture"),
        (np.zeros((96,), np.uint8), "not a picture"),
        (np.zeros((0, 160, 3), np.uint8), "not a picture"),
        (np.zeros((98, 160, 3), np.uint8), "resize"),
    ],
)
def test_what_is_no_frame_of_this_video_is_refused(tmp_path, image, why):
    with VideoWriter(tmp_path / "out.mp4") as write:
        write(painted(0))
        with pytest.raises(ShapeError, match=why):
            write(image)


@pytest.mark.parametrize("shape", [(96, 160), (96, 160, 1), (1, 96, 160), (3, 96, 160), (96, 160, 3), (1, 96, 160, 3)])
def test_pictures_come_in_any_usual_shape(tmp_path, shape):
    image = painted(5)
    image = np.moveaxis(image, 2, 0) if shape[0] == 3 else image
    image = image.mean(2).astype(np.uint8) if np.prod(shape) == 96 * 160 else image
    with VideoWriter(tmp_path / "out.mp4") as write:
        write(Frame(0, 0.0, {"image": image.reshape(shape)}))
    frame = next(iter(VideoReader(tmp_path / "out.mp4")))
    assert indexes([frame]) == [5]
    if np.prod(shape) != 96 * 160:
        assert colours_differ(upright(frame), painted(5)) < 4
