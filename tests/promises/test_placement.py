"""Promise 1: a session on a device runs on that device, shown node by node, or it raises with the cause."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import framelane as fl
import software_gpu
from needs import need
from networks import doubler, model_path, network, split, value

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
WEBGPU = "WebGpuExecutionProvider"


@pytest.fixture(autouse=True)
def _software_gpu():
    software_gpu.need_software_gpu()


def noise(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


def same_as_cpu(model, feeds, tolerance=1e-4, **options):
    """Run on both; the session on webgpu's placement."""
    with fl.Session(model, device="webgpu", **options) as session, fl.Session(model) as reference:
        got, expected = session.run(feeds), reference.run(feeds)
        for name, array in expected.items():
            np.testing.assert_allclose(got[name], array, rtol=tolerance, atol=tolerance)
        return session.placement


def refused(model, device="webgpu", **options):
    """The error of a model that is not wholly on its device."""
    with pytest.raises(fl.PlacementError) as caught:
        fl.Session(model, device=device, **options)
    return caught.value


# What is on the device.


def test_a_network_that_is_wholly_there():
    placement = same_as_cpu(doubler((1, 3, 8, 8)), noise(1, 3, 8, 8))
    assert placement.device == "webgpu"
    assert placement.provider == WEBGPU
    assert placement.proof == "log and profile"
    assert [(node.name, node.operator, node.provider, node.kind) for node in placement.nodes] == [
        ("y", "Add", WEBGPU, "on device")
    ]
    assert placement.nodes[0].moved == 3 * 1 * 3 * 8 * 8 * 4  # x twice, and y
    assert placement.copies == ()
    assert "proof: log and profile" in str(placement)


def test_a_network_of_free_sizes_says_what_it_was_measured_with():
    placement = same_as_cpu(model_path("any_shrink_by_border"), noise(1, 3, 40, 24))
    assert "measured with x as 1x3x64x64" in placement.note
    assert {node.provider for node in placement.nodes} == {WEBGPU}


def test_shape_arithmetic_may_stay_on_the_cpu():
    """ONNX Runtime puts it there on purpose: a few integers, and no frame goes with them."""
    placement = same_as_cpu(model_path("01_weighted"), noise(1, 3, 10, 10))
    cast = next(node for node in placement.nodes if node.kind == "shape-only")
    assert (cast.operator, cast.provider) == ("Cast", "CPUExecutionProvider")
    assert cast.moved < 64
    assert [(copy.direction, copy.bytes) for copy in placement.copies] == [("to device", 4)]
    assert placement.misplaced == ()


# What is not, and why.


def test_an_operator_in_the_middle_without_a_kernel():
    error = refused(split())
    text = str(error)
    for word in ("'middle'", "Hardmax", "1 of its 3 nodes", "'webgpu'", "24.6 kB", "no kernel", "allow_cpu=['middle']"):
        assert word in text
    (node,) = error.placement.misplaced
    assert (node.name, node.operator, node.provider) == ("middle", "Hardmax", "CPUExecutionProvider")
    assert node.moved == 2 * 3 * 32 * 32 * 4
    assert sorted((copy.direction, copy.bytes) for copy in error.placement.copies) == [
        ("to device", 3 * 32 * 32 * 4),
        ("to host", 3 * 32 * 32 * 4),
    ]


def test_a_network_that_is_nowhere_near_the_device():
    """No copies betray it: everything is on the CPU, where the frame is."""
    model = network([helper.make_node("Hardmax", ["x"], ["y"], "all")], [value("x", [1, 64])], [value("y", [1, 64])])
    (node,) = refused(model).placement.misplaced
    assert (node.name, node.moved) == ("all", 2 * 64 * 4)


def test_a_tiny_frame_is_a_frame_too():
    """Of four numbers: less than what shape arithmetic may move."""
    assert [node.name for node in refused(split((1, 4))).placement.misplaced] == ["middle"]


def test_what_is_no_frame_and_still_large():
    """On the CPU from its own input to its own output: no copy, and not of the frame's size."""
    nodes = [helper.make_node("Sigmoid", ["x"], ["y"], "there"), helper.make_node("Hardmax", ["z"], ["w"], "here")]
    inputs = [value("x", [1, 3, 32, 32]), value("z", [1, 600])]
    error = refused(network(nodes, inputs, [value("y", [1, 3, 32, 32]), value("w", [1, 600])]))
    assert [(node.name, node.moved) for node in error.placement.misplaced] == [("here", 2 * 600 * 4)]


def test_what_grows_with_the_frame_is_no_shape_arithmetic():
    """A row of 64 numbers is small; but it is the frame's, and free to grow."""
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["row"], "mean", axes=[1, 2], keepdims=1),
        helper.make_node("Hardmax", ["row"], ["y"], "largest"),
    ]
    model = network(nodes, [value("x", [1, 3, 8, "W"])], [value("y", [1, 1, 1, "W"])])
    # It grows as fast as the frame, whose only free size is the width.
    assert [node.name for node in refused(model).placement.misplaced] == ["largest"]


@pytest.mark.parametrize("dtype", [TensorProto.DOUBLE, TensorProto.UINT8])
def test_a_type_that_the_provider_does_not_have(dtype):
    shape = [1, 3, 32, 32]
    model = network(
        [helper.make_node("Max", ["x", "x2"], ["y"], "largest")],
        [value("x", shape, dtype), value("x2", shape, dtype)],
        [value("y", shape, dtype)],
        opset=13,
    )
    error = refused(model)
    assert "'largest' (Max)" in str(error)
    assert "no kernel" in str(error)


def test_a_custom_domain_is_named():
    node = helper.make_node("Inverse", ["x"], ["y"], "invert", domain="com.microsoft")
    model = network([node], [value("x", [1, 32, 32])], [value("y", [1, 32, 32])])
    error = refused(model)
    assert "'invert' (com.microsoft.Inverse)" in str(error)
    assert error.placement.misplaced[0].operator == "com.microsoft.Inverse"


def loop(middle):
    """Three times round a loop whose body has that operator."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"], "on"), helper.make_node(middle, ["a"], ["b"], "inner")],
        "body",
        [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL), value("a", [1, 3, 16, 16])],
        [value("go_on", [], TensorProto.BOOL), value("b", [1, 3, 16, 16])],
    )
    count = helper.make_tensor("count", TensorProto.INT64, [], [3])
    node = helper.make_node("Loop", ["count", "", "x"], ["y"], "round", body=body)
    shape = [1, 3, 16, 16]
    return network([node], [value("x", shape)], [value("y", shape)], [count])


def test_nodes_in_the_body_of_a_loop_are_judged():
    error = refused(loop("Hardmax"))
    assert "inner" in {node.name for node in error.placement.misplaced}
    assert error.placement.proof == "log and profile"


def test_unnamed_nodes_are_called_by_their_output():
    nodes = [helper.make_node("Sigmoid", ["x"], ["a"]), helper.make_node("Hardmax", ["a"], ["winner"])]
    shape = [1, 3, 16, 16]
    error = refused(network(nodes, [value("x", shape)], [value("winner", shape)]))
    assert "node 'winner' (Hardmax)" in str(error)


# What may be elsewhere all the same.


@pytest.mark.parametrize("allowed", ["middle", "Hardmax"])
def test_single_nodes_may_be_allowed_by_name_or_operator(allowed):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        placement = same_as_cpu(split(), noise(1, 3, 32, 32), allow_cpu=[allowed])
    (node,) = placement.misplaced
    assert node.allowed
    assert "MISPLACED (allowed): node 'middle'" in str(placement)


def test_what_is_allowed_by_another_name_is_not():
    refused(split(), allow_cpu=["before", "Sigmoid"])
    with pytest.raises(TypeError, match=r"write allow_cpu=\['middle'\]"):
        fl.Session(split(), device="webgpu", allow_cpu="middle")


def test_fallback_warns_and_is_seen_everywhere():
    with pytest.warns(fl.PlacementWarning, match="'middle'"):
        session = fl.Session(split(), device="webgpu", fallback="cpu")
    with session:
        assert session.stats().fallback_nodes == 1
        assert "no kernel" in session.placement.fallback
        assert json.loads(json.dumps(session.placement.to_dict()))["fallback"] == session.placement.fallback
        assert "fell back" in str(session.placement)


def test_a_pipeline_reports_that_it_fell_back():
    frames = [fl.Frame(i, tensors={"x": noise(1, 3, 32, 32, seed=i)}) for i in range(3)]
    infer = fl.Infer(split(), device="webgpu", fallback="cpu", preprocess=False, postprocess=False, name="net")
    with pytest.warns(fl.PlacementWarning):
        report = fl.Pipeline([frames, infer, lambda _: None]).run()
    assert any("fell back" in text and text.startswith("net: ") for text in report.warnings)
    assert report.to_dict()["placement"]["net"]["fallback"]


def test_a_device_that_is_not_there_falls_back_under_the_name_of_the_cpu():
    with pytest.raises(fl.LoadError, match="'cuda:7'"):
        fl.Session(doubler(), device="cuda:7")
    with pytest.warns(fl.PlacementWarning, match="'cuda:7'"):
        session = fl.Session(doubler(), "cuda:7", fallback="cpu")
    with session:
        assert session.device == session.placement.device == "cpu"
        assert session.placement.requested == "cuda:7"
        assert session.stats().fallback_nodes == 1
    with pytest.raises(ValueError, match="fallback"):
        fl.Session(doubler(), fallback="gpu")


# The proof.


def test_without_a_log_that_is_understood_the_profile_is_the_proof(monkeypatch):
    monkeypatch.setattr("framelane._session_proof.read_log", lambda _: None)
    with fl.Session(doubler((1, 3, 8, 8)), device="webgpu") as session:
        assert session.placement.proof == "profile"
        assert [node.provider for node in session.placement.nodes] == [WEBGPU]
    assert [node.name for node in refused(split()).placement.misplaced] == ["middle"]


def test_without_a_profile_every_node_on_the_cpu_is_misplaced(monkeypatch):
    monkeypatch.setattr("framelane._placement_trial.read_profile", lambda _: [])
    with fl.Session(doubler((1, 3, 8, 8)), device="webgpu") as session:
        assert session.placement.proof == "log"
        assert [(node.name, node.provider) for node in session.placement.nodes] == [("y", WEBGPU)]
    assert [node.operator for node in refused(model_path("01_weighted")).placement.misplaced] == ["Cast"]


def test_with_neither_it_raises(monkeypatch):
    monkeypatch.setattr("framelane._session_proof.read_log", lambda _: None)
    monkeypatch.setattr("framelane._placement_trial.read_profile", lambda _: [])
    with pytest.raises(fl.PlacementError, match="may be anywhere"):
        fl.Session(doubler((1, 3, 8, 8)), device="webgpu")


def test_a_profile_of_the_users_own_is_still_theirs(tmp_path):
    options = fl.SessionOptions(profile=tmp_path / "mine")
    with fl.Session(doubler((1, 3)), device="webgpu", options=options) as session:
        assert session.placement.proof == "log and profile"
        session.run(noise(1, 3))
        events = json.loads(Path(session.end_profiling()).read_text())
    assert sum(event["name"] == "model_run" for event in events) == 1


def test_nothing_is_left_behind_and_nothing_printed(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with fl.Session(doubler((1, 3)), device="webgpu") as session:
        session.run(noise(1, 3))
        assert session.stats().runs == 1  # the one on zeros is not counted
    refused(split())
    assert list(tmp_path.iterdir()) == []
    assert "VerifyEachNodeIsAssigned" not in capfd.readouterr().err


# Real networks.


def test_a_real_network_that_it_takes():
    path = LIGHT / "light_squeezenet.onnx"
    with fl.Session(path) as session:
        (info,) = session.inputs
    placement = same_as_cpu(path, {info.name: noise(*info.shape)})
    assert {node.provider for node in placement.nodes} == {WEBGPU}
    assert len(placement.nodes) > 30
    assert not any("_token_" in node.name for node in placement.nodes)  # names are the model's own


def test_a_real_network_that_it_does_not_take():
    error = refused(LIGHT / "light_shufflenet.onnx")
    assert "and 12 more of its kind" in str(error)
    assert "allow_cpu=['Sum']" in str(error)
    assert {node.operator for node in error.placement.misplaced} == {"Sum"}


def rapidocr(name):
    spec = importlib.util.find_spec("rapidocr_onnxruntime")
    need("rapidocr-onnxruntime's networks", spec is not None)
    return Path(spec.origin).parent / "models" / name


def test_a_text_classifier():
    placement = same_as_cpu(rapidocr("ch_ppocr_mobile_v2.0_cls_infer.onnx"), noise(1, 3, 48, 192), tolerance=1e-3)
    assert placement.misplaced == ()
    assert len(placement.nodes) > 100


@pytest.mark.slow
def test_a_text_recogniser_with_shape_arithmetic_in_its_middle():
    with fl.Session(rapidocr("ch_PP-OCRv4_rec_infer.onnx"), device="webgpu") as session:
        placement = session.placement
    shapes = [node for node in placement.nodes if node.kind == "shape-only"]
    assert len(shapes) > 5
    assert placement.misplaced == ()
    assert max(copy.bytes for copy in placement.copies) <= 16


# Devices, and programs that load the same library.


def in_a_fresh_process(*lines, env=None):
    """Run statements; `framelane as fl`, `onnxruntime`, `library` and `net` are there."""
    start = f"""
import sys, warnings
sys.path[:0] = {sys.path!r}
import numpy as np, onnxruntime, onnxruntime_ep_webgpu
import framelane as fl
from networks import doubler
library = onnxruntime_ep_webgpu.get_library_path()
ones = np.ones((1, 3), np.float32)
net = doubler((1, 3))
def theirs():
    options = onnxruntime.SessionOptions()
    devices = [each for each in onnxruntime.get_ep_devices() if each.ep_name == {WEBGPU!r}]
    options.add_provider_for_devices(devices[:1], {{}})
    session = onnxruntime.InferenceSession(net.SerializeToString(), options)
    assert session.run(None, {{"x": ones}})[0].sum() == 6
    return session
def ours():
    session = fl.Session(net, device="webgpu")
    assert session.placement.nodes[0].provider == {WEBGPU!r}
    assert session.run(ones)["y"].sum() == 6
    return session
"""
    code = start + "\n".join(lines)
    environment = {**os.environ, **(env or {})}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, f"{done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def registrations():
    return f"len([each for each in onnxruntime.get_ep_devices() if each.ep_name == {WEBGPU!r}])"


def test_a_program_that_loaded_the_library_before_is_left_alone():
    out = in_a_fresh_process(
        "onnxruntime.register_execution_provider_library('webgpu', library)",
        "a, b, c = theirs(), ours(), theirs()",
        f"print({registrations()}, len([each for each in fl.devices() if each.name.startswith('webgpu')]))",
    )
    assert out.split() == ["1", "1"]


def test_a_program_that_loads_the_library_after_us_works_too():
    out = in_a_fresh_process(
        "a = ours()",
        "onnxruntime.register_execution_provider_library('webgpu', library)",
        "b, c = theirs(), ours()",
        "a.run(ones)",
        f"print({registrations()}, len([each for each in fl.devices() if each.name.startswith('webgpu')]))",
    )
    assert out.split() == ["2", "1"]  # the same hardware twice for ONNX Runtime, once for us


def test_the_library_is_loaded_once():
    out = in_a_fresh_process("a, b = ours(), ours()", "fl.devices(); fl.devices()", f"print({registrations()})")
    assert out.split() == ["1"]


def test_a_library_that_is_loaded_and_finds_no_device():
    out = in_a_fresh_process(
        "for _ in range(2):",  # not registered again the second time
        "    try: fl.Session(net, device='webgpu')",
        "    except fl.NoDeviceError as error: print(error)",
        "(found,) = [each for each in fl.devices() if each.name.startswith('webgpu')]",
        "assert found.problem",
        "with warnings.catch_warnings(record=True):",
        "    warnings.simplefilter('always')",
        "    session = fl.Session(net, device='webgpu', fallback='cpu')",
        "assert session.device == 'cpu' and session.run(ones)['y'].sum() == 6",
        env={"ORT_WEBGPU_EP_ALLOW_SOFTWARE_ADAPTER": "0"},
    )
    assert out.count("'webgpu' cannot be used") == 2


def test_devices_are_listed_with_what_they_can_do():
    cpu, *others = fl.devices()
    assert (cpu.name, cpu.provider) == ("cpu", "CPUExecutionProvider")
    (webgpu,) = [device for device in others if device.name == "webgpu:0"]
    assert (webgpu.provider, webgpu.streams, webgpu.memory, webgpu.problem) == (WEBGPU, False, True, "")
    assert Path(webgpu.library).is_file()
    assert "one run at a time" in str(webgpu)


@pytest.mark.parametrize("device", ["gpu", "webgpu:", "webgpu:x", "WEBGPU", "", "cpu:1", None])
def test_an_unknown_device_lists_what_there_is(device):
    with pytest.raises(fl.NoDeviceError, match=r"there is: cpu, .*webgpu"):
        fl.Session(doubler(), device=device)


def test_a_number_that_is_not_there():
    with pytest.raises(fl.NoDeviceError, match="webgpu has one device, webgpu:0"):
        fl.Session(doubler(), device="webgpu:1")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise RuntimeError('half installed')", "half installed"),
        (
            "def get_library_path(): return '/nowhere.so'\ndef get_ep_names(): return ['X']",
            "names '/nowhere.so', no file",
        ),
        (f"def get_library_path(): return {__file__!r}\ndef get_ep_names(): return ['X']", "cannot be loaded"),
    ],
)
def test_a_broken_package_is_named_with_its_cure(tmp_path, monkeypatch, body, words):
    kind = f"broken{abs(hash(words))}"
    package = tmp_path / f"onnxruntime_ep_{kind}"
    package.mkdir()
    (package / "__init__.py").write_text(body)
    monkeypatch.syspath_prepend(tmp_path)
    for _ in range(2):  # the second time from memory: nothing is registered again
        with pytest.raises(fl.LoadError, match=f"{words}.*pip install --force-reinstall onnxruntime-ep-{kind}"):
            fl.Session(doubler(), device=kind)
    assert any(words in device.problem for device in fl.devices())


# Turns.

STRESS = """
import threading
sessions = [fl.Session(net, device="webgpu") for _ in range(3)]
bound = [session.bind(ones.copy()) for session in sessions]
engine = fl.Engine(net, device="webgpu", streams=4, preprocess=False, postprocess=False)
assert engine.stats().streams == 1
bad = []
def use(session, bind):
    for i in range(150):
        x = np.full((1, 3), i, np.float32)
        if (session.run(x)["y"] != 2 * i).any(): bad.append(i)
        bind.inputs["x"][:] = i
        if (bind()["y"] != 2 * i).any(): bad.append(i)
def make():
    for i in range(15):
        with fl.Session(net, device="webgpu") as session:
            session.bind(ones)()
def frames():
    engine.put_all(np.full((1, 3), i, np.float32) for i in range(300))
threads = [threading.Thread(target=use, args=pair) for pair in zip(sessions, bound)]
threads += [threading.Thread(target=make), threading.Thread(target=frames)]
for thread in threads: thread.daemon = True; thread.start()
for i, frame in enumerate(engine):
    if (np.asarray(frame.tensors["y"]) != 2 * i).any(): bad.append(i)
for thread in threads: thread.join()
print("bad", bad)
"""


def test_sessions_take_turns_at_a_device_without_streams():
    """Without the gate this process dies."""
    assert in_a_fresh_process(STRESS).split("\n")[0] == "bad []"
