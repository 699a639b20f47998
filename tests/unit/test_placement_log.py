"""What is read from ONNX Runtime's words, those of each supported end: recorded here, live in test_placement.py."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from framelane import _placement_reason
from framelane._onnx_file import Node
from framelane._placement_log import LoggedNode, PlacementLog, read_log
from framelane._placement_profile import ProfiledNode, read_profile
from framelane._placement_reason import Reasons
from framelane._placement_trial import Measurement

LOGS = Path(__file__).parents[1] / "data" / "placement"
WEBGPU, CPU = "WebGpuExecutionProvider", "CPUExecutionProvider"


@pytest.mark.parametrize("name", ["webgpu-1.24.4.log", "webgpu-1.32.0.log"])
def test_the_log_of_each_supported_end(name):
    log = read_log((LOGS / name).read_text().splitlines())
    assert log is not None
    assert log.counts == {WEBGPU: 4, CPU: 1}
    assert LoggedNode("Hardmax", "middle", CPU) in log.nodes
    assert len(log.nodes) == 5
    assert sorted(operator for operator, _ in log.copies) == ["MemcpyFromHost", "MemcpyToHost"]
    assert ("Hardmax", "middle") in log.no_kernel


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Node placements"],
        ["Node placements", "conv -> webgpu"],
        ["Node placements", f" Node(s) placed on [{WEBGPU}]. Number of nodes: 2", "  Conv (a)"],  # one is missing
        [f" Node(s) placed on [{WEBGPU}]. Number of nodes: 1", "  Conv (a)"],
    ],
)
def test_a_log_of_another_form_is_refused(lines):
    assert read_log(lines) is None


def test_all_on_one_provider():
    log = read_log(["Node placements", f" All nodes placed on [{WEBGPU}]. Number of nodes: 7", "Done"])
    assert log is not None
    assert (log.counts, log.nodes) == ({WEBGPU: 7}, [])


@pytest.mark.parametrize("text", ["", "{", "{}", "[1, null]", '[{"cat": "Node", "name": "a_kernel_time"}]'])
def test_what_is_no_profile_has_no_runs(text):
    assert read_profile(text) == []


def event(name, operator, **arguments):
    return {"cat": "Node", "name": f"{name}_kernel_time", "args": {"op_name": operator, "provider": CPU, **arguments}}


def test_each_run_of_a_profile_is_read_for_itself():
    end = {"cat": "Session", "name": "model_run", "args": {}}
    shape = event("s", "Shape", activation_size="9000", output_size="16")
    events = [event("a", "Add", output_size="8"), end, shape, event("a", "Add", output_size="32"), end]
    first, second = read_profile(json.dumps(events))
    assert [node.moved for node in first] == [8]
    assert [(node.name, node.moved) for node in second] == [("s", 16), ("a", 32)]  # Shape leaves the frame alone


def test_what_grows_with_the_frame():
    def node(moved):
        return ProfiledNode("a", "Add", CPU, 0, (), (), moved)

    assert Measurement([node(64)], 100, [node(256)], 400).grows(node(64))
    assert not Measurement([node(64)], 100, [node(128)], 400).grows(node(64))
    assert not Measurement([node(64)], 100).grows(node(64))


def kernel(name, first, last, *types):
    constraints = {"T": [f"tensor({each})" for each in types]}
    return SimpleNamespace(op_name=name, domain="", version_range=(first, last), type_constraints=constraints)


@pytest.mark.parametrize(
    ("opset", "types", "words"),
    [
        (6, ("float",), "has Clip of operator sets from 11 on, and the model uses 6"),
        (13, ("double",), "has no kernel for Clip of double, only of float, float16"),
        (13, ("float",), "took none"),
    ],
)
def test_why_a_provider_refuses(monkeypatch, opset, types, words):
    kernels = (kernel("Clip", 11, 12, "float"), kernel("Clip", 13, 2**31 - 1, "float16"))
    monkeypatch.setattr(_placement_reason, "_kernels", lambda _: kernels)
    reasons = Reasons("webgpu", WEBGPU, None, [Node("c", "Clip", "")], {"": opset})
    measured = ProfiledNode("c", "Clip", CPU, 0, (), (), 8, types)
    assert words in reasons(LoggedNode("Clip", "c", CPU), measured)


def test_why_without_kernel_definitions(monkeypatch):
    monkeypatch.setattr(_placement_reason, "_kernels", lambda _: None)
    log = PlacementLog(no_kernel={("Clip", "c")}, kept={"s": "it is cheaper there."})
    reasons = Reasons("webgpu", WEBGPU, log, [], {})
    assert reasons(LoggedNode("Clip", "c", CPU), None) == "webgpu has no kernel for this Clip"
    assert reasons(LoggedNode("Add", "s", CPU), None) == "ONNX Runtime keeps it on the CPU because it is cheaper there"
    assert reasons(LoggedNode("Add", "other", CPU), None) == "no kernel, reason not reported"
