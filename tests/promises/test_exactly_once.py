"""The promise of exactly once, on one process: every frame of a source comes out once, in order, or is named."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import framelane as fl


class FaultError(Exception):
    """What a stage raises."""


def frames(count):
    for index in range(count):
        yield np.full((1, 3), index, np.float32)


def doubling_network():
    from onnx import TensorProto, helper

    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "double", value[:1], value[1:])
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


NETWORK = doubling_network()


class Behaviour:
    """A stage that takes uneven time, drops, multiplies and fails, each at given indices."""

    def __init__(self, drops, doubles, fault, uneven):
        self.drops, self.doubles, self.fault, self.uneven = drops, doubles, fault, uneven

    def __call__(self, frame):
        if self.uneven:
            time.sleep((frame.index * 7 % 5) * 0.0005)
        if frame.index == self.fault:
            raise FaultError(frame.index)
        if frame.index in self.drops:
            return None
        return iter([frame, frame]) if frame.index in self.doubles else frame


indices = st.sets(st.integers(0, 39), max_size=12)
behaviours = st.builds(Behaviour, indices, indices, st.one_of(st.none(), st.none(), st.integers(0, 60)), st.booleans())
stages = st.builds(lambda behaviour, workers: fl.Stage(behaviour, workers=workers), behaviours, st.integers(1, 4))
networks = st.builds(
    lambda batch, streams: fl.Infer(NETWORK, batch=batch, streams=streams), st.integers(1, 3), st.integers(1, 3)
)


def named_as_dropped(report):
    return [i for stage in report.stages for first, last in stage.dropped_frames for i in range(first, last + 1)]


def check_account(report, entered, seen):
    """Every frame that entered is exactly one of: out, dropped, failed, unfinished."""
    out = sorted(set(seen))
    assert seen == sorted(seen), "in order"
    dropped = sorted(set(named_as_dropped(report)))
    failed = [] if report.failed is None else [report.failed]
    # A frame that was doubled may be dropped once and come out once; the frame that failed may have come out once.
    assert sorted({*out, *dropped, *failed, *report.unfinished}) == list(range(entered))
    assert not set(report.unfinished) & {*out, *dropped, *failed}


def run_or_leave(pipeline, seen, leave_at):
    """Iterate, leave early, or run; return the error that ended it."""
    try:
        if leave_at is None:
            pipeline.run()
        else:
            for frame in pipeline:
                seen.append(frame.index)
                if frame.index == leave_at:
                    break
    except fl.StageError as error:
        return error
    return None


NEVER = 1000


@settings(max_examples=60)
@given(
    count=st.integers(0, 40),
    elements=st.lists(st.one_of(stages, networks), min_size=1, max_size=4),
    capacity=st.integers(1, 5),
    leave_at=st.one_of(st.none(), st.just(NEVER), st.integers(0, 40)),
)
def test_every_frame_comes_out_once_in_order_or_is_named(count, elements, capacity, leave_at):
    seen = []
    sink = [] if leave_at is not None else [lambda frame: seen.append(frame.index)]
    pipeline = fl.Pipeline([frames(count), *elements, *sink], capacity=capacity)
    error = run_or_leave(pipeline, seen, leave_at)
    report = pipeline.report
    if error is not None:
        assert isinstance(error.__cause__, FaultError)
        assert report.failed == error.frame_index == error.__cause__.args[0]
    entered = max([*seen, *named_as_dropped(report), *report.unfinished, report.failed or 0, -1]) + 1
    entered = max(entered, report.stages[0].frames)
    assert entered - report.stages[0].frames <= 1, "the source has one in its hands"
    check_account(report, min(entered, count), seen)
    if error is None and leave_at not in seen:
        assert report.stages[0].frames == count
        assert report.unfinished == []


@pytest.mark.parametrize("workers", [1, 4])
def test_dropped_frames_are_all_named_however_many(workers):
    named = []
    report = fl.Pipeline(
        [
            frames(5000),
            fl.Stage(lambda frame: frame if frame.index % 3 == 0 else None, workers=workers),
            lambda _: None,
        ],
        on_drop=lambda _, index: named.append(index),
    ).run()
    assert report.dropped == 3333
    assert sorted(named) == [i for i in range(5000) if i % 3]
    if workers == 1:
        assert named_as_dropped(report) == sorted(named)[: len(named_as_dropped(report))]


def test_values_stay_with_their_index():
    def check(frame):
        assert np.asarray(frame["image"])[0, 0] == frame.index
        assert np.asarray(frame["y"])[0, 0] == 2 * frame.index
        return frame

    stage = fl.Stage(check, workers=3)
    report = fl.Pipeline([frames(300), fl.Infer(NETWORK, batch=4, streams=2), stage, lambda _: None]).run()
    assert report.frames == 300


def test_stopping_names_what_was_under_way():
    seen = []

    def slow(frame):
        time.sleep(0.002)
        return frame

    for drain in (False, True) * 3:
        seen.clear()
        sink = lambda frame: seen.append(frame.index)  # noqa: E731
        pipeline = fl.Pipeline([frames(10**9), fl.Stage(slow, workers=2), fl.Infer(NETWORK), sink], capacity=3).start()
        time.sleep(0.05)
        report = pipeline.stop(drain=drain)
        assert seen == list(range(len(seen)))
        known = len(seen) + len(report.unfinished)
        assert known - report.stages[0].frames in (0, 1)
        assert report.unfinished == list(range(len(seen), known))
        if drain:
            assert report.unfinished == []
