"""A network as a stage of a pipeline."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal

from ._engine import Engine
from ._stage import check_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence


class Infer:
    """Runs frames through a network: an `Engine` between two stages of a `Pipeline`.

    It takes the tensors that the network's inputs name; one tensor of any name feeds a network with a single input. Its
    outputs come first in the frame that travels on, all other tensors, index, times and meta are kept, so a later stage
    still has the picture.

    Parameters
    ----------
    model : path, bytes, ModelProto or Session
        The network, or a session that is open already; that stays open when the pipeline ends.
    device : str
        Where it runs, as for `Session`.
    batch : int
        Frames a run, for a network whose first axis counts frames and is free.
    batch_timeout : float, optional
        Seconds that the first frame of a batch waits for the others; 0.01 by default.
    streams : int, optional
        Runs side by side on one session; by default one a core, four at most.
    preprocess, postprocess : Preprocess, Postprocess, optional
        How pixels become the input and the output becomes pixels.
    options : SessionOptions, optional
        Options of the session.
    allow_cpu : sequence of str
        Nodes that may run on the CPU, as for `Session`.
    fallback : {"cpu"} or None
        What to do without the device, as for `Session`. The report shows it.
    name : str, optional
        Name in reports and errors; by default that of the model's file.
    expected : bool or float
        Seconds of silence that are no stall, as for `Stage`.
    frame_timeout : float, optional
        Seconds that one run may take at most, as for `Stage`.
    """

    def __init__(
        self,
        model: Any,
        *,
        device: str = "cpu",
        batch: int = 1,
        batch_timeout: float | None = None,
        streams: int | None = None,
        preprocess: Any = None,
        postprocess: Any = None,
        options: Any = None,
        allow_cpu: Sequence[str] = (),
        fallback: Literal["cpu"] | None = None,
        name: str | None = None,
        expected: bool | float = False,
        frame_timeout: float | None = None,
    ) -> None:
        check_seconds("frame_timeout", frame_timeout)
        if not isinstance(expected, bool):
            check_seconds("expected", expected)
        self.model = model
        self.device = device
        self.expected = expected
        self.frame_timeout = frame_timeout
        self.name = name or _name_of_model(model)
        given = {
            "batch_timeout": batch_timeout,
            "streams": streams,
            "options": options,
            "allow_cpu": tuple(allow_cpu) if not isinstance(allow_cpu, str) else allow_cpu,
            "fallback": fallback,
            "preprocess": preprocess,
            "postprocess": postprocess,
        }
        self._engine_options: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        self._batch = batch

    def open(self, name: str, capacity: int) -> Engine:
        """Make the engine, with rings of this capacity."""
        options = self._engine_options
        return Engine(self.model, device=self.device, capacity=capacity, batch=self._batch, name=name, **options)


def _name_of_model(model: Any) -> str:
    if isinstance(model, (str, os.PathLike)):
        return os.path.basename(os.fsdecode(model))
    name = getattr(model, "name", None)
    return name if isinstance(name, str) and name else "infer"
