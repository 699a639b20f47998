"""Pipeline: the forms of running one, starting and stopping."""

import asyncio
import os
import threading
import time

import numpy as np
import pytest

import framelane as fl
from elements import Source, Writer, add_one, ignore, numbers, values

pytestmark = pytest.mark.usefixtures("no_thread_is_left")


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


@pytest.mark.timing
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


def test_a_hundred_runs_leave_no_file_and_no_memory_file():
    fl.Pipeline([numbers(3), add_one, ignore]).run()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(100):
        fl.Pipeline([numbers(3), add_one, ignore]).run()
    assert len(os.listdir("/proc/self/fd")) == before
