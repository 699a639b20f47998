"""A loaded model, ready to run."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Self

from . import _core
from ._binding import bind
from ._devices import CPU, Target, parse_device, prepare_device
from ._errors import LoadError, ModelError
from ._model import Model, open_model
from ._model_error import explain
from ._placement import Placement, PlacementWarning, placement_on_cpu
from ._runtime import ensure_runtime
from ._session_options import SessionOptions
from ._tensor_info import TensorInfo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType


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
    fallback_nodes : int
        Nodes that run on the CPU although another device was asked for, because ``fallback="cpu"`` or ``allow_cpu=``
        let them; 0 when the session is where it was asked to be.
    """

    runs: int
    copies: int
    copied_bytes: int
    fallback_nodes: int = 0


class Session(_core.SessionBase):
    """A model loaded by ONNX Runtime, on the device that was asked for or not at all.

    Parameters
    ----------
    model : path, bytes or onnx.ModelProto
        A path may have its weights in files beside it.
    device : str
        Where it runs: ``"cpu"``, ``"cuda:0"``, ``"tensorrt:0"``, or a device that an installed provider package brings,
        as ``"webgpu"``; `framelane.devices` lists them.
    options : SessionOptions or None
        Threads, optimisation, and so on.
    allow_cpu : sequence of str
        Names or operators of nodes that may run on the CPU, where the device does not take them.
    fallback : {"cpu"} or None
        What to do when the device is not there, or does not take all nodes: None raises, ``"cpu"`` lets the CPU run
        them and warns (`PlacementWarning`).

    Raises
    ------
    ModelError
        The model is missing, damaged, or not supported; names the file and what is wrong.
    PlacementError
        Nodes are not on the device: names each, what it moves, and why it is elsewhere.
    NoDeviceError, MissingLibraryError
        The device, or a library that it needs, is not there; with the cure.
    RuntimeNotInstalledError, LibraryVersionError
        ONNX Runtime or what it needs is missing, broken or in another version.

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
        allow_cpu: Sequence[str] = (),
        fallback: Literal["cpu"] | None = None,
    ) -> None:
        if fallback not in (None, "cpu"):
            raise ValueError(f"fallback is {fallback!r}; give None or 'cpu'")
        if isinstance(allow_cpu, str):
            raise TypeError(f"allow_cpu is a sequence of names; write allow_cpu=[{allow_cpu!r}]")
        parse_device(device)
        self._options = options or SessionOptions()
        self._allow_cpu, self._fallback = tuple(allow_cpu), fallback
        opened = open_model(model)
        target, self._fell_back = _target(device, fallback)
        self._requested, self._device = device, target.device
        self._runtime = ensure_runtime()
        self._placement: Placement | None = None
        if target is CPU:
            self._load(opened, self._options._native())
        else:
            self._placement = self._load_on_device(opened, target)
        self._model = replace(opened, data=None)  # ONNX Runtime has its own copy
        self._inputs = tuple(TensorInfo(*info) for info in _core.session_inputs(self))
        self._outputs = tuple(TensorInfo(*info) for info in _core.session_outputs(self))

    def _load(self, model: Model, options: dict[str, Any]) -> None:
        try:
            if model.path is not None:
                _core.session_open_file(self, model.path, options)
            else:
                _core.session_open_bytes(self, model.data, options)
        except ModelError as error:
            raise explain(model, self._runtime, error) from error

    def _load_on_device(self, model: Model, target: Target) -> Placement:
        """Load, and prove that it is there. A profile of the user's own is begun by loading once more."""
        from ._placement_trial import Trial  # here, for it takes as long to import as the rest of a session
        from ._session_proof import Request, prove

        request = Request(target, self._allow_cpu, self._fallback is not None)
        options = self._options._native() | target.native()
        try:
            with Trial() as trial:
                self._load(model, options | {"profile_prefix": trial.prefix})
                placement = prove(self, model, request, self._runtime, trial)
            if options["profile_prefix"]:
                self.close()
                self._load(model, options)
        except BaseException:
            self.close()
            raise
        if placement.fallback:
            warnings.warn(placement.fallback, PlacementWarning, stacklevel=4)
        return placement

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
        """Where it runs, node by node. On the CPU the nodes are read from the model's file at the first call."""
        if self._placement is None:
            nodes, note = self._model.read_nodes()
            requested = (self._requested, self._fell_back) if self._fell_back else ("", "")
            self._placement = placement_on_cpu(nodes, self._runtime, note, requested=requested)
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
        return SessionStats(*_core.session_counts(self), self._fallback_nodes())

    def _fallback_nodes(self) -> int:
        if self._fell_back:
            return len(self.placement.nodes)
        return len(self._placement.misplaced) if self._placement is not None else 0

    def end_profiling(self) -> str:
        """Write the profile and return its path; empty when profiling is off."""
        return _core.session_end_profiling(self)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._model.path is None:
            raise TypeError(
                f"a Session made of {self._model.label.removeprefix('the ')} does not pickle; "
                "make it from a path, or make it in the other process"
            )
        return _load_again, (self._model.path, self._requested, self._options, self._allow_cpu, self._fallback)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _load_again(
    path: bytes, device: str, options: SessionOptions, allow_cpu: tuple[str, ...], fallback: Literal["cpu"] | None
) -> Session:
    """Make a pickled session anew, in another process as a rule."""
    return Session(os.fsdecode(path), device, options=options, allow_cpu=allow_cpu, fallback=fallback)


def _target(device: str, fallback: str | None) -> tuple[Target, str]:
    """Return where to run, and why it is not where it was asked for."""
    try:
        return prepare_device(device), ""
    except LoadError as error:
        if fallback is None:
            raise
        warnings.warn(f"{error}. Runs on the CPU, as fallback='cpu' allows", PlacementWarning, stacklevel=3)
        return CPU, str(error)
