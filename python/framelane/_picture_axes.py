"""Reads from a shape which of a network's inputs and outputs are pictures, and which axis is which."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ._errors import ShapeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Axis = int | str | None
Shape = tuple[Axis, ...]

CHANNEL_COUNTS = (1, 3, 4)
DTYPES = ("float32", "float16", "uint8")

# The whole words, or letters followed by something else, that models use as names of free axes.
_NAMES = {
    "N": {"n", "b", "batch", "batchsize"},
    "C": {"c", "ch", "channel", "channels"},
    "H": {"h", "height", "rows"},
    "W": {"w", "width", "cols"},
}


class TensorLike(Protocol):
    """An input or output of a model: `TensorInfo`, or anything with these attributes."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def dtype(self) -> str:
        """NumPy's name of its element type."""

    @property
    def shape(self) -> Shape | None:
        """Sizes; a str or None where one is free; None where even the rank is."""


@dataclass(frozen=True, slots=True)
class Axes:
    """A picture's axes; None for a free size."""

    layout: str
    batch: int | None
    channels: int | None
    width: int | None
    height: int | None


def axes_for(shape: Sequence[Axis], layout: str) -> Axes:
    """Read the sizes of a shape that has this layout.

    Raises
    ------
    ShapeError
        The layout has another rank, or the shape a number of channels that no picture has.
    """
    if len(shape) != len(layout):
        raise ShapeError(
            f"layout={layout!r} names {len(layout)} axes, and the shape {show(shape)} has {len(shape)}{_advice(shape)}"
        )
    sizes = {axis: size if isinstance(size, int) else None for axis, size in zip(layout, shape, strict=True)}
    channels = sizes.get("C") if "C" in layout else 1
    if channels is not None and channels not in CHANNEL_COUNTS:
        raise ShapeError(
            f"with layout={layout!r} the shape {show(shape)} has {channels} channels, and a picture has 1, 3 or 4"
            f"{_advice(shape)}"
        )
    return Axes(layout, sizes.get("N"), channels, sizes["W"], sizes["H"])


def possible_layouts(shape: Sequence[Axis] | None) -> list[str]:
    """Return the layouts that a shape can have if it is a picture; several where it does not say, none for no picture.

    An axis of 1, 3 or 4 is where the channels are; failing that, the names of the axes tell, and failing that, every
    axis that is free may be it.
    """
    if shape is None:
        return []
    if len(shape) in (2, 3) and _is_map(shape):
        return ["NHW" if len(shape) == 3 else "HW"]
    free = [layout for layout in _layouts(len(shape)) if _may_be(shape, layout)]
    sure = [layout for layout in free if isinstance(shape[layout.index("C")], int)]
    named = [layout for layout in free if is_named(shape[layout.index("C")], "C")]
    return sure or named or free


def is_named(axis: Axis, kind: str) -> bool:
    """Whether a free axis has one of the names of N, C, H or W: "H", "height", "H2", "height_out"."""
    if not isinstance(axis, str):
        return False
    words = re.findall("[a-z]+", axis.lower())
    return "".join(words) in _NAMES[kind] or any(word in _NAMES[kind] for word in words)


def show(shape: Sequence[Axis] | None) -> str:
    """Write a shape as (1, 3, H, ?)."""
    if shape is None:
        return "(any rank)"
    sizes = ["?" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def show_all(tensors: Iterable[TensorLike]) -> str:
    """Write inputs or outputs as a list: 'x' (float32, (1, 3, H, W)), ..."""
    return ", ".join(f"{tensor.name!r} ({tensor.dtype}, {show(tensor.shape)})" for tensor in tensors) or "none"


def by_name(tensors: Sequence[TensorLike], name: str, kind: str) -> TensorLike:
    """Find an input or output; `kind` is the word for it.

    Raises
    ------
    ShapeError
        There is none of that name.
    """
    for tensor in tensors:
        if tensor.name == name:
            return tensor
    raise ShapeError(f"the network has no {kind} {name!r}; use one of: {show_all(tensors)}")


def _is_map(shape: Sequence[Axis]) -> bool:
    """Whether axes without one for channels are named as a picture's: (height, width), (batch, height, width)."""
    batch = len(shape) == 2 or is_named(shape[0], "N")
    return batch and is_named(shape[-2], "H") and is_named(shape[-1], "W")


def _advice(shape: Sequence[Axis]) -> str:
    layouts = possible_layouts(tuple(shape))
    if not layouts:
        return ": it is no picture"
    return f"; use {' or '.join(f'layout={layout!r}' for layout in layouts)}"


def _layouts(rank: int) -> list[str]:
    return {3: ["CHW", "HWC"], 4: ["NCHW", "NHWC"]}.get(rank, [])


def _may_be(shape: Sequence[Axis], layout: str) -> bool:
    """Whether the channels can be where a layout has them, and no axis has a name that says otherwise."""
    channels = shape[layout.index("C")]
    if isinstance(channels, int) and channels not in CHANNEL_COUNTS:
        return False
    kinds = [{kind for kind in "NCHW" if is_named(axis, kind)} for axis in shape]
    return all(not said or kind in said for kind, said in zip(layout, kinds, strict=True))
