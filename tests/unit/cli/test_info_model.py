from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from framelane.cli import main
from framelane.cli._model_facts import type_text

MODELS = Path(__file__).parents[2] / "data" / "models"


def info(capsys, *arguments):
    assert main(["info", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_inputs_outputs_and_all_the_rest(capsys, tmp_path):
    weights = helper.make_tensor("w", TensorProto.FLOAT, [3, 3, 1, 1], [0.5] * 9)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"], "conv")],
        "g",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3, 8, None]) for name in ("x", "w")],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT16, None)],
        [weights],
    )
    model = helper.make_model(graph, producer_name="us", opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"author": "me"})
    onnx.save(model, tmp_path / "m.onnx")
    facts = info(capsys, tmp_path / "m.onnx")
    assert facts["kind"] == "model"
    assert facts["inputs"] == [{"name": "x", "dtype": "float32", "shape": ["N", 3, 8, None]}]
    assert facts["outputs"] == [{"name": "y", "dtype": "float16", "shape": None}]
    assert (facts["parameters"], facts["nodes"], facts["operators"]) == (9, 1, {"Conv": 1})
    assert (facts["ir_version"], facts["opsets"], facts["producer"]) == (8, {"ai.onnx": 17}, "us")
    assert facts["metadata"] == {"author": "me"}
    assert facts["notes"] == []


def test_the_table_shows_names_and_shapes(capsys):
    assert main(["info", str(MODELS / "any_unnamed_axes.onnx")]) == 0
    out, err = capsys.readouterr()
    assert "x: float32 [?, 3, ?, ?]" in out
    assert err == ""


@pytest.mark.parametrize(
    ("name", "key", "value"), [("06_ir_99", "ir_version", 99), ("06_opset_99", "opsets", {"ai.onnx": 99})]
)
def test_a_model_newer_than_any_runtime_is_shown(capsys, name, key, value):
    facts = info(capsys, MODELS / f"{name}.onnx")
    assert facts[key] == value
    assert [each["name"] for each in facts["inputs"] + facts["outputs"]] == ["x", "y"]


def test_operators_of_a_foreign_domain_are_named(capsys):
    facts = info(capsys, MODELS / "06_custom_operator.onnx")
    assert facts["inputs"][0]["name"] == "x"
    assert "Warp of domain acme.video" in facts["notes"][0]


def test_external_weights(capsys, tmp_path):
    assert info(capsys, MODELS / "05_external.onnx")["external_files"] == ["weights/05.bin"]
    facts = info(capsys, MODELS / "05_missing.onnx")
    assert facts["notes"] == [f"The weights file weights/gone.bin is missing from {MODELS}."]
    link = tmp_path / "link.onnx"
    link.symlink_to(MODELS / "05_external.onnx")
    assert info(capsys, link)["notes"] == []


def test_strings_are_shown(capsys):
    assert info(capsys, MODELS / "any_strings.onnx")["inputs"][1]["dtype"] == "string"


def test_constants_in_nodes_count_as_parameters(capsys):
    assert info(capsys, MODELS / "01_weighted.onnx")["parameters"] > 0


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "no such file"),
        (b"", "is empty (0 bytes)"),
        (b"\x08", "cut off"),
        (b"just text", "is not an ONNX model"),
        (b"\x08\x08", "holds no graph"),
    ],
)
def test_what_is_no_model_is_a_sentence(capsys, tmp_path, content, text):
    path = tmp_path / "m.onnx"
    if content is not None:
        path.write_bytes(content)
    assert main(["info", str(path)]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert str(path) in err
    assert text in err
    assert err.count("\n") == 1


def test_a_folder_is_no_model(capsys, tmp_path):
    folder = tmp_path / "m.onnx"
    folder.mkdir()
    assert main(["info", str(folder)]) == 3
    assert "is a folder" in capsys.readouterr().err


def test_types_have_names():
    tensor = helper.make_tensor_type_proto(TensorProto.DOUBLE, [1])
    assert type_text(tensor) == "float64"
    assert type_text(helper.make_sequence_type_proto(tensor)) == "sequence(float64)"
    assert type_text(helper.make_optional_type_proto(helper.make_sequence_type_proto(tensor))).startswith("optional(")
    assert type_text(helper.make_map_type_proto(TensorProto.STRING, tensor)) == "map(string, float64)"
    assert type_text(helper.make_sparse_tensor_type_proto(TensorProto.INT8, [1])) == "sparse(int8)"
    assert type_text(onnx.TypeProto()) == "unknown"
