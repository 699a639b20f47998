"""A loaded model, ready to run."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from . import _core
from ._binding import bind
from ._errors import ModelError, NoDeviceError
from ._model import Model, open_model
from ._model_error import explain
from ._placement import Placement, placement_on_cpu
from ._runtime import ensure_runtime
from ._session_options import SessionOptions
from ._tensor_info import TensorInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_DEVICES = ("cpu",)


@dataclass(frozen=True)
class ModelMetadata:
    """What a model says about itself.

    Attributes
    ----------
    producer : str
        The program that wrote it.
    graph, domain, description : str
        As the model has them, often empty.
    version : int
        The model's own.
    custom : mapping
        The entries that its maker added, string to string.
    """

    producer: str
    graph: str
    domain: str
    description: str
    version: int
    custom: Mapping[str, str]


@dataclass(frozen=True)
class SessionStats:
    """What a session has done so far.

    Attributes
    ----------
    runs : int
        Finished runs, those of its bindings included.
    copies, copied_bytes : int
        Inputs that could not be read in place, because they were not contiguous and aligned.
    """

    runs: int
    copies: int
    copied_bytes: int


class Session(_core.SessionBase):
    """A model loaded by ONNX Runtime, on the device that was asked for or not at all.

    Parameters
    ----------
    model : path, bytes or onnx.ModelProto
        A path may have its weights in files beside it.
    device : str
        Where it runs. This version has ``"cpu"``.
    options : SessionOptions or None
        Threads, optimisation, and so on.

    Raises
    ------
    ModelError
        The model is missing, damaged, or not supported; names the file and what is wrong.
    NoDeviceError
        The device is not there.
    RuntimeNotInstalledError, LibraryVersionError
        ONNX Runtime is missing, broken or too old.

    Notes
    -----
    Any number of threads may call `run` at once.

    Examples
    --------
    >>> with Session("model.onnx") as session:
    ...     outputs = session.run({"image": image})
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes | Any,
        device: str = "cpu",
        *,
        options: SessionOptions | None = None,
    ) -> None:
        _check_device(device)
        self._options = options or SessionOptions()
        self._device = device
        opened = open_model(model)
        self._runtime = ensure_runtime()
        self._load(opened, self._runtime)
        self._model = replace(opened, data=None)  # ONNX Runtime has its own copy
        self._placement: Placement | None = None
        self._inputs = tuple(TensorInfo(*info) for info in _core.session_inputs(self))
        self._outputs = tuple(TensorInfo(*info) for info in _core.session_outputs(self))

    def _load(self, model: Model, version: str) -> None:
        options = self._options._native()
        try:
            if model.path is not None:
                _core.session_open_file(self, model.path, options)
            else:
                _core.session_open_bytes(self, model.data, options)
        except ModelError as error:
            raise explain(model, version, error) from error

    @property
    def device(self) -> str:
        """Where the model runs."""
        return self._device

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        """The inputs, in the model's order."""
        return self._inputs

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        """The outputs, in the model's order."""
        return self._outputs

    @property
    def metadata(self) -> ModelMetadata:
        """What the model says about itself."""
        return ModelMetadata(**_core.session_metadata(self))

    @property
    def placement(self) -> Placement:
        """Where it runs, node by node. Reads the nodes from the model's file at the first call."""
        if self._placement is None:
            nodes, note = self._model.read_nodes()
            self._placement = placement_on_cpu(nodes, self._runtime, note)
        return self._placement

    def bind(self, inputs: Any = None, outputs: Mapping[str, Any] | None = None) -> _core.BoundRun:
        """Bind inputs and outputs to memory once, so that a run allocates nothing.

        Parameters
        ----------
        inputs : mapping or array, optional
            By input name: the array that each run reads, in place (a strided or misaligned one is copied in each
            run, which `stats` counts), or a shape, for which a new array is made. An input that the model gives a
            fixed size may be left out.
        outputs : mapping, optional
            By output name: the array that each run writes, contiguous and writable. What is left out is allocated
            here when the model and the inputs fix its size, and else in each run.

        Returns
        -------
        BoundRun
            Write into its `inputs`, call it, read its `outputs`.

        Raises
        ------
        ShapeError
            A name, size or dtype is wrong; or the size of an input is not known.

        Examples
        --------
        >>> bound = session.bind({"image": (1, 3, 720, 1280)})
        >>> bound.inputs["image"][:] = frame
        >>> result = bound()["result"]
        """
        return bind(self, (self._inputs, self._outputs), inputs, outputs)

    def stats(self) -> SessionStats:
        """Return counts of runs and of copied inputs."""
        return SessionStats(*_core.session_counts(self))

    def end_profiling(self) -> str:
        """Write the profile and return its path; empty when profiling is off."""
        return _core.session_end_profiling(self)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._model.path is None:
            raise TypeError(
                f"a Session made of {self._model.label.removeprefix('the ')} does not pickle; "
                "make it from a path, or make it in the other process"
            )
        return _load_again, (self._model.path, self._device, self._options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _load_again(path: bytes, device: str, options: SessionOptions) -> Session:
    """Make a pickled session anew, in another process as a rule."""
    return Session(os.fsdecode(path), device, options=options)


def _check_device(device: str) -> None:
    if device in _DEVICES:
        return
    kind = device.partition(":")[0]
    if re.fullmatch(r"(cuda|tensorrt)(:\d+)?", device):
        raise NoDeviceError(
            f"device {device!r} cannot be used: this version of framelane runs networks on the CPU only, and does "
            f"not run one there under the name of {kind}; use device='cpu'"
        )
    raise NoDeviceError(f"unknown device {device!r}; this version of framelane has: {', '.join(_DEVICES)}")
