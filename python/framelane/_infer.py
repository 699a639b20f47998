"""A network as a stage of a pipeline."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ._stage import check_seconds

if TYPE_CHECKING:
    from ._links import EngineLike


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
        Where it runs.
    batch : int
        Frames a run, for a network with a free first axis.
    batch_timeout : float, optional
        Seconds to wait for a full batch.
    streams : int
        Runs side by side on one session.
    preprocess, postprocess : Preprocess, Postprocess, optional
        How pixels become the input and the output becomes pixels.
    options : SessionOptions, optional
        Options of the session.
    name : str, optional
        Name in reports and errors; by default that of the model's file.
    expected, frame_timeout
        As for `Stage`.
    """

    def __init__(
        self,
        model: Any,
        *,
        device: str = "cpu",
        batch: int = 1,
        batch_timeout: float | None = None,
        streams: int = 1,
        preprocess: Any = None,
        postprocess: Any = None,
        options: Any = None,
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
        self._engine_options = {
            "batch": batch,
            "batch_timeout": batch_timeout,
            "streams": streams,
            "preprocess": preprocess,
            "postprocess": postprocess,
        }
        if options is not None:
            self._engine_options["options"] = options

    def open(self, capacity: int) -> EngineLike:
        """Make the engine, with rings of this capacity."""
        from ._engine import Engine  # type: ignore[import-not-found]

        engine: EngineLike = Engine(self.model, device=self.device, capacity=capacity, **self._engine_options)
        return engine


def _name_of_model(model: Any) -> str:
    if isinstance(model, (str, os.PathLike)):
        return os.path.basename(os.fsdecode(model))
    name = getattr(model, "name", None)
    return name if isinstance(name, str) and name else "infer"
