"""How a model's outputs become the tensors of the frame that travels on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._frame import Frame
    from ._frame_plan import PicturePlan


class FrameOutputs:
    """Puts a model's outputs into frames. Thread-safe.

    Parameters
    ----------
    names : sequence of str
        The model's outputs, in its order.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)

    def frame_with(self, frame: Frame, outputs: Sequence[Any], plan: PicturePlan | None) -> Frame:
        """Return the frame with the outputs first, then the tensors that none of them replaces."""
        tensors = dict(zip(self._names, outputs, strict=True))
        others = {name: tensor for name, tensor in frame.tensors.items() if name not in tensors}
        if plan is not None:
            return plan.finish(frame, tensors, others)
        return replace(frame, tensors={**tensors, **others})
