"""The network of a run: opened, and told how frames get into it."""

from __future__ import annotations

import os
from argparse import ArgumentTypeError
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from framelane._errors import ModelError, PlacementError, ShapeError

from ._exit import CommandError, ExitCode
from ._options import tensor_value
from ._words import spelled

if TYPE_CHECKING:
    import argparse

    import numpy as np

    from framelane import Preprocess, Session

    Shape = tuple[int, ...]

_FIELDS = ("input", "color", "layout", "size", "resize", "multiple_of", "scale", "mean", "std")


@dataclass(frozen=True)
class Network:
    """A session, how frames get into it, and what its other inputs get.

    Attributes
    ----------
    session : Session
        Open; who holds the network closes it.
    preprocess : Preprocess
        How a frame becomes the input.
    given : dict
        Name to value, as the option ``--set`` has it, for every other input.
    streams : int
        Runs side by side that the session's threads are counted for.
    remarks : tuple of str
        What there is to say about the device.
    """

    session: Session
    preprocess: Preprocess
    given: dict[str, str]
    streams: int
    remarks: tuple[str, ...] = ()

    @property
    def input(self) -> str:
        """Name of the input that gets the frames."""
        return self.preprocess.input or self.session.inputs[0].name

    @property
    def batch_axis(self) -> int | str | None:
        """What the first axis of the frames' input is called, where it counts the frames of a run."""
        shape = self.preprocess.shape
        return shape[0] if shape and self.preprocess.layout.startswith("N") else 1

    def constants(self, shape: Shape) -> dict[str, np.ndarray[Any, Any]]:
        """Make the other inputs' tensors; axes that they share with the frames' input are as in `shape`.

        Raises
        ------
        CommandError
            A value does not suit its input.
        """
        import numpy as np

        pairs = zip(self.preprocess.shape or (), shape, strict=False)
        axes = {axis: size for axis, size in pairs if isinstance(axis, str)}
        infos = {info.name: info for info in self.session.inputs}
        tensors = {}
        for name, text in self.given.items():
            info = infos[name]
            wanted = tuple(axes.get(axis) if isinstance(axis, str) else axis for axis in info.shape or ())
            try:
                tensors[name] = tensor_value(text, np.dtype(info.dtype), wanted)
            except (ArgumentTypeError, ValueError, TypeError, OSError) as error:
                raise CommandError(f"--set {name}={text} does not suit {info}: {error}") from error
        return tensors


def open_network(args: argparse.Namespace) -> Network:
    """Open the model and read from it, and from the options, how frames get into it.

    Raises
    ------
    LoadError
        The model, ONNX Runtime or the device.
    CommandError
        The options do not fit the model, or the model leaves something to decide.
    """
    from framelane import Preprocess, SessionOptions

    from ._device import open_session

    cores = len(os.sched_getaffinity(0))
    streams = args.streams or min(cores, 4)
    options = SessionOptions(
        intra_op_threads=args.threads or max(1, cores // streams),
        allow_spinning=False,
        custom_operator_libraries=tuple(args.operators),
    )
    try:
        session, remarks = open_session(args, options)
    except ModelError as error:
        raise CommandError(spelled(str(error)), ExitCode.MODEL) from error
    except PlacementError as error:
        raise CommandError(spelled(str(error)), ExitCode.NOT_INSTALLED) from error
    try:
        wishes = {name: getattr(args, name) for name in _FIELDS}
        preprocess = Preprocess.from_model(session.inputs, session.metadata, **wishes)
        network = Network(session, preprocess, dict(args.set), streams, remarks)
        _check_other_inputs(network)
    except ShapeError as error:
        session.close()
        raise CommandError(spelled(str(error)), ExitCode.MODEL) from error
    except BaseException:
        session.close()
        raise
    return network


def _check_other_inputs(network: Network) -> None:
    others = {info.name: info for info in network.session.inputs if info.name != network.input}
    for name in network.given:
        if name not in others:
            known = ", ".join(map(repr, others)) or "none"
            raise CommandError(f"--set {name}: the network has no other input of that name; others: {known}")
    missing = [info for name, info in others.items() if name not in network.given]
    if missing:
        wanted = " and ".join(str(info) for info in missing)
        example = f"--set {missing[0].name}=0.5 or --set {missing[0].name}=values.npy"
        raise CommandError(f"the network also needs {wanted}; give it with {example}", ExitCode.MODEL)
