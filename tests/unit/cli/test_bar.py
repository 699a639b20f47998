from __future__ import annotations

import pytest

from framelane._report import RingReport, Snapshot
from framelane.cli._bar import frames_text, rings_text, time_left

RINGS = [RingReport("-> network", 8, 8, 8), RingReport("network ->", 2, 8, 3)]


def snapshot(frames=10, total=110, fps=20.0):
    return Snapshot(frames, total, 1.0, fps, RINGS, [])


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (snapshot(), "0:05 left"),
        (snapshot(fps=0.01), "2:46:40 left"),
        (snapshot(total=None), ""),
        (snapshot(total=5), ""),
        (snapshot(fps=0.0), ""),
    ],
)
def test_no_time_rather_than_a_false_one(now, text):
    assert time_left(now) == text


def test_frames():
    assert frames_text(snapshot()) == "10/110 frames"
    assert frames_text(snapshot(total=None)) == "10 frames"


def test_rings_have_names_where_there_is_room():
    assert rings_text(snapshot(), 80) == "rings 8/8 2/8"
    assert rings_text(snapshot(), 200) == "-> network 8/8  network -> 2/8"
