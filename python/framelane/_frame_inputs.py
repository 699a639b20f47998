"""Which tensors of a frame a model takes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from ._errors import ShapeError
from ._frame import Frame

if TYPE_CHECKING:
    from collections.abc import Sequence


class FrameInputs:
    """Finds a model's inputs in frames. Thread-safe.

    Parameters
    ----------
    names : sequence of str
        The model's inputs, in its order.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)
        self._numbers = itertools.count()

    def frame_of(self, value: Any) -> Frame:
        """Return a frame as it is; one array, or a dict of arrays, in a frame numbered in the order of arrival."""
        if isinstance(value, Frame):
            return value
        tensors = value if isinstance(value, dict) else {self._names[0]: value}
        return Frame(next(self._numbers), tensors=tensors)

    def arrays_of(self, frame: Frame) -> list[Any]:
        """Return one tensor an input, by name; the frame's first one, if no input has its name, feeds the one left.

        Raises
        ------
        ShapeError
            A tensor is missing.
        """
        tensors = frame.tensors
        missing = [name for name in self._names if name not in tensors]
        if not missing:
            return [tensors[name] for name in self._names]
        main = next(iter(tensors), None)
        if len(missing) > 1 or main is None or main in self._names:
            raise ShapeError(
                f"frame {frame.index} has the tensors {list(tensors)}, the model's inputs are {self._names}"
            )
        return [tensors[main if name == missing[0] else name] for name in self._names]
