"""Makes inputs for a network from its declared shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from framelane._errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CHANNELS = (1, 3, 4)


class InputInfo(Protocol):
    """What is needed of an input: as `Session.inputs` has it."""

    @property
    def name(self) -> str: ...
    @property
    def dtype(self) -> str: ...
    @property
    def shape(self) -> tuple[int | str | None, ...] | None: ...


def make_feeds(
    inputs: Iterable[InputInfo], size: tuple[int, int], batch: int, shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, np.ndarray[Any, Any]]:
    """Make one array for each input: noise from 0 to 1, or zeros for whole numbers, which may be indices.

    Parameters
    ----------
    inputs : iterable
        The network's inputs.
    size : tuple of int
        Width and height for free axes that look like those of a picture.
    batch : int
        For a free first axis.
    shapes : mapping
        Shapes that are given by name and need no guess.

    Raises
    ------
    ModelError
        An input has a type that NumPy lacks, or no declared rank.
    """
    noise = np.random.default_rng(0)
    feeds: dict[str, np.ndarray[Any, Any]] = {}
    for each in inputs:
        shape = shapes.get(each.name) or resolved_shape(each, size, batch)
        if each.dtype == "bfloat16":
            raise ModelError(f"input {each.name!r} is bfloat16, which NumPy has no type for")
        dtype = np.dtype(each.dtype)
        is_float = dtype.kind == "f"
        feeds[each.name] = noise.random(shape, np.float32).astype(dtype) if is_float else np.zeros(shape, dtype)
    return feeds


def resolved_shape(info: InputInfo, size: tuple[int, int], batch: int) -> tuple[int, ...]:
    """Fill the free axes of a declared shape: batch, channels, height and width where it looks like a picture.

    Raises
    ------
    ModelError
        The model does not even declare a rank.
    """
    if info.shape is None:
        raise ModelError(f"input {info.name!r} has no declared rank; give its shape: --shape {info.name}=1x3x360x640")
    declared = info.shape
    if len(declared) == 4:
        last = declared[3] in _CHANNELS and declared[1] not in _CHANNELS
        guess = (batch, size[1], size[0], 3) if last else (batch, 3, size[1], size[0])
    elif len(declared) == 3 and declared[0] in _CHANNELS:
        guess = (3, size[1], size[0])  # type: ignore[assignment]  # a tuple of another length
    else:
        guess = (batch, *(1,) * (len(declared) - 1))[: len(declared)]  # type: ignore[assignment]
    return tuple(axis if isinstance(axis, int) else free for axis, free in zip(declared, guess, strict=True))
