from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from onnx import TensorProto, helper

import framelane as fl
from networks import doubler, model_path, network, value


def test_every_node_is_on_the_cpu():
    with fl.Session(model_path("01_weighted")) as session:
        placement = session.placement
        assert placement is session.placement
        assert placement.device == session.device == "cpu"
        assert {node.provider for node in placement.nodes} == {"CPUExecutionProvider"}
        assert "Shape" in {node.operator for node in placement.nodes}
        assert str(placement).splitlines()[0].startswith("cpu (CPUExecutionProvider, onnxruntime 1.")


@pytest.mark.parametrize("form", ["path", "bytes", "proto"])
def test_it_is_the_same_however_the_model_was_given(tmp_path, form):
    proto = doubler()
    path = tmp_path / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    with fl.Session({"path": path, "bytes": path.read_bytes(), "proto": proto}[form]) as session:
        assert session.placement.nodes == (fl.NodePlacement("y", "Add", "CPUExecutionProvider"),)
        assert ": 1 node\n" in str(session.placement)


def test_json():
    with fl.Session(doubler()) as session:
        assert json.loads(json.dumps(session.placement.to_dict())) == {
            "device": "cpu",
            "provider": "CPUExecutionProvider",
            "runtime": session.placement.runtime,
            "proof": "no other provider",
            "requested": "",
            "fallback": "",
            "nodes": [
                {
                    "name": "y",
                    "operator": "Add",
                    "provider": "CPUExecutionProvider",
                    "kind": "on device",
                    "moved": None,
                    "reason": "",
                    "allowed": False,
                }
            ],
            "copies": [],
            "note": "",
        }


def test_nodes_of_inner_graphs_and_other_domains_are_listed():
    gelu = helper.make_node("Gelu", ["x"], ["b"], domain="com.microsoft")
    inner = helper.make_graph([gelu], "inner", [], [value("b", [1])])
    branch = helper.make_node("If", ["go"], ["y"], name="choose", then_branch=inner, else_branch=inner)
    model = network([branch], [value("x", [1]), value("go", [], TensorProto.BOOL)], [value("y", [1])])
    model.opset_import.add(domain="com.microsoft", version=1)
    with fl.Session(model) as session:
        assert [node.operator for node in session.placement.nodes] == ["com.microsoft.Gelu"] * 2 + ["If"]
        assert session.run({"x": np.ones(1, np.float32), "go": np.array(True)})["y"].shape == (1,)


@pytest.mark.parametrize("change", ["gone", "changed"])
def test_a_file_that_is_another_one_by_now_is_not_read(tmp_path, change):
    path = tmp_path / "model.onnx"
    shutil.copy(model_path("any_identity"), path)
    with fl.Session(path) as session:
        if change == "gone":
            path.unlink()
        else:
            path.write_bytes(model_path("01_weighted").read_bytes())
        assert session.placement.nodes == ()
        assert change in session.placement.note
        assert session.placement.note in str(session.placement)
