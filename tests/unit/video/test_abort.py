"""A file appears under its name only when it is whole; after an error or Ctrl-C what is whole is kept beside it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from clips import beeps, clip, copy, flashes, indexes, painted, sound_length
from framelane import VideoError, VideoReader, VideoWriter


def test_while_it_is_written_there_is_no_file_of_that_name(tmp_path):
    writer = VideoWriter(tmp_path / "out.mp4")
    for i in range(5):
        writer(painted(i))
        assert not (tmp_path / "out.mp4").exists()
        assert all(path.name.startswith(".") for path in tmp_path.iterdir())
    writer.close()
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_an_old_file_stays_until_the_new_one_is_whole(tmp_path):
    (tmp_path / "out.mp4").write_text("old")
    writer = VideoWriter(tmp_path / "out.mp4")
    writer(painted(0))
    assert (tmp_path / "out.mp4").read_text() == "old"
    writer.close()
    assert indexes(VideoReader(tmp_path / "out.mp4")) == [0]


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".webm", ".mov", ".avi", ".ts"])
@pytest.mark.parametrize("at", [1, 13, 34])
def test_after_an_error_what_is_whole_is_playable(tmp_path, ending, at):
    reader = VideoReader(clip("00_base.mp4"))
    writer = VideoWriter(tmp_path / f"out{ending}")
    writer.open(reader)

    def fail_at(index):
        with writer:
            for frame in reader:
                if frame.index == index:
                    raise RuntimeError("boom")
                writer(frame)

    with pytest.raises(RuntimeError, match="boom"):
        fail_at(at)
    partial = tmp_path / f"out.partial{ending}"
    assert [path.name for path in tmp_path.iterdir()] == [partial.name]
    assert indexes(VideoReader(partial)) == list(range(at))
    assert sound_length(partial) == pytest.approx(at / 25, abs=0.06)
    if at == 34:
        assert beeps(partial) == pytest.approx(flashes(partial), abs=0.03)


def test_abort_says_what_it_kept(tmp_path):
    writer = VideoWriter(tmp_path / "out.mp4")
    for i in range(3):
        writer(painted(i))
    assert writer.abort() == f"{tmp_path}/out.partial.mp4 (3 frames)"
    assert writer.abort() is None
    assert VideoWriter(tmp_path / "none.mp4").abort() is None
    assert [path.name for path in tmp_path.iterdir()] == ["out.partial.mp4"]


SCRIPT = """
import sys
from framelane import VideoReader, VideoWriter
reader = VideoReader(sys.argv[1])
with VideoWriter(sys.argv[2]) as writer:
    writer.open(reader)
    for frame in reader:
        writer(frame)
        if frame.index == 20:
            print("ready", flush=True)
            while True:
                pass
"""


def test_ctrl_c_keeps_what_is_whole(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, clip("00_base.mp4"), tmp_path / "out.mp4"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(2)
    _, errors = process.communicate(timeout=20)
    assert b"KeyboardInterrupt" in errors
    assert [path.name for path in tmp_path.iterdir()] == ["out.partial.mp4"]
    assert indexes(VideoReader(tmp_path / "out.partial.mp4")) == list(range(21))


LIMITED = """
import resource, sys
import numpy as np
from framelane import VideoError, VideoWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
writer = VideoWriter(sys.argv[1], crf=0)
noise = np.random.default_rng(0)
try:
    with writer:
        for _ in range(100):
            writer(noise.integers(0, 255, (96, 160, 3), np.uint8))
except VideoError as error:
    print(error)
"""


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv", "%03d.png", "out.ts"])
def test_a_disk_that_is_full_is_a_sentence(tmp_path, name):
    # Coverage, too, would write a file, and find the disk full.
    env = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path / name],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=env,
    )
    assert "cannot write" in done.stdout
    assert "too large" in done.stdout.lower()
    assert not done.stderr
    assert not (tmp_path / name).exists()
    assert not [path for path in os.listdir(tmp_path) if path.startswith(".")]


def test_an_encoder_that_does_not_open_leaves_nothing(tmp_path):
    with pytest.raises(VideoError, match="cannot write"):
        copy(clip("00_base.mp4"), tmp_path / "out.mp4", writer={"options": {"preset": "no-such-preset"}})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"codec": "no_such_codec"}, "no encoder 'no_such_codec'"),
        ({"codec": "aac"}, "encodes audio"),
        ({"pixel_format": "rgb24"}, "does not take rgb24"),
        ({"codec": "mpeg4", "crf": 20}, "no constant quality"),
        ({"codec": "vp8"}, "cannot write"),
    ],
)
def test_what_cannot_be_encoded_is_a_sentence(tmp_path, how, why):
    with pytest.raises(VideoError, match=why):
        copy(clip("00_base.mp4"), tmp_path / "out.mp4", writer=how)
    assert list(tmp_path.iterdir()) == []
