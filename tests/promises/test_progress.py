"""The promise of progress: a slow stage slows its producer and never fails it; what is stuck or dead is named."""

import gc
import os
import re
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import framelane as fl

DATA = Path(__file__).parents[1] / "data"
CLIP = DATA / "clips" / "00_base.mp4"

# The incident: a job of 150 frames, a network that silently runs on the CPU and takes seconds a frame, a full queue in
# front of it, and a producer that gives up after 60 s. Here at a twentieth of its time.
SCALE = 20
FRAMES = 150
SECONDS_A_FRAME = 3.0 / SCALE
STALL_AFTER = 10.0 / SCALE
PRODUCERS_PATIENCE = 60.0 / SCALE


def frames(count):
    for index in range(count):
        yield np.full((4, 4), index, np.float32)


def ignore(frame):
    pass


@pytest.mark.timing
@pytest.mark.slow
def test_the_incident_only_slows_its_producer_and_names_the_slow_stage(caplog):
    def network(frame):
        time.sleep(SECONDS_A_FRAME)
        return frame

    out = []
    start = time.monotonic()
    report = fl.Pipeline(
        [frames(FRAMES), network, lambda frame: out.append(frame.index)], stall_after=STALL_AFTER
    ).run()
    assert time.monotonic() - start > 5 * PRODUCERS_PATIENCE, "longer than anybody would have waited"
    assert out == list(range(FRAMES))
    assert report.frames == FRAMES
    source = report.stages[0]
    assert source.waiting_output > 3 * PRODUCERS_PATIENCE, "the producer only waited"
    assert report.bottleneck == "network"
    slow = {match[1] for match in re.finditer(r"stage '(\w+)' is slow", caplog.text)}
    assert slow == {"network"}
    assert any(text.startswith("stage 'network' was slow") for text in report.warnings)


@pytest.mark.timing
def test_a_frame_that_works_for_longer_than_any_patience_is_waited_for(caplog):
    def network(frame):
        if frame.index == 2:
            until = time.monotonic() + 2.0
            while time.monotonic() < until:
                pass
        return frame

    assert fl.Pipeline([frames(5), network, ignore], stall_after=0.2, capacity=1).run().frames == 5
    assert "stage 'network' is slow" in caplog.text


@pytest.mark.timing
def test_a_stuck_stage_is_named_in_seconds():
    go_on = threading.Event()

    def network(frame):
        if frame.index == 10:
            go_on.wait()
        return frame

    start = time.monotonic()
    with pytest.raises(fl.StallError) as caught:
        fl.Pipeline([frames(FRAMES), network, ignore], stall_after=STALL_AFTER).run()
    go_on.set()
    assert STALL_AFTER <= time.monotonic() - start < STALL_AFTER + 2
    assert (caught.value.stage, caught.value.frame_index) == ("network", 10)
    assert "ring frames -> network: 8 of 8 (full)" in str(caught.value)


class FaultError(Exception):
    """What the stages below raise."""


def raise_at_seven(frame):
    if frame.index == 7:
        raise FaultError("seven")
    return frame


def to_float(frame):
    return frame.image.astype(np.float32)


def wrong_at_seven(frame):
    return frame.image[:, :-1].astype(np.float32) if frame.index == 7 else to_float(frame)


def to_bytes(frame):
    return frame.image.astype(np.uint8)


class BrokenReader:
    """A reader that fails at frame 7."""

    def __init__(self, reader):
        self._reader = reader

    def __getattr__(self, name):
        return getattr(self._reader, name)

    def __iter__(self):
        for frame in self._reader:
            yield raise_at_seven(frame)


class BrokenWriter:
    """A writer that fails at frame 7."""

    name = "writer"

    def __init__(self, writer):
        self._writer = writer
        self.open, self.close, self.abort = writer.open, writer.close, writer.abort

    def __call__(self, frame):
        self._writer(raise_at_seven(frame))


def network():
    """A network over pictures that are 160 wide."""
    from onnx import TensorProto, helper

    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["height", 160, 3]) for name in "xy"]
    node = helper.make_node("Identity", ["x"], ["y"])
    graph = helper.make_graph([node], "identity", value[:1], value[1:])
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def elements_that_fail(place, out):
    reader, writer = fl.VideoReader(CLIP), fl.VideoWriter(out)
    infer = fl.Infer(network(), name="network")
    return {
        "reader": [BrokenReader(reader), to_float, infer, to_bytes, writer],
        "stage": [reader, to_float, raise_at_seven, infer, to_bytes, writer],
        "workers": [reader, fl.Stage(raise_at_seven, workers=2), to_float, infer, to_bytes, writer],
        "network": [reader, wrong_at_seven, infer, to_bytes, writer],
        "writer": [reader, to_float, infer, to_bytes, BrokenWriter(writer)],
    }[place]


def left_over():
    gc.collect()
    threads = {thread for thread in threading.enumerate() if thread.name.startswith("framelane")}
    native = [Path(f"/proc/self/task/{task}/comm").read_text() for task in os.listdir("/proc/self/task")]
    files = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_open(fd)]
    return (
        threads,
        [name for name in native if name.startswith("framelane")],
        sorted(name for name in files if "/pytest-" in name or "memfd" in name or name.endswith(".mp4")),
    )


def _is_open(fd):
    return os.path.lexists(f"/proc/self/fd/{fd}")


@pytest.mark.timing
@pytest.mark.parametrize("place", ["reader", "stage", "workers", "network", "writer"])
def test_a_failed_run_leaves_nothing_and_the_twentieth_is_as_good_as_the_first(place, tmp_path):
    before = left_over()
    stage = {"reader": "reader", "stage": "raise_at_seven", "workers": "raise_at_seven"}.get(place, place)
    for attempt in range(20):
        out = tmp_path / f"{attempt}.mp4"
        pipeline = fl.Pipeline(elements_that_fail(place, out), capacity=2)
        start = time.monotonic()
        with pytest.raises(fl.StageError) as caught:
            pipeline.run()
        assert time.monotonic() - start < 2, "a second; the opening of files and network is in it"
        assert (caught.value.stage, caught.value.frame_index) == (stage, 7)
        assert isinstance(caught.value.__cause__, fl.ShapeError if place == "network" else FaultError)
        assert pipeline.report.failed == 7
        assert not out.exists()
        del caught
        assert left_over() == before
    out = tmp_path / "whole.mp4"
    elements = [fl.VideoReader(CLIP), to_float, fl.Infer(network()), to_bytes, fl.VideoWriter(out)]
    report = fl.Pipeline(elements, capacity=2).run()
    assert report.frames == 50
    assert len(list(fl.VideoReader(out))) == 50
    assert left_over() == before


def test_slots_come_back_from_failed_runs():
    pool = fl.FramePool((64, 64), "uint8", 6)

    def reader():
        for index in range(100):
            yield fl.Frame(index, tensors={"image": pool.acquire(timeout=10)})

    for _ in range(20):
        with pytest.raises(fl.StageError) as caught:
            fl.Pipeline([reader(), fl.Stage(raise_at_seven, workers=2), ignore], capacity=8).run()
        assert pool.available == 6, "although the error is still here"
        assert caught.value.frame_index == 7
