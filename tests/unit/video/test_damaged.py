"""Case 24: what is cut off or damaged gives the frames that are there, or one sentence; never a crash or a hang."""

from __future__ import annotations

import random
import subprocess
import sys
from fractions import Fraction

import pytest

from clips import CLIPS, clip, copy, indexes, movie, painted
from framelane import VideoError, VideoReader
from framelane.video import probe

SENTENCES = {
    "24_cut_before_codec.mp4": "no codec",
    "24_cut_in_first_frame.mp4": "no picture that can be decoded",
    "24_cut_in_table.mp4": "no picture that can be decoded",
    "24_empty.mp4": "empty",
    "24_no_index.mp4": "cut off",
    "24_text.mp4": "not a video",
}


@pytest.mark.parametrize("name", SENTENCES)
@pytest.mark.parametrize("look", [VideoReader, probe])
def test_what_has_no_picture_is_one_sentence(name, look):
    with pytest.raises(VideoError, match=SENTENCES[name]) as caught:
        look(clip(name))
    text = str(caught.value)
    assert name in text
    assert "\n" not in text


def test_a_file_that_ends_early_gives_what_it_has_and_says_so(tmp_path):
    reader, _ = copy(clip("24_cut_at_60_percent.mp4"), tmp_path / "out.mp4")
    assert reader.ends_early == (33, 50)
    assert any("ends early: 33 of 50 frames" in note for note in reader.notes)
    assert indexes(VideoReader(tmp_path / "out.mp4")) == list(range(33))


def test_reading_only_a_part_before_the_cut_is_no_early_end():
    reader = VideoReader(clip("24_cut_at_60_percent.mp4"), frames=20)
    assert len(list(reader)) == 20
    assert reader.ends_early is None


KINDS = {
    "a.mp4": {},
    "a.mkv": {},
    "a.mov": {"options": {"bf": "0"}},
    "a.avi": {"codec": "mpeg4", "time_base": Fraction(1, 25)},
    "a.webm": {"codec": "libvpx-vp9", "options": {"cpu-used": "8", "deadline": "realtime"}},
    "b.mkv": {"codec": "ffv1"},
    "b.mov": {"codec": "prores_ks", "pix_fmt": "yuv422p10le"},
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_a_file_cut_anywhere_gives_its_first_frames(tmp_path, name, share):
    """Of .mp4 and .mov only what lies behind their tables can be cut: those come first here, as for the web."""
    options = {"movflags": "faststart"} if name.endswith(("mp4", "mov")) else {}
    images = [painted(i, noise=True) for i in range(40)]
    path = movie(tmp_path / name, images=images, container_options=options, **KINDS[name])
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    frames = list(reader := VideoReader(path))
    assert 40 * share - 12 < len(frames) < 40
    # The last ones in the order of decoding may be half there, or what they depend on.
    assert indexes(frames)[: len(frames) - 6] == list(range(len(frames) - 6))
    assert reader.ends_early == (len(frames), 40)
    assert any("ends early" in note for note in reader.notes)


@pytest.mark.parametrize("name", [*KINDS, "a.ts", "a.flv"])
def test_a_hole_in_the_middle_loses_only_what_was_in_it(tmp_path, name):
    how = dict(KINDS.get(name, {}))
    how["options"] = {"g": "10", **how.get("options", {})}
    path = movie(tmp_path / name, images=[painted(i, noise=True) for i in range(60)], **how)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 50] = bytes(len(data) // 50)
    path.write_bytes(data)
    frames = list(reader := VideoReader(path))
    assert len(frames) >= 40
    assert indexes(frames)[:10] == list(range(10))
    assert indexes(frames)[-10:] == list(range(50, 60))
    times = [frame.timestamp for frame in frames]
    assert times == sorted(set(times))
    assert reader.ends_early is None
    assert reader.damaged or len(frames) < 60


def test_with_threads_nothing_is_lost_that_one_thread_finds(tmp_path):
    """An error that comes out of PyAV along with good frames takes them with it."""
    path = movie(tmp_path / "in.mp4", 60, options={"g": "5", "bf": "2"}, container_options={"movflags": "faststart"})
    data = path.read_bytes()
    for cut in range(len(data) // 2, len(data), len(data) // 20):
        path.write_bytes(data[:cut])
        counts = {threads: len(list(VideoReader(path, threads=threads))) for threads in (1, 2, 8)}
        assert len(set(counts.values())) == 1, counts


SWEEP = r"""
import os, random, sys
from framelane import VideoError, VideoReader
random.seed(int(sys.argv[1]))
folder = sys.argv[2]
clips = sorted(os.path.join(sys.argv[3], name) for name in os.listdir(sys.argv[3]) if "." in name)
came = refused = 0
for i in range(int(sys.argv[4])):
    source = random.choice(clips)
    data = bytearray(open(source, "rb").read())
    if not data:
        continue
    kind = random.choice(["cut", "noise", "zeros", "insert", "head"])
    place = random.randrange(len(data))
    if kind == "cut":
        del data[place:]
    elif kind == "noise":
        for _ in range(random.randrange(1, 40)):
            data[random.randrange(len(data))] = random.randrange(256)
    elif kind == "zeros":
        data[place : place + random.randrange(1, 3000)] = bytes(min(len(data) - place, 100))
    elif kind == "insert":
        data[place:place] = random.randbytes(random.randrange(1, 300))
    else:
        data[random.randrange(min(len(data), 200))] = random.randrange(256)
    path = os.path.join(folder, "x" + os.path.splitext(source)[1])
    open(path, "wb").write(data)
    print(i, source, kind, file=sys.stderr, flush=True)
    last = -1.0
    try:
        for number, frame in enumerate(VideoReader(path)):
            assert frame.timestamp > last and frame.duration > 0
            last = frame.timestamp
            if number > 500:
                break
        came += 1
    except VideoError as error:
        assert "\n" not in str(error)
        refused += 1
print(came, refused)
"""


@pytest.mark.parametrize("seed", range(3))
def test_no_damage_ends_the_process(tmp_path, seed):
    """In a process of its own: what must not happen here is a signal that no `except` could catch."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", SWEEP, str(seed), str(tmp_path), str(CLIPS), "80"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    came, refused = map(int, done.stdout.split())
    assert came > 10
    assert refused > 10


def test_noise_is_not_a_video(tmp_path):
    for size in (1, 10, 1000, 100_000):
        path = tmp_path / "noise.mp4"
        path.write_bytes(random.Random(size).randbytes(size))
        with pytest.raises(VideoError):
            VideoReader(path)


def test_a_folder_or_a_device_is_not_a_video(tmp_path):
    with pytest.raises(VideoError, match="no pictures in it"):
        VideoReader(tmp_path)
    with pytest.raises(VideoError, match="empty"):
        VideoReader("/dev/null")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = movie(tmp_path / "in.mp4", 2)

    def refuse(*_: object, **__: object):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)  # root may read everything
    with pytest.raises(VideoError, match=r"cannot read .*Permission denied"):
        VideoReader(path)
