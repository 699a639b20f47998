"""What raises ends a run, is named, and leaves nothing behind."""

import functools
import gc
import time

import pytest

import framelane as fl
from elements import Source, Writer, add_one, ignore, numbers
from framelane._supervisor import End

pytestmark = pytest.mark.usefixtures("no_thread_is_left")


@pytest.mark.parametrize("place", ["source", "stage", "generator", "sink", "workers"])
def test_what_raises_ends_the_run_and_is_named(place):
    def fail(frame):
        if frame.index == 7:
            raise ValueError("seven")
        return frame

    def fail_late(frame):
        yield frame
        fail(frame)

    writer = Writer()
    source = Source(fault=7 if place == "source" else None)
    stage = {"stage": fail, "generator": fail_late, "workers": fl.Stage(fail, workers=3)}.get(place, add_one)
    sink = fail if place == "sink" else writer
    pipeline = fl.Pipeline([source, stage, sink])
    with pytest.raises(fl.StageError) as caught:
        pipeline.run()
    name = {"source": "Source", "generator": "fail_late"}.get(place, "fail")
    assert caught.value.stage == name
    assert caught.value.frame_index == 7
    assert isinstance(caught.value.__cause__, ValueError)
    assert f"stage '{name}' raised ValueError on frame 7" in str(caught.value)
    assert source.closed == 1
    assert pipeline.report.failed == 7
    if sink is writer:
        assert writer.calls == ["open", "abort"]
        assert any("out.partial" in note for note in caught.value.__notes__)
        if place != "workers":  # what is behind the fault comes out
            assert [frame.index for frame in writer.frames][:7] == list(range(7))


def test_frames_behind_a_fault_are_not_lost_to_an_iteration():
    def fail(frame):
        if frame.index == 7:
            raise ValueError("seven")
        return frame

    seen = []
    with pytest.raises(fl.StageError):
        seen.extend(frame.index for frame in fl.Pipeline([numbers(100), fail]))
    assert seen == list(range(7))


def test_a_writer_that_cannot_finish_is_named():
    class Full(Writer):
        def close(self):
            raise OSError("no space left")

    with pytest.raises(fl.StageError, match="stage 'writer' raised OSError: no space left") as caught:
        fl.Pipeline([numbers(3), Full()]).run()
    assert caught.value.frame_index is None


def test_a_sink_that_cannot_be_opened_raises_before_anything_runs():
    class Nowhere(Writer):
        def open(self, _):
            raise fl.VideoError("no folder")

    source = Source()
    writer = Nowhere()
    with pytest.raises(fl.VideoError):
        fl.Pipeline([source, writer]).run()
    assert writer.calls == ["abort"]


def test_what_a_source_yields_must_be_frames():
    with pytest.raises(fl.StageError, match="yielded int") as caught:
        fl.Pipeline([range(3), print]).run()
    assert isinstance(caught.value.__cause__, TypeError)


def test_a_ring_that_a_stage_finds_closed_is_the_stage_s_fault():
    ring = fl.Ring(1)
    ring.close()
    with pytest.raises(fl.StageError) as caught:
        fl.Pipeline([numbers(3), lambda _: ring.get(), print]).run()
    assert isinstance(caught.value.__cause__, fl.RingClosed)


@pytest.mark.timing
@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_fault_ends_a_run_within_a_second(place):
    def fail(frame):
        if frame.index == 7:
            raise ValueError("seven")
        return frame

    stages = [fail if i == place else add_one for i in (1, 2, 3)]
    start = time.monotonic()
    with pytest.raises(fl.StageError):
        fl.Pipeline([Source(10**9), *stages]).run()
    assert time.monotonic() - start < 1


@pytest.mark.timing
def test_a_fault_wakes_those_that_wait_to_put(monkeypatch):
    monkeypatch.setattr("framelane._run.End", functools.partial(End, drain=60))  # seconds for the stages behind

    def fail(frame):
        time.sleep(0.2)  # the source fills the ring and waits
        raise ValueError("no")

    start = time.monotonic()
    with pytest.raises(fl.StageError):
        fl.Pipeline([Source(10**9), fail, ignore], capacity=2, stall_after=None).run()
    assert time.monotonic() - start < 30


@pytest.mark.timing
def test_a_fault_does_not_wait_for_a_slow_neighbour():
    def slow(frame):
        time.sleep(3)
        return frame

    def fail(frame):
        raise ValueError("no")

    def source():
        yield from numbers(2)
        time.sleep(0.2)

    start = time.monotonic()
    with pytest.raises(fl.StageError) as caught:
        fl.Pipeline([source(), lambda frame: frame if frame.index else fail(frame), slow]).run()
    assert time.monotonic() - start < 1
    del caught
    time.sleep(0.3)


@pytest.mark.parametrize(
    ("elements", "error", "text"),
    [
        ([], ValueError, "at least one stage or sink"),
        ([[]], ValueError, "at least one"),
        (["in.mp4", print], TypeError, r"VideoReader\('in.mp4'\)"),
        ([3, print], TypeError, "first element is the source"),
        ([[], 3], TypeError, "int is no stage"),
        ([[], fl.Stage(fl.Stage(print))], TypeError, "pass the Stage itself"),
        ([fl.Stage([], workers=2), print], ValueError, "one thread"),
    ],
)
def test_elements_that_cannot_be_are_refused(elements, error, text):
    with pytest.raises(error, match=text):
        fl.Pipeline(elements)


@pytest.mark.parametrize("options", [{"capacity": 0}, {"capacity": 1.5}, {"stall_after": 0}, {"stall_after": -1}])
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        fl.Pipeline([[], print], **options)


def test_a_writer_cannot_be_iterated_over_nor_shared():
    with pytest.raises(TypeError, match="use run"):
        next(iter(fl.Pipeline([numbers(1), Writer()])))
    with pytest.raises(ValueError, match="in order"):
        fl.Pipeline([numbers(1), fl.Stage(Writer(), workers=2)]).run()


def test_an_exception_that_is_kept_keeps_no_frame():
    pool = fl.FramePool((4, 4), "uint8", 4)

    def source():
        for index in range(100):
            yield fl.Frame(index, tensors={"image": pool.acquire()})

    def fail(frame):
        here = frame.image
        if frame.index == 7:
            raise ValueError(here.shape)
        return frame

    with pytest.raises(fl.StageError) as kept:
        fl.Pipeline([source(), fail, ignore]).run()
    gc.collect()
    assert pool.available == 4
    assert kept.value.frame_index == 7
