"""What is said of a model that cannot be loaded: the kinds of damage that people meet."""

from __future__ import annotations

import contextlib
import os
import shutil
import zipfile

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import framelane as fl
from networks import MODELS, doubler, identity_of, model_path, network, reference, value


def refusal(model, **options):
    """The text of the ModelError that loading raises: one paragraph, without places in sources."""
    with pytest.raises(fl.ModelError) as caught:
        fl.Session(model, options=fl.SessionOptions(**options))
    text = str(caught.value)
    assert "\n" not in text
    assert not any(part in text for part in (".cc:", ".h:", "onnxruntime_src", "::", "[ONNXRuntimeError]"))
    return text


@pytest.fixture
def models(tmp_path):
    """A copy of the models that tests may spoil."""
    shutil.copytree(MODELS, tmp_path / "models")
    return tmp_path / "models"


# Where the weights are: case 05


def feeds_of(session):
    shape = tuple(size if isinstance(size, int) else 4 for size in session.inputs[0].shape)
    return {"x": np.random.default_rng(1).random(shape, np.float32)}


def assert_runs(model):
    with fl.Session(model) as session:
        feeds = feeds_of(session)
        np.testing.assert_allclose(session.run(feeds)["y"], reference("05_external", feeds)["y"], rtol=1e-6)


def test_weights_beside_the_model_are_found_from_everywhere(models, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = elsewhere / "link.onnx"
    link.symlink_to(models / "05_external.onnx")
    (elsewhere / "folder").symlink_to(models)
    monkeypatch.chdir(elsewhere)
    for path in (
        models / "05_external.onnx",
        str(models / "05_external.onnx"),
        os.fsencode(models / "05_external.onnx"),
        "../models/05_external.onnx",
        "link.onnx",
        link,
        "folder/05_external.onnx",
    ):
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        assert_runs(path)


def test_a_link_whose_weights_lie_beside_the_link(models, tmp_path):
    """As the cache of Hugging Face is laid out: both are links to files of other names."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshot"
    blobs.mkdir()
    (snapshot / "weights").mkdir(parents=True)
    shutil.copy(models / "05_external.onnx", blobs / "a1")
    shutil.copy(models / "weights" / "05.bin", blobs / "b2")
    (snapshot / "model.onnx").symlink_to("../blobs/a1")
    (snapshot / "weights" / "05.bin").symlink_to("../../blobs/b2")
    assert_runs(snapshot / "model.onnx")


def test_bytes_do_not_tell_where_their_weights_are(models, monkeypatch):
    monkeypatch.chdir(models)  # where ONNX Runtime would find them, and must not
    data = model_path("05_external").read_bytes()
    for model in (
        data,
        bytearray(data),
        memoryview(data),
        onnx.load(MODELS / "05_external.onnx", load_external_data=False),
    ):
        text = refusal(model)
        assert "'weights/05.bin'" in text
        assert "pass the path of the .onnx file" in text
    assert_runs(onnx.load(MODELS / "05_external.onnx"))


def test_weights_that_are_missing_are_named_with_the_folder(models):
    text = refusal(models / "05_missing.onnx")
    assert "'weights/gone.bin'" in text
    assert str(models) in text


def test_weights_that_are_cut_short_are_named(models):
    with (models / "weights" / "05.bin").open("r+b") as file:
        file.truncate(100)
    text = refusal(models / "05_external.onnx")
    assert "'weights/05.bin'" in text
    assert "it has 100 bytes and 324 are wanted" in text


def test_weights_within_a_constant_or_a_subgraph_count_too(models):
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [1], [0.0])
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="far/away.bin")
    constant = helper.make_node("Constant", [], ["c"], value=tensor)
    inner = helper.make_graph([constant, helper.make_node("Identity", ["c"], ["b"])], "inner", [], [value("b", [1])])
    branch = helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)
    model = network([branch], [value("x", [], TensorProto.BOOL)], [value("y", [1])])
    assert "'far/away.bin'" in refusal(model.SerializeToString())
    (models / "branch.onnx").write_bytes(model.SerializeToString())
    assert "'far/away.bin'" in refusal(models / "branch.onnx")


# What this runtime does not know: case 06


def test_a_newer_ir_version():
    text = refusal(model_path("06_ir_99"))
    assert "06_ir_99.onnx' has IR version 99, and the newest that onnxruntime" in text
    assert "reads is 1" in text


def test_a_newer_operator_set():
    text = refusal(model_path("06_opset_99"))
    assert "uses operator set 99 of domain ai.onnx, and the newest that onnxruntime" in text
    assert "knows is 2" in text


def test_an_operator_of_another_domain():
    text = refusal(model_path("06_custom_operator"))
    assert "the operator Warp of domain acme.video" in text
    assert "supplied by whoever made the model" in text
    assert "SessionOptions(custom_operator_libraries=" in text


@pytest.mark.parametrize(
    ("domain", "supplier"),
    [
        ("ai.onnx.contrib", "onnxruntime-extensions"),
        ("mmdeploy", "OpenMMLab's mmdeploy"),
        ("com.microsoft", "ONNX Runtime itself"),
        ("trt.plugins", "TensorRT"),
        ("org.pytorch.aten", "PyTorch"),
    ],
)
def test_who_supplies_the_operators_of_known_domains(domain, supplier):
    nodes = [helper.make_node(name, ["x"], [out], domain=domain) for name, out in (("Warp", "y"), ("Blur", "z"))]
    text = refusal(network(nodes, [value("x", [1])], [value("y", [1]), value("z", [1])]))
    assert f"the operator Warp (and Blur) of domain {domain}" in text
    assert supplier in text


def test_an_operator_that_onnx_has_not():
    text = refusal(network([helper.make_node("Warp", ["x"], ["y"])], [value("x", [1])], [value("y", [1])]))
    assert "the operator Warp, which operator set 17 of ONNX does not have" in text


def test_an_operator_without_a_kernel_for_these_types():
    kinds = [value(name, [1, 1, 4, 4], TensorProto.BFLOAT16) for name in "xy"]
    nodes = [helper.make_node("GlobalLpPool", ["x"], ["y"], name="pool")]
    text = refusal(network(nodes, kinds[:1], kinds[1:], opset=22))
    assert "'pool'" in text
    assert "GlobalLpPool" in text


# What is no tensor of numbers

TENSOR = helper.make_tensor_type_proto(TensorProto.FLOAT, [2])
KINDS = {
    "a sequence": helper.make_sequence_type_proto(TENSOR),
    "optional": helper.make_optional_type_proto(TENSOR),
    "a tensor of strings": helper.make_tensor_type_proto(TensorProto.STRING, [2]),
    "a sparse tensor": helper.make_sparse_tensor_type_proto(TensorProto.FLOAT, [2]),
    "a map": helper.make_map_type_proto(TensorProto.INT64, TENSOR),
    "a tensor of complex64": helper.make_tensor_type_proto(TensorProto.COMPLEX64, [2]),
    "a tensor of float8e5m2": helper.make_tensor_type_proto(TensorProto.FLOAT8E5M2, [2]),
    "a tensor of int4": helper.make_tensor_type_proto(TensorProto.INT4, [2]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_inputs_that_are_no_tensors_of_numbers_are_refused_by_name(kind):
    model = identity_of(KINDS[kind])
    model.opset_import[0].version = 21
    assert f"the input 'x', which is {kind}" in refusal(model)


def test_an_output_alone_is_refused_too():
    split = helper.make_node("SplitToSequence", ["x"], ["parts"])
    output = helper.make_value_info("parts", helper.make_sequence_type_proto(TENSOR))
    assert "the output 'parts', which is a sequence" in refusal(network([split], [value("x", [4])], [output]))
    assert "'label'" in refusal(model_path("any_strings"))


# What is no model at all


def test_a_missing_file_is_named_with_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert refusal("gone.onnx") == f"model 'gone.onnx' does not exist (looked for {tmp_path}/gone.onnx)"
    (tmp_path / "link.onnx").symlink_to("gone.onnx")
    assert "is a symbolic link to 'gone.onnx', which does not exist" in refusal("link.onnx")
    (tmp_path / "loop.onnx").symlink_to("loop.onnx")
    assert "symbolic link" in refusal("loop.onnx")
    assert "cannot be opened: Not a directory" in refusal(model_path("any_identity") / "x.onnx")
    assert "cannot be opened: File name too long" in refusal("x" * 300)


def test_what_is_no_regular_file(tmp_path):
    assert "is a folder" in refusal(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "is no regular file" in refusal(tmp_path / "pipe")
    assert "is no regular file" in refusal("/dev/zero")
    assert "no file can have" in refusal("")
    assert "no file can have" in refusal("a\0b")


def test_a_file_that_may_not_be_read(monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # the tests may run as root, who may read everything
    assert "may not be read by this user" in refusal(model_path("any_identity"))


@pytest.mark.parametrize(
    "name", ["größe 视频.onnx", "100%d.onnx", "a:b.onnx", "-x.onnx", "a b'c\".onnx", "\udcff\udcfe.onnx"]
)
def test_every_name_works_and_can_be_printed(models, name):
    path = models / name
    (models / "any_identity.onnx").rename(path)
    fl.Session(path).close()
    path.write_bytes(b"")
    refusal(path).encode()


def test_an_empty_model(tmp_path):
    (tmp_path / "empty.onnx").touch()
    assert "is empty (0 bytes)" in refusal(tmp_path / "empty.onnx")
    assert "is empty (0 bytes)" in refusal(b"")


@pytest.mark.parametrize("model", [None, 3, 1.5, ["model.onnx"], np.zeros(3), object()])
def test_what_is_neither_path_nor_bytes_nor_proto(model):
    with pytest.raises(TypeError, match=r"a model is a path, bytes or an onnx\.ModelProto, and not"):
        fl.Session(model)


def test_a_model_cut_short_anywhere(tmp_path):
    data = model_path("04_points").read_bytes()
    path = tmp_path / "cut.onnx"
    for length in range(1, len(data)):
        path.write_bytes(data[:length])
        for model in (path, data[:length]):
            with contextlib.suppress(fl.ModelError):
                fl.Session(model).close()
    path.write_bytes(data[:200])
    assert "is cut short: it has 200 bytes and what is in it goes on to at least" in refusal(path)
    assert "the model given as bytes is cut short" in refusal(data[:200])


def test_a_damaged_model_does_not_end_the_process(tmp_path):
    data = model_path("04_points").read_bytes()
    generator = np.random.default_rng(1)
    for _ in range(300):
        spoilt = bytearray(data)
        for place in generator.integers(0, len(data), 3):
            spoilt[place] = generator.integers(256)
        with contextlib.suppress(fl.ModelError):
            fl.Session(bytes(spoilt)).close()


def make_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", b"")


OTHER_FILES = {
    "pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n",
    "web page": b"<!DOCTYPE html><html><body>404</body></html>",
    "picture": b"\x89PNG\r\n\x1a\n" + b"abc" * 30,
    "video or picture": b"\0\0\0\x20ftypisom" + b"\0" * 30,
    "NumPy array": b"\x93NUMPY\x01\0",
    "HDF5 file": b"\x89HDF\r\n\x1a\n",
    "TensorFlow Lite": b"\x1c\0\0\0TFL3" + b"\0" * 40,
    "gzip": b"\x1f\x8b\x08\0" + b"\0" * 40,
    "pickle": b"\x80\x02}q\0.",
    "zip archive": None,
    "no ONNX model": b"hello world, this is text\n" * 3,
}


@pytest.mark.parametrize("kind", OTHER_FILES)
def test_other_files_are_told_from_models(tmp_path, kind):
    path = tmp_path / "model.onnx"
    data = OTHER_FILES[kind]
    if data is None:
        make_zip(path)
    else:
        path.write_bytes(data)
    text = refusal(path)
    assert text.startswith(f"model {str(path)!r} is ")
    assert kind in text


def test_a_protocol_buffer_without_a_graph(tmp_path):
    assert "it has no graph" in refusal(onnx.ModelProto(ir_version=8).SerializeToString())


def test_onnx_runtimes_own_format_loads(tmp_path):
    path = tmp_path / "model.ort"
    options = fl.SessionOptions(optimized_model_path=path, config={"session.save_model_format": "ORT"})
    fl.Session(doubler((1, 3)), options=options).close()
    for model in (path, path.read_bytes()):
        with fl.Session(model) as session:
            assert session.run(np.ones((1, 3), np.float32))["y"].tolist() == [[2, 2, 2]]
            assert session.placement.nodes == ()
            assert session.placement.note
    damaged = path.read_bytes()[:64]
    assert "ONNX Runtime's own format" in refusal(damaged)


def test_a_model_that_contradicts_itself():
    model = network([helper.make_node("Relu", ["x"], ["y"])], [value("x", [1], TensorProto.UINT16)], [value("y", [1])])
    assert "cannot be loaded: " in refusal(model)
    cycle = [helper.make_node("Relu", ["b"], ["a"]), helper.make_node("Relu", ["a"], ["b"])]
    refusal(network(cycle, [value("x", [1])], [value("b", [1])]))


def test_a_proto_that_is_too_large_says_how_to_save_it():
    class Large:
        def SerializeToString(self):  # noqa: N802 - protobuf's name
            raise ValueError("Message onnx.ModelProto exceeds maximum protobuf size of 2GB: 3000000000")

    assert "save_as_external_data=True" in refusal(Large())


def test_names_that_are_no_utf_8_are_shown_with_backslashes():
    data = doubler().SerializeToString()
    data = data.replace(b"\x01x", b"\x01\xff").replace(b"\x01N", b"\x01\xfe").replace(b"test", b"\xfd\xfc\xfb\xfa")
    with fl.Session(data) as session:
        assert str(session.inputs[0]) == "\\xff: float32 (\\xfe, 3)"
        assert session.metadata.graph == "\\xfd\\xfc\\xfb\\xfa"
        assert session.run({"\\xff": np.ones((1, 3), np.float32)})["y"].sum() == 6
        with pytest.raises(fl.ShapeError, match="xff: expected"):
            session.run({})
