"""Infer: a network as a stage of a pipeline, on a real engine."""

import os
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import framelane as fl

MODELS = Path(__file__).parents[1] / "data" / "models"

pytestmark = pytest.mark.usefixtures("no_thread_is_left")


def model(*nodes, inputs=("x",), outputs=("y",), shape=("n", 3), initializers=()):
    """Bytes of a network of float32 tensors."""
    graph = helper.make_graph(
        list(nodes),
        "test",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in outputs],
        list(initializers),
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


DOUBLE = model(helper.make_node("Add", ["x", "x"], ["y"]))
ADD = model(helper.make_node("Add", ["a", "b"], ["y"]), inputs=("a", "b"))


def rows(count):
    return [np.full((1, 3), index, np.float32) for index in range(count)]


def first(frame):
    return float(np.asarray(next(iter(frame.tensors.values())))[0, 0])


@pytest.mark.parametrize(
    "elements",
    [
        [fl.Infer(DOUBLE)],
        [fl.Infer(DOUBLE, streams=3)],
        [fl.Infer(DOUBLE, batch=4, streams=2)],
        [lambda frame: frame, fl.Infer(DOUBLE), lambda frame: frame],
        [fl.Stage(lambda frame: frame, workers=3), fl.Infer(DOUBLE), fl.Stage(lambda frame: frame, workers=3)],
    ],
)
def test_frames_come_out_in_order_with_outputs_first(elements):
    frames = list(fl.Pipeline([rows(50), *elements]))
    assert [frame.index for frame in frames] == list(range(50))
    assert [first(frame) for frame in frames] == [2.0 * i for i in range(50)]
    assert [list(frame.tensors) for frame in frames] == [["y", "image"]] * 50


def test_two_networks_in_a_row():
    frames = list(fl.Pipeline([rows(20), fl.Infer(DOUBLE, name="a"), fl.Infer(DOUBLE, name="b")]))
    assert [first(frame) for frame in frames] == [4.0 * i for i in range(20)]


def test_run_may_end_with_a_network():
    report = fl.Pipeline([rows(20), fl.Infer(DOUBLE)]).run()
    assert report.frames == 20
    assert [stage.kind for stage in report.stages] == ["source", "infer"]


def test_zip_feeds_a_network_with_two_inputs():
    source = fl.Zip(a=rows(10), b=rows(10))
    assert [first(frame) for frame in fl.Pipeline([source, fl.Infer(ADD)])] == [2.0 * i for i in range(10)]


def test_the_report_tells_what_the_network_did_and_where():
    report = fl.Pipeline([rows(20), fl.Infer(DOUBLE, name="net", streams=2), lambda _: None], capacity=5).run()
    source, net, sink = report.stages
    assert (net.name, net.kind, net.workers, net.frames, net.device) == ("net", "infer", 2, 20, "cpu")
    assert (source.frames, sink.frames) == (20, 20)
    assert net.busy > 0
    assert [(ring.name, ring.capacity) for ring in report.rings] == [("-> net", 5), ("net ->", 5)]
    assert all(1 <= ring.high_water <= 5 for ring in report.rings)
    assert list(report.placement) == ["net"]
    assert "cpu" in str(report.to_dict()["placement"]["net"]).lower()


def test_names_come_from_the_file():
    assert fl.Infer(MODELS / "any_identity.onnx").name == "any_identity.onnx"
    assert fl.Infer(DOUBLE).name == "infer"


def test_a_session_stays_open():
    with fl.Session(DOUBLE) as session:
        for _ in range(2):
            assert fl.Pipeline([rows(3), fl.Infer(session)]).run().frames == 3
        assert session.run(rows(2)[1])["y"][0, 0] == 2.0


def test_a_frame_that_does_not_fit_is_named():
    source = [*rows(7), np.zeros((1, 4), np.float32), *rows(5)]
    with pytest.raises(fl.StageError) as caught:
        fl.Pipeline([source, fl.Infer(DOUBLE, name="net"), lambda _: None]).run()
    assert (caught.value.stage, caught.value.frame_index) == ("net", 7)
    assert isinstance(caught.value.__cause__, fl.ShapeError)


def test_a_run_that_fails_is_named():
    reshape = model(
        helper.make_node("Reshape", ["x", "shape"], ["y"]),
        shape=("n", "m"),
        initializers=[helper.make_tensor("shape", TensorProto.INT64, [2], [1, 3])],
    )
    source = [*rows(7), np.zeros((1, 4), np.float32), *rows(5)]
    with pytest.raises(fl.StageError) as caught:
        fl.Pipeline([source, fl.Infer(reshape, name="net"), lambda _: None]).run()
    assert (caught.value.stage, caught.value.frame_index) == ("net", 7)
    assert isinstance(caught.value.__cause__, fl.FramelaneError)


def test_a_network_that_cannot_be_opened_raises_at_the_start():
    closed = []

    class Source(list):
        def close(self):
            closed.append(True)

    with pytest.raises(fl.ModelError):
        fl.Pipeline([Source(), fl.Infer("missing.onnx"), lambda _: None]).run()
    with pytest.raises(fl.ModelError):
        fl.Pipeline([Source(), fl.Infer(DOUBLE), fl.Infer("missing.onnx")]).run()


@pytest.mark.parametrize("options", [{"frame_timeout": 0}, {"expected": -1}])
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        fl.Infer(DOUBLE, **options)


def endless():
    """A network that counts nearly for ever, about one core's worth of work."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Add", ["v", "one"], ["w"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v", TensorProto.FLOAT, ["n", 3]),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("w", TensorProto.FLOAT, ["n", 3]),
        ],
    )
    return model(
        helper.make_node("Loop", ["count", "true", "x"], ["y"], body=body),
        initializers=[
            helper.make_tensor("count", TensorProto.INT64, [], [2**40]),
            helper.make_tensor("true", TensorProto.BOOL, [], [True]),
            helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0]),
        ],
    )


@pytest.fixture
def endless_file(tmp_path):
    path = tmp_path / "endless.onnx"
    path.write_bytes(endless())
    onnx.checker.check_model(str(path))
    return path


@pytest.mark.timing
def test_a_network_that_takes_too_long_is_named_with_its_native_call(endless_file):
    start = time.monotonic()
    with pytest.raises(fl.StallError) as caught:
        fl.Pipeline([rows(9), fl.Infer(endless_file, frame_timeout=0.4), lambda _: None]).run()
    assert time.monotonic() - start < 0.4 + 2
    assert caught.value.stage == "endless.onnx"
    assert caught.value.frame_index == 0
    for part in ("frame_timeout", "device: cpu", "native call: ONNX Runtime: run endless.onnx", "ring -> endless.onnx"):
        assert part in str(caught.value)


@pytest.mark.timing
def test_a_network_that_works_without_end_is_slow_and_stops(endless_file, caplog):
    pipeline = fl.Pipeline([rows(9), fl.Infer(endless_file), lambda _: None], stall_after=0.3).start()
    time.sleep(1)
    start = time.monotonic()
    report = pipeline.stop()
    assert time.monotonic() - start < 1.5
    assert "stage 'endless.onnx' is slow" in caplog.text
    assert any("endless.onnx" in text for text in report.warnings)
    assert report.unfinished[0] == 0


def test_the_threads_of_a_session_are_known():
    def pool_threads():
        names = [Path(f"/proc/self/task/{task}/comm").read_text().strip() for task in os.listdir("/proc/self/task")]
        return names.count("framelane-ort")

    def become(count):  # a thread names itself when it first runs
        deadline = time.monotonic() + 5
        while pool_threads() != count and time.monotonic() < deadline:
            time.sleep(0.01)
        return pool_threads() == count

    before = pool_threads()
    with fl.Session(DOUBLE, options=fl.SessionOptions(intra_op_threads=3)):
        assert become(before + 2), "the caller of run is the third"
    assert become(before)
