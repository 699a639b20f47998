"""The run on zeros that measures where a session's nodes run and what they move."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import _core
from ._errors import FramelaneError
from ._placement_profile import ProfiledNode, read_profile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ._tensor_info import TensorInfo

# What is tried for heights, widths and lengths that the model leaves free: networks want multiples of 32, or enough.
_FREE_SIZES = (64, 128, 224, 320, 16)
_CHANNELS = 3


@dataclass(frozen=True)
class Measurement:
    """What a trial gave.

    Attributes
    ----------
    nodes : sequence of ProfiledNode
        Those that ran; empty when the model refused every size that was tried.
    frame_bytes : int
        Size of the largest input.
    larger : sequence of ProfiledNode
        The same of a second run on larger inputs, where the model leaves sizes free and it was asked for.
    larger_frame_bytes : int
        Size of the largest input in that.
    note : str
        What had to be assumed, or went wrong.
    """

    nodes: Sequence[ProfiledNode] = ()
    frame_bytes: int = 0
    larger: Sequence[ProfiledNode] = ()
    larger_frame_bytes: int = 0
    note: str = ""

    def grows(self, node: ProfiledNode) -> bool:
        """Whether what a node moves grows with the frame, as no arithmetic on shapes does."""
        if not self.larger_frame_bytes:
            return False
        moved = [same.moved for same in self.larger if (same.name, same.operator) == (node.name, node.operator)]
        growth = self.larger_frame_bytes / self.frame_bytes
        return node.moved > 0 and max(moved, default=0) >= 0.75 * growth * node.moved


class Trial:
    """A folder for one profile, and the runs that fill it. Used as a context; what is in the folder goes with it."""

    def __enter__(self) -> Trial:
        self._folder = tempfile.mkdtemp(prefix="framelane-")
        self.prefix = os.fsencode(os.path.join(self._folder, "profile"))
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def measure(self, session: _core.SessionBase, inputs: Sequence[TensorInfo], *, twice: bool) -> Measurement:
        """Run on zeros, of sizes that we choose where the model leaves them free; `twice` on two sizes then."""
        done: list[int] = []  # bytes of the frame in the runs that went well
        note = error = ""
        for shapes in _shapes(inputs):
            try:
                _core.session_run_on_zeros(session, shapes)
            except FramelaneError as failed:
                error = error or str(failed)
                continue
            done.append(max((_bytes(info, shape) for info, shape in zip(inputs, shapes, strict=True)), default=0))
            note = note or _assumed(inputs, shapes)
            if len(done) == (2 if twice and note else 1):
                break
        runs = read_profile(self._end(session))[-len(done) :] if done else []
        if not runs:
            return Measurement(note=f"sizes unknown, for the run on zeros failed: {error or 'it left no profile'}")
        if len(done) == len(runs) == 2 and done[0] < done[1]:
            return Measurement(runs[0], done[0], runs[1], done[1], note)
        return Measurement(runs[0], done[0], note=note)

    def _end(self, session: _core.SessionBase) -> str:
        with contextlib.suppress(OSError, FramelaneError):
            path = _core.session_end_profiling(session)
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read()
        return ""


def _shapes(inputs: Sequence[TensorInfo]) -> Iterator[list[list[int]]]:
    """Yield shapes for all inputs: one where the model fixes them, else with one size after another."""
    free = [info for info in inputs if info.shape is None or any(not isinstance(size, int) for size in info.shape)]
    for size in _FREE_SIZES if free else (1,):
        yield [_shape(info, size) for info in inputs]


def _shape(info: TensorInfo, size: int) -> list[int]:
    if info.shape is None:
        return [1]
    rank = len(info.shape)
    return [axis if isinstance(axis, int) else _guess(position, rank, size) for position, axis in enumerate(info.shape)]


def _guess(position: int, rank: int, size: int) -> int:
    if position == 0 and rank > 1:
        return 1  # the batch
    return _CHANNELS if position == 1 and rank == 4 else size


def _bytes(info: TensorInfo, shape: Sequence[int]) -> int:
    return math.prod(shape) * (2 if info.dtype == "bfloat16" else np.dtype(info.dtype).itemsize)


def _assumed(inputs: Sequence[TensorInfo], shapes: Sequence[Sequence[int]]) -> str:
    assumed = [
        f"{info.name} as {'x'.join(map(str, shape))}"
        for info, shape in zip(inputs, shapes, strict=True)
        if info.shape != tuple(shape)
    ]
    return f"measured with {', '.join(assumed)}" if assumed else ""
