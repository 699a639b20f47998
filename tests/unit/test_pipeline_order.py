"""What comes out of a pipeline: all frames, in order, as often as the stages say."""

import threading
import time

import numpy as np
import pytest

import framelane as fl
from elements import add_one, numbers, values

pytestmark = pytest.mark.usefixtures("no_thread_is_left")


def test_frames_go_all_the_way_in_order():
    out = []
    report = fl.Pipeline([numbers(100), add_one, add_one, out.append]).run()
    assert values(out) == list(range(2, 102))
    assert [frame.index for frame in out] == list(range(100))
    assert report.frames == 100


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
