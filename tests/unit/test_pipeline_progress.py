"""What a pipeline tells of itself while it runs and afterwards."""

import time

import pytest

import framelane as fl
from elements import Source, Writer, add_one, ignore, numbers

pytestmark = pytest.mark.usefixtures("no_thread_is_left")


def test_snapshot_and_progress_tell_frames_rate_and_rings():
    seen = []

    def held_up(frame):
        until = time.monotonic() + 60
        while frame.index == 5 and time.monotonic() < until:
            if any(one.fps > 0 and one.rings[0].level == 4 for one in seen):
                break
            time.sleep(0.01)
        return frame

    pipeline = fl.Pipeline([list(numbers(30)), held_up, ignore], capacity=4)
    pipeline.run(progress=seen.append)
    assert len(seen) >= 2
    assert [one.total for one in seen] == [30] * len(seen)
    assert seen[0].frames < 6
    assert seen[-1].frames == 30
    assert [ring.capacity for ring in seen[0].rings] == [4, 4]
    assert any(one.fps > 0 and one.rings[0].level == 4 for one in seen)
    assert pipeline.snapshot().frames == 30


def test_progress_that_raises_ends_the_run():
    def fail(snapshot):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fl.Pipeline([Source(10**9), ignore]).run(progress=fail)


def test_progress_true_writes_to_the_standard_error(capsys):
    fl.Pipeline([list(numbers(5)), ignore]).run(progress=True)
    assert capsys.readouterr().out == ""


def test_progress_without_rich_is_a_line(capsys, monkeypatch):
    monkeypatch.setattr("framelane._progress._rich", lambda: None)
    fl.Pipeline([list(numbers(5)), ignore]).run(progress=True)
    assert "5 of 5 frames" in capsys.readouterr().err


def test_an_empty_source_gives_an_empty_report():
    writer = Writer()
    assert fl.Pipeline([[], add_one, writer]).run().frames == 0
    assert writer.calls == ["open", "close"]
    assert list(fl.Pipeline([[], add_one])) == []


def test_notes_of_source_and_sink_are_in_the_report():
    class Notes(Source):
        def __init__(self):
            super().__init__(3)
            self.notes = ["3 times had to be mended"]

    report = fl.Pipeline([Notes(), print]).run()
    assert report.warnings == ["Notes: 3 times had to be mended"]
