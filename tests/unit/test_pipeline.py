"""Pipeline: the forms of running one, order, errors, stopping, and what is left afterwards."""

import asyncio
import gc
import os
import threading
import time

import numpy as np
import pytest

import framelane as fl


def numbers(count):
    for index in range(count):
        yield np.full((2, 2), index)


def add_one(frame):
    return frame.image + 1


def ignore(frame):
    pass


def values(frames):
    return [int(frame.image[0, 0]) for frame in frames]


class Writer:
    """A sink as readers and writers of video are."""

    name = "writer"

    def __init__(self):
        self.frames = []
        self.calls = []

    def open(self, source):
        self.calls.append("open")
        self.source = source

    def __call__(self, frame):
        self.frames.append(frame)

    def close(self):
        self.calls.append("close")

    def abort(self):
        self.calls.append("abort")
        return f"out.partial ({len(self.frames)} frames)"


class Source:
    """A source that can be closed, and raises where it is told to."""

    def __init__(self, count=100, fault=None):
        self.count = count
        self.fault = fault
        self.closed = 0

    def __iter__(self):
        for index in range(self.count):
            if index == self.fault:
                raise ValueError("no more film")
            yield np.full((2, 2), index)

    def close(self):
        self.closed += 1


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("framelane")] == []


def test_frames_go_all_the_way_in_order():
    out = []
    report = fl.Pipeline([numbers(100), add_one, add_one, out.append]).run()
    assert values(out) == list(range(2, 102))
    assert [frame.index for frame in out] == list(range(100))
    assert report.frames == 100


def test_the_same_pipeline_runs_again():
    out = []
    pipeline = fl.Pipeline([list(numbers(5)), add_one, out.append])
    for _ in range(3):
        pipeline.run()
    assert values(out) == [1, 2, 3, 4, 5] * 3


def test_iteration_gives_the_results():
    assert values(fl.Pipeline([numbers(20), add_one])) == list(range(1, 21))


def test_iteration_can_be_left_early():
    source = Source(10**9)
    for frame in fl.Pipeline([source, add_one]):
        if frame.index == 3:
            break
    assert source.closed == 1


def test_iteration_of_a_slow_consumer_loses_nothing():
    seen = []
    for frame in fl.Pipeline([numbers(30), add_one], capacity=2):
        time.sleep(0.002)
        seen.append(frame.index)
    assert seen == list(range(30))


def test_async_iteration():
    async def main():
        return [int(frame.image[0, 0]) async for frame in fl.Pipeline([numbers(20), add_one])]

    assert asyncio.run(main()) == list(range(1, 21))


def test_async_iteration_can_be_cancelled():
    async def main():
        stopped = threading.Event()

        def waits(frame):
            stopped.wait(0.05)
            return frame

        async def consume():
            async for _ in fl.Pipeline([numbers(1000), waits]):
                pass

        task = asyncio.create_task(consume())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_async_iteration_raises_what_a_stage_raised():
    def fail(frame):
        raise ValueError("no")

    async def main():
        async for _ in fl.Pipeline([numbers(20), fail]):
            pass

    with pytest.raises(fl.StageError):
        asyncio.run(main())


def test_start_and_join():
    out = []
    pipeline = fl.Pipeline([numbers(50), out.append]).start()
    assert pipeline.join(10).frames == 50
    assert pipeline.join().frames == 50
    assert not pipeline.running
    assert pipeline.stop().frames == 50, "stopping what has ended changes nothing"


def test_join_can_time_out():
    go_on = threading.Event()
    pipeline = fl.Pipeline([numbers(1), lambda _: go_on.wait(10)]).start()
    with pytest.raises(TimeoutError, match="still runs"):
        pipeline.join(0.05)
    with pytest.raises(RuntimeError, match="running"):
        pipeline.run()
    assert pipeline.running
    go_on.set()
    pipeline.join(10)


def test_what_was_never_started_says_so():
    pipeline = fl.Pipeline([[], print])
    assert pipeline.report is None
    for call in (pipeline.join, pipeline.stop, pipeline.snapshot):
        with pytest.raises(RuntimeError, match="never started"):
            call()
    with pipeline:
        pass


def test_stop_without_drain_lets_frames_go_and_keeps_what_is_whole():
    writer = Writer()
    source = Source(10**9)
    pipeline = fl.Pipeline([source, add_one, writer]).start()
    while len(writer.frames) < 10:
        time.sleep(0.001)
    report = pipeline.stop()
    assert writer.calls == ["open", "abort"]
    assert source.closed == 1
    assert report.frames == len(writer.frames)
    assert report.kept == [f"out.partial ({report.frames} frames)"]
    assert report.unfinished == list(range(report.frames, report.stages[0].frames + 1))[: len(report.unfinished)]


def test_stop_with_drain_lets_all_come_out_and_finishes():
    writer = Writer()

    def slow(frame):
        time.sleep(0.005)
        return frame

    pipeline = fl.Pipeline([Source(10**9), slow, writer]).start()
    time.sleep(0.1)
    report = pipeline.stop(drain=True)
    assert writer.calls == ["open", "close"]
    assert [frame.index for frame in writer.frames] == list(range(report.stages[0].frames))
    assert report.unfinished == []


def test_stop_with_drain_does_not_wait_for_a_silent_source():
    wakes = threading.Event()

    def silent():
        yield np.zeros((2, 2))
        wakes.wait(20)

    writer = Writer()
    pipeline = fl.Pipeline([fl.Stage(silent(), name="camera", expected=True), writer]).start()
    start = time.monotonic()
    report = pipeline.stop(drain=True)
    assert time.monotonic() - start < 5
    assert writer.calls == ["open", "close"]
    assert report.frames == 1
    assert report.abandoned == ["camera"]
    wakes.set()
    time.sleep(0.2)  # now the thread ends


def test_a_stage_can_stop_the_run():
    seen = []

    def enough(frame):
        seen.append(frame.index)
        if frame.index == 5:
            assert pipeline.stop() is None
        return frame

    pipeline = fl.Pipeline([Source(10**9), enough, ignore])
    report = pipeline.run()
    assert seen[-1] == 5
    assert report.unfinished[0] <= 5


def test_context_manager_ends_the_run():
    with fl.Pipeline([Source(10**9), add_one, ignore]) as pipeline:
        pipeline.start()
        assert pipeline.running
    assert not pipeline.running


def test_context_manager_raises_what_nobody_asked_for():
    def fail(frame):
        raise ValueError("no")

    def start_and_leave():
        with fl.Pipeline([numbers(5), fail]) as pipeline:
            pipeline.start()
            while pipeline.running:
                time.sleep(0.001)

    with pytest.raises(fl.StageError):
        start_and_leave()


def test_a_writer_is_opened_with_the_source_and_closed():
    writer = Writer()
    source = Source(10)
    fl.Pipeline([source, writer]).run()
    assert writer.calls == ["open", "close"]
    assert writer.source is source
    assert source.closed == 1


def test_none_drops_and_generators_yield_several():
    dropped = []

    def twice_if_odd(frame):
        if frame.index % 2:
            yield frame
            yield frame

    out = []
    pipeline = fl.Pipeline(
        [numbers(10), twice_if_odd, lambda frame: frame if frame.index != 3 else None, out.append],
        on_drop=lambda stage, index: dropped.append((stage, index)),
    )
    report = pipeline.run()
    assert [frame.index for frame in out] == [1, 1, 5, 5, 7, 7, 9, 9]
    assert sorted(dropped) == [("stage 2", 3)] * 2 + [("twice_if_odd", i) for i in range(0, 10, 2)]
    assert report.stages[1].dropped == 5


@pytest.mark.parametrize("workers", [2, 5])
def test_order_is_restored_behind_several_workers(workers):
    random = np.random.default_rng(0)
    pauses = random.uniform(0, 0.003, 200)

    def uneven(frame):
        time.sleep(pauses[frame.index])
        if frame.index % 7 == 0:
            return None
        return frame if frame.index % 5 else iter([frame] * 3)

    out = [frame.index for frame in fl.Pipeline([numbers(200), fl.Stage(uneven, workers=workers)], capacity=4)]
    expected = [i for i in range(200) if i % 7 for _ in range(1 if i % 5 else 3)]
    assert out == expected


def test_workers_really_work_side_by_side():
    together = threading.Barrier(3, timeout=10)

    def meet(frame):
        together.wait()
        return frame

    assert len(list(fl.Pipeline([numbers(9), fl.Stage(meet, workers=3)]))) == 9


def test_a_generator_of_many_frames_is_not_collected_behind_workers():
    drawn = 0
    lock = threading.Lock()

    def many(frame):
        nonlocal drawn
        for _ in range(1000):
            with lock:
                drawn += 1
            yield frame

    results = iter(fl.Pipeline([numbers(4), fl.Stage(many, workers=2)], capacity=2))
    next(results)
    time.sleep(0.1)
    assert drawn < 100
    assert [next(results).index for _ in range(999)] == [0] * 999
    assert [frame.index for frame in results] == [i for i in (1, 2, 3) for _ in range(1000)]


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
    start = time.monotonic()
    with pytest.raises(fl.StageError) as caught:
        pipeline.run()
    assert time.monotonic() - start < 1
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


def test_snapshot_and_progress_tell_frames_rate_and_rings():
    seen = []

    def slow(frame):
        time.sleep(0.02)
        return frame

    pipeline = fl.Pipeline([list(numbers(30)), slow, ignore], capacity=4)
    pipeline.run(progress=seen.append)
    assert len(seen) >= 2
    assert [one.total for one in seen] == [30] * len(seen)
    assert seen[0].frames < 30
    assert seen[-1].frames == 30
    assert seen[1].fps > 0
    assert [ring.capacity for ring in seen[0].rings] == [4, 4]
    assert seen[0].rings[0].level == 4
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


def test_a_hundred_runs_leave_no_file_and_no_memory_file():
    fl.Pipeline([numbers(3), add_one, ignore]).run()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(100):
        fl.Pipeline([numbers(3), add_one, ignore]).run()
    assert len(os.listdir("/proc/self/fd")) == before
