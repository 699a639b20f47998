"""The promise of fixed memory: a pipeline holds so many frames and no more, however long the film."""

import contextlib
import os
import time

import numpy as np
import psutil
import pytest

import framelane as fl

CAPACITY = 3
WORKERS = 3


def doubling_network():
    from onnx import TensorProto, helper

    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 64]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "double", value[:1], value[1:])
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def from_pool(pool, count):
    for index in range(count):
        yield fl.Frame(index, tensors={"image": pool.acquire(timeout=60)})


def passes(frame):
    return frame


@pytest.mark.parametrize(
    ("stages", "bound"),
    [
        # Each ring holds its capacity; source, stage and sink have one frame in hand.
        ([passes], 2 * CAPACITY + 3),
        # Several workers have two frames each, at work or waiting for their turn.
        ([fl.Stage(passes, workers=WORKERS)], 2 * CAPACITY + 2 * WORKERS + 2),
        # An engine is two rings and what its streams run, or hold back to restore the order.
        ([fl.Infer(doubling_network(), streams=2)], 2 * CAPACITY + 2 * 2 + 2 + 2),
        ([passes, fl.Stage(passes, workers=WORKERS), passes], 4 * CAPACITY + 2 * WORKERS + 4),
    ],
)
@pytest.mark.parametrize("slow_sink", [False, True])
def test_no_more_frames_are_alive_than_rings_and_threads_hold(stages, bound, slow_sink):
    pool = fl.FramePool((1, 64), "float32", 200)

    def sink(frame):
        if slow_sink and frame.index % 20 == 0:
            time.sleep(0.02)

    report = fl.Pipeline([from_pool(pool, 400), *stages, sink], capacity=CAPACITY).run()
    assert report.frames == 400
    assert pool.available == 200
    assert pool.stats().high_water <= bound
    if slow_sink:
        assert pool.stats().high_water >= 2 * CAPACITY, "they do fill up"


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_a_pool_smaller_than_the_rings_is_enough(slots):
    pool = fl.FramePool((1, 64), "float32", slots)
    stages = [passes, fl.Stage(passes, workers=WORKERS), fl.Infer(doubling_network(), streams=2), passes]
    report = fl.Pipeline([from_pool(pool, 200), *stages, lambda _: None], capacity=8).run()
    assert report.frames == 200
    assert pool.available == slots


def test_nothing_is_held_while_a_stage_waits_for_its_next_frame():
    pool = fl.FramePool((1, 64), "float32", 6)
    stages = [passes, fl.Stage(passes, workers=WORKERS), fl.Infer(doubling_network()), passes]

    def source():
        for burst in range(5):
            for index in range(6):
                yield fl.Frame(6 * burst + index, tensors={"image": pool.acquire(timeout=60)})
            deadline = time.monotonic() + 30
            while pool.available != 6:
                assert time.monotonic() < deadline, f"{6 - pool.available} slots are held by threads that wait"
                time.sleep(0.001)

    assert fl.Pipeline([source(), *stages, lambda _: None]).run().frames == 30


@pytest.mark.timing
def test_ten_thousand_frames_leave_memory_flat():
    process = psutil.Process()
    resident = {}

    def source():
        for index in range(10_000):
            if index in (2_000, 9_999):
                resident[index] = process.memory_info().rss
            yield np.full((1, 64 * 1024), index, np.float32)  # 256 KB: 2.5 GB in all

    def some_dropped(frame):
        return None if frame.index % 3 == 0 else frame

    files = len(os.listdir("/proc/self/fd"))
    stages = [fl.Stage(passes, workers=2), some_dropped, passes]
    report = fl.Pipeline([source(), *stages, lambda _: None]).run()
    assert report.frames == 6666
    assert resident[9_999] - resident[2_000] < 20e6
    assert len(os.listdir("/proc/self/fd")) == files


@pytest.mark.timing
def test_two_hundred_runs_leave_nothing_growing():
    process = psutil.Process()

    def run():
        fl.Pipeline([(np.zeros((1, 64), np.float32) for _ in range(4)), passes, lambda _: None]).run()

    def threads():
        return len(os.listdir("/proc/self/task"))

    for _ in range(20):
        run()
    before, threads_before = process.memory_info().rss, threads()
    for _ in range(200):
        run()
    assert process.memory_info().rss - before < 10e6
    deadline = time.monotonic() + 10
    while threads() > threads_before and time.monotonic() < deadline:  # the kernel takes a moment to bury a thread
        time.sleep(0.01)
    assert threads() <= threads_before


class Tracked:
    """Knows how many of its kind are alive, and how many ever were at once."""

    alive = most = 0

    def __init__(self):
        Tracked.alive += 1
        Tracked.most = max(Tracked.most, Tracked.alive)

    def __del__(self):
        Tracked.alive -= 1


@pytest.mark.parametrize("overflow", list(fl.Overflow))
@pytest.mark.parametrize("capacity", [1, 3, 8])
def test_a_ring_never_keeps_more_items_alive_than_its_capacity(capacity, overflow):
    Tracked.alive = Tracked.most = 0
    ring = fl.Ring(capacity, overflow)
    for _ in range(5 * capacity):
        with contextlib.suppress(fl.RingFull, fl.RingTimeout):
            ring.put(Tracked(), timeout=0)
        assert len(ring) <= capacity
    assert Tracked.alive == capacity
    assert Tracked.most == capacity + 1, "those inside and the one that is being put"
    assert ring.stats().high_water == capacity
    del ring
    assert Tracked.alive == 0
