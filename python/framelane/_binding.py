"""The arrays that a `BoundRun` is made of: what is given, and what has to be allocated."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._core import Tensor
from ._errors import ShapeError

if TYPE_CHECKING:
    from ._tensor_info import TensorInfo

Shape = tuple[int, ...]


def bind(
    session: _core.SessionBase,
    infos: tuple[Sequence[TensorInfo], Sequence[TensorInfo]],
    inputs: Any,
    outputs: Mapping[str, Any] | None,
) -> _core.BoundRun:
    """Bind a session of these inputs and outputs. See `Session.bind`."""
    input_infos, output_infos = infos
    given = _by_name(input_infos, inputs)
    given_outputs = dict(outputs or {})
    _refuse_unknown("input", input_infos, given)
    _refuse_unknown("output", output_infos, given_outputs)
    kind = _kind(given)
    bound_inputs = {info.name: _input(info, given.get(info.name), kind) for info in input_infos}
    sizes = _symbols(input_infos, bound_inputs)
    bound_outputs: dict[str, Any] = {}
    replaceable = []
    for info in output_infos:
        array = given_outputs.get(info.name)
        if array is None and (shape := _fixed_shape(info, sizes)) is not None:
            array = _zeros(shape, info.dtype, kind)
            replaceable.append(info.name)
        bound_outputs[info.name] = array
    return _core.session_bind(session, bound_inputs, bound_outputs, replaceable)


def _by_name(infos: Sequence[TensorInfo], inputs: Any) -> dict[str, Any]:
    if inputs is None:
        return {}
    if isinstance(inputs, Mapping):
        return dict(inputs)
    if len(infos) != 1:
        names = ", ".join(info.name for info in infos)
        raise ShapeError(f"the model has {len(infos)} inputs; give a dict of arrays by these names: {names}")
    return {infos[0].name: inputs}


def _refuse_unknown(role: str, infos: Sequence[TensorInfo], given: Mapping[str, Any]) -> None:
    names = [info.name for info in infos]
    for name in given:
        if name not in names:
            raise ShapeError(f"{name!r} is no {role} of this model; it has: {', '.join(names)}")


def _kind(given: Mapping[str, Any]) -> str:
    """Which library's arrays the caller works with."""
    for value in given.values():
        if isinstance(value, Tensor):
            return "tensor"
        if "torch" in sys.modules and isinstance(value, sys.modules["torch"].Tensor):
            return "torch"
    return "numpy"


def _input(info: TensorInfo, given: Any, kind: str) -> Any:
    """Return the array to bind: what was given, or a new one of the shape that was given or that the model fixes."""
    if given is None:
        shape = _fixed_shape(info, {})
        if shape is None:
            raise ShapeError(
                f"input {info} has free sizes; give bind() an array for it, or a shape: {{{info.name!r}: (1, ...)}}"
            )
    elif isinstance(given, tuple):
        shape = given
        if info.shape is not None and not _accepts(info.shape, shape):
            raise ShapeError(f"input {info} cannot have the shape {shape}")
    else:
        return given
    return _zeros(shape, info.dtype, kind)


def _accepts(expected: Sequence[int | str | None], shape: Shape) -> bool:
    return len(expected) == len(shape) and all(
        size == want for want, size in zip(expected, shape, strict=True) if isinstance(want, int)
    )


def _symbols(infos: Sequence[TensorInfo], arrays: Mapping[str, Any]) -> dict[str, int]:
    """Return the sizes that the inputs give to the model's symbolic dimensions; not those with two."""
    sizes: dict[str, int] = {}
    conflicting = set()
    for info in infos:
        shape = tuple(getattr(arrays[info.name], "shape", ()))
        for name, size in zip(info.shape or (), shape, strict=False):
            if isinstance(name, str) and sizes.setdefault(name, size) != size:
                conflicting.add(name)
    return {name: size for name, size in sizes.items() if name not in conflicting}


def _fixed_shape(info: TensorInfo, sizes: Mapping[str, int]) -> Shape | None:
    if info.shape is None:
        return None
    shape = [sizes.get(size) if isinstance(size, str) else size for size in info.shape]
    return None if None in shape else tuple(size for size in shape if size is not None)


def _zeros(shape: Shape, dtype: str, kind: str) -> Any:
    array = np.zeros(shape, _numpy_dtype(dtype, kind))
    tensor = Tensor.wrap(array)
    if tensor.dtype != dtype:
        tensor = tensor.view(dtype)
    elif kind == "numpy":
        return array
    return sys.modules["torch"].from_dlpack(tensor) if kind == "torch" else tensor


def _numpy_dtype(dtype: str, kind: str) -> Any:
    """Return the dtype, or one of the same size where NumPy has none: for bfloat16 without ml_dtypes."""
    if dtype != "bfloat16":
        return dtype
    if kind == "numpy":
        with contextlib.suppress(ImportError):
            return importlib.import_module("ml_dtypes").bfloat16
    return "uint16"
