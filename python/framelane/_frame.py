"""What travels through a pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(slots=True)
class Frame:
    """One frame on its way through a pipeline: named tensors, a place in the sequence, and what else belongs to it.

    Attributes
    ----------
    index : int
        Position in the source, from 0.
    timestamp : float or None
        Presentation time in seconds from the start of the source; None where the source has no clock.
    tensors : dict
        Name to tensor: a `Tensor`, or any array that speaks DLPack or the buffer protocol. The first is the
        frame's main tensor; a reader calls it ``image``.
    duration : float or None
        Seconds that the frame is shown.
    meta : dict
        Small values that travel with the frame. Of ours: ``pixel_format``, FFmpeg's name of the layout of ``image``,
        and ``pixel_aspect``, the width of its pixels by their height where a file has others than square ones; a stage
        that gives them another shape has to change it.
    """

    index: int
    timestamp: float | None = None
    tensors: dict[str, Any] = field(default_factory=dict)
    duration: float | None = None
    meta: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.tensors[name]

    @property
    def image(self) -> np.ndarray[Any, Any]:
        """The first tensor as a NumPy array, without a copy."""
        return np.asarray(next(iter(self.tensors.values())))


def frame_of(
    index: int, timestamp: float | None, duration: float | None, tensors: dict[str, Any], meta: dict[str, Any]
) -> Frame:
    """Make a frame of what came out of shared memory: the native code calls this."""
    return Frame(index, timestamp, tensors, duration, meta)
