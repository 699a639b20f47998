"""Says in one sentence why a model cannot be loaded: which file, what is wrong, and what helps."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from ._errors import ModelError
from ._model import Model, external_path, missing_data, printable
from ._onnx_file import DamagedModelError, OnnxFile

# How files begin that people take for models, and what to say.
_KINDS = (
    (b"version https://git-lfs", "is a pointer of Git LFS, not the model itself; fetch it: git lfs pull"),
    (b"<!DOCTYPE", "is a web page, not a model: the download went wrong"),
    (b"<!doctype", "is a web page, not a model: the download went wrong"),
    (b"<html", "is a web page, not a model: the download went wrong"),
    (b"PK\x03\x04", "is a zip archive, as PyTorch's .pt files are, and not ONNX; export it: torch.onnx.export"),
    (b"\x80\x02", "is a pickle, as older PyTorch files are, and not ONNX; export it: torch.onnx.export"),
    (b"\x89HDF", "is an HDF5 file, as Keras writes, and not ONNX; convert it: tf2onnx"),
    (b"GGUF", "is a GGUF file, and not ONNX"),
    (b"ftrt", "is a TensorRT engine, and not ONNX"),
    (b"\x1f\x8b", "is compressed with gzip; unpack it first: gunzip"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd; unpack it first: unzstd"),
    (b"7z\xbc\xaf", "is a 7z archive; unpack it first"),
    (b"\x89PNG", "is a picture, not a model"),
    (b"\xff\xd8\xff", "is a picture, not a model"),
    (b"GIF8", "is a picture, not a model"),
    (b"\x1aE\xdf\xa3", "is a video, not a model"),
    (b"\x93NUMPY", "is a NumPy array, not a model"),
    (b"\x7fELF", "is a program or library, not a model"),
)
_KINDS_AT_4 = (
    (b"ftyp", "is a video or picture, not a model"),
    (b"TFL3", "is a TensorFlow Lite model, and not ONNX; convert it: tf2onnx"),
)

_REGISTER = "Register the library: SessionOptions(custom_operator_libraries=['/path/to/library.so'])"

# Who supplies the operators of a domain that this ONNX Runtime has not, and what to do.
_EXTENSIONS = (
    "the package onnxruntime-extensions",
    "Install it and register its library: SessionOptions(custom_operator_libraries="
    "[onnxruntime_extensions.get_library_path()])",
)
_PREVIEW = ("nobody yet: ONNX has it as a preview", "Export the model without it")
_TENSORRT = ("TensorRT's plug-ins, which ONNX Runtime does not have", "Export the model without them")
_SUPPLIERS = {
    "ai.onnx.contrib": _EXTENSIONS,
    "com.microsoft.extensions": _EXTENSIONS,
    "mmdeploy": ("OpenMMLab's mmdeploy, as libmmdeploy_onnxruntime_ops.so", _REGISTER),
    "mmcv": ("OpenMMLab's mmcv or mmdeploy, as libmmdeploy_onnxruntime_ops.so", _REGISTER),
    "org.pytorch.aten": (
        "PyTorch only, which left it in the export as it was",
        "Export the model without ATen fallback",
    ),
    "com.microsoft": ("ONNX Runtime itself, in another version or build", "Upgrade onnxruntime"),
    "ai.onnx.preview": _PREVIEW,
    "ai.onnx.preview.training": _PREVIEW,
    "trt.plugins": _TENSORRT,
    "TRT": _TENSORRT,
}
_UNKNOWN_SUPPLIER = ("whoever made the model, or the tool that exported it", _REGISTER)


def explain(model: Model, version: str, error: ModelError) -> ModelError:
    """Return the error to raise instead of ONNX Runtime's own, whose text `error` has."""
    text = str(error)
    try:
        file = model.read()
    except DamagedModelError as damage:
        return ModelError(f"{model.label} {_damage(model, damage, text)}")
    except OSError:
        return ModelError(f"{model.label}: {text}")
    if not file.has_graph:
        return ModelError(f"{model.label} {_kind(model) or 'is no ONNX model: it has no graph'}")
    for reason in _REASONS:
        if sentence := reason(model, file, version, text):
            return ModelError(f"{model.label} {sentence}")
    return ModelError(f"{model.label} cannot be loaded: {_own_words(text)}")


def _start(model: Model) -> tuple[bytes, int]:
    if model.path is None:
        data = memoryview(model.data).cast("B")
        return bytes(data[:64]), len(data)
    with open(model.path, "rb") as file:
        return file.read(64), os.path.getsize(model.path)


def _kind(model: Model) -> str:
    start, _ = _start(model)
    kinds = [text for magic, text in _KINDS if start.startswith(magic)]
    kinds += [text for magic, text in _KINDS_AT_4 if start[4:].startswith(magic)]
    return kinds[0] if kinds else ""


def _damage(model: Model, damage: DamagedModelError, text: str) -> str:
    start, size = _start(model)
    if start[4:8] == b"ORTM":
        return f"is in ONNX Runtime's own format and cannot be loaded: {_own_words(text)}"
    if kind := _kind(model):
        return kind
    if damage.begins_well and damage.needed:
        return (
            f"is cut short: it has {size} bytes and what is in it goes on to at least {damage.needed}; "
            "copy or download it again"
        )
    if damage.begins_well:
        return f"is damaged: it begins as an ONNX model and goes on as none ({size} bytes); copy or download it again"
    return "is no ONNX model; export one (torch.onnx.export, tf2onnx) and pass its path"


def _no_numbers(model: Model, file: OnnxFile, version: str, text: str) -> str:  # noqa: ARG001
    if re.match("(input|output) '", text):
        return f"has the {text}"  # what the native side refuses
    for value in file.values:
        if value.kind:
            return (
                f"has the {value.role} {value.name!r}, which is {value.kind}; framelane takes only tensors of bool, of "
                "integers of 8 to 64 bits and of floats of 16 to 64 bits. Change the model so that this stays inside it"
            )
    return ""


def _external_data(model: Model, file: OnnxFile, version: str, text: str) -> str:  # noqa: ARG001
    folder = printable(model.folder)
    for data in missing_data(model, file.external_data):
        return (
            f"keeps weights in {data.location!r}, and there is no such file in {folder}; copy it "
            "there, it belongs to the model"
        )
    for data in file.external_data:
        size = os.path.getsize(external_path(model, data))
        if data.offset + data.length > size:
            return (
                f"keeps weights in {data.location!r}, and that file in {folder} is cut short: it has {size} bytes "
                f"and {data.offset + data.length} are wanted; copy or download it again"
            )
    if file.external_data and "xternal data" in text:
        return f"keeps weights in {file.external_data[0].location!r}, which cannot be used: {_own_words(text)}"
    return ""


def _ir_version(model: Model, file: OnnxFile, version: str, text: str) -> str:  # noqa: ARG001
    found = re.search(r"Unsupported model IR version: (\d+), max supported IR version: (\d+)", text)
    if not found:
        return ""
    return (
        f"has IR version {found[1]}, and the newest that onnxruntime {version} reads is {found[2]}; upgrade "
        f"onnxruntime, or save the model with an older one: model.ir_version = {found[2]}"
    )


def _operator_set(model: Model, file: OnnxFile, version: str, text: str) -> str:  # noqa: ARG001
    found = re.search(r"Opset (\d+) is under development.*official support for domain (\S*) is till opset (\d+)", text)
    if not found:
        return ""
    return (
        f"uses operator set {found[1]} of domain {found[2]}, and the newest that onnxruntime {version} knows is "
        f"{found[3]}; upgrade onnxruntime, or export the model with opset_version={found[3]}"
    )


def _unknown_operator(model: Model, file: OnnxFile, version: str, text: str) -> str:  # noqa: ARG001
    found = re.search(r"([\w.\-]*):(\w+)\(-?\d+\) is not a registered function/op", text)
    missing = re.search(r"No Op registered for (\w+) with domain_version of \d+", text)
    if not found and not missing:
        return ""
    domain, operator = (found[1], found[2]) if found else _domain_of(missing[1] if missing else "", file)
    if domain in ("", "ai.onnx"):
        version_used = file.operator_sets.get("", "?")
        return (
            f"uses the operator {operator}, which operator set {version_used} of ONNX does not have; "
            "export the model again, with a newer opset_version or without that operator"
        )
    others = {node.operator for node in file.nodes if node.domain == domain} - {operator}
    also = f" (and {', '.join(sorted(others))})" if others else ""
    supplier, cure = _SUPPLIERS.get(domain, _UNKNOWN_SUPPLIER)
    return (
        f"uses the operator {operator}{also} of domain {domain}, which onnxruntime {version} does not have; it is "
        f"supplied by {supplier}. {cure}"
    )


def _domain_of(operator: str, file: OnnxFile) -> tuple[str, str]:
    return next((node.domain for node in file.nodes if node.operator == operator), ""), operator


def _no_kernel(model: Model, file: OnnxFile, version: str, text: str) -> str:  # noqa: ARG001
    found = re.search(r"(?:implementation|kernel) for (\w+)\((\d+)\) (?:node with name|\(node:)\s?'([^']*)'", text)
    if not found:
        return ""
    operator, operator_version, name = found.groups()
    name = name or next((node.name for node in file.nodes if node.operator == operator), "?")
    return (
        f"has the node {name!r}, whose operator {operator} (version {operator_version}) onnxruntime {version} does "
        "not run on the CPU with these types of its inputs; convert them in the model, for instance to float32"
    )


def _own_words(text: str) -> str:
    """ONNX Runtime's own reason, without what we say ourselves."""
    text = re.sub(r"^ONNX Runtime \S+ cannot load it: ", "", text)
    return re.sub(r"^Load model from .*? failed:", "", text).strip() or "no reason given"


_Reason = Callable[[Model, OnnxFile, str, str], str]
_REASONS: tuple[_Reason, ...] = (_no_numbers, _external_data, _ir_version, _operator_set, _unknown_operator, _no_kernel)
