"""What a Pipeline costs a frame beside the same three threads joined by `queue.Queue` by hand."""

from __future__ import annotations

import queue
import threading

import numpy as np
import pytest

import framelane as fl

COUNT = 5000
FRAMES = [fl.Frame(index, tensors={"image": np.zeros(4)}) for index in range(COUNT)]
OVERHEAD = 100e-6  # seconds of processor and waiting time a frame that the machinery may take


def passes(frame: fl.Frame) -> fl.Frame:
    return frame


def with_queues() -> int:
    """What people write by hand: no order of several workers, no errors, no report."""
    first: queue.Queue[fl.Frame | None] = queue.Queue(8)
    second: queue.Queue[fl.Frame | None] = queue.Queue(8)
    out = 0

    def source() -> None:
        for frame in FRAMES:
            first.put(frame)
        first.put(None)

    def stage() -> None:
        while (frame := first.get()) is not None:
            second.put(passes(frame))
        second.put(None)

    threads = [threading.Thread(target=run) for run in (source, stage)]
    for thread in threads:
        thread.start()
    while second.get() is not None:
        out += 1
    for thread in threads:
        thread.join()
    return out


def with_pipeline() -> int:
    return fl.Pipeline([FRAMES, passes, passes]).run().frames


def with_workers() -> int:
    return fl.Pipeline([FRAMES, fl.Stage(passes, workers=2), passes]).run().frames


@pytest.mark.benchmark(group="5,000 small frames through a stage")
@pytest.mark.parametrize("way", [with_queues, with_pipeline, with_workers], ids=lambda way: way.__name__)
def test_frames_through_a_stage(benchmark, way):
    benchmark.extra_info["baseline"] = way is with_queues
    assert benchmark.pedantic(way, rounds=5, warmup_rounds=1) == COUNT


def test_a_frame_costs_tens_of_microseconds():
    seconds = min(fl.Pipeline([FRAMES, passes, passes]).run().seconds for _ in range(5))
    assert seconds / COUNT < OVERHEAD
