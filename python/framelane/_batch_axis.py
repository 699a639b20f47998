"""Which networks take several frames in one run: those whose first axis counts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._errors import ShapeError
from ._picture_axes import is_named, show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._picture_axes import Shape, TensorLike


def check_batch_axis(batch: int, inputs: Iterable[TensorLike]) -> None:
    """Check that frames can be put one behind the other along the first axis of every input.

    It has to be free, and neither be called channels, height or width nor be tied to another axis of the same input.

    Raises
    ------
    ShapeError
        `batch` is more than 1 and an input has no such axis.
    """
    for info in inputs if batch > 1 else ():
        if problem := _problem(info.shape):
            raise ShapeError(
                f"batch={batch} needs a model whose first axis is free and counts frames; input {info.name!r} of shape "
                f"{show(info.shape)} {problem}. Use batch=1, or export the model with a symbolic batch axis in front."
            )


def check_batch_layout(batch: int, tensor: str, layout: str) -> None:
    """Check that the layout of a picture has an axis that counts frames; `tensor` says whose layout it is.

    Raises
    ------
    ShapeError
        `batch` is more than 1 and the layout does not begin with N.
    """
    if batch > 1 and not layout.startswith("N"):
        raise ShapeError(
            f"batch={batch} needs a batch axis, and {tensor} is a picture of layout {layout}, which has none. "
            f"Use batch=1, or export the model with a symbolic batch axis in front."
        )


def _problem(shape: Shape | None) -> str:
    if shape is None:
        return "does not say which axes it has"
    if not shape:
        return "has no axis"
    first = shape[0]
    if isinstance(first, int):
        return f"has {first} there"
    if first is not None and first in shape[1:]:
        return f"has {first!r} a second time"
    picture = next((axis for axis in ("channels", "height", "width") if is_named(first, axis[0].upper())), None)
    return f"has its {picture} there" if picture and not is_named(first, "N") else ""
