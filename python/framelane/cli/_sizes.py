"""Finds the frame sizes that a network takes, by trying."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Size = tuple[int, int]

# Powers of two first: nearly every network that is picky halves its picture some times.
_MULTIPLES = (*(2**n for n in range(1, 7)), *(n for n in range(3, 65) if n & (n - 1)))
# A size such as 5m x 7m is small, so trying is cheap, and unlikely to be a multiple of anything but m.
_SMALL = (5, 7)


@dataclass(frozen=True)
class WorkingSizes:
    """Sizes near one that a network does not take.

    Attributes
    ----------
    multiple : int
        Width and height must be multiples of this.
    below, above : tuple of int or None
        The nearest working size that is no larger, and that is no smaller, as (width, height).
    """

    multiple: int
    below: Size | None
    above: Size


def find_working_sizes(works: Callable[[Size], bool], size: Size) -> WorkingSizes | None:
    """Find the smallest multiple, 2 to 64, that a network wants its frames to have.

    Parameters
    ----------
    works : callable
        Tells whether the network runs on a frame of (width, height).
    size : tuple of int
        Width and height that do not work.

    Returns
    -------
    WorkingSizes or None
        None where no multiple helps, so that the fault is another.
    """
    for multiple in _candidates(works, size):
        above = _up(size, multiple)
        if above != size and works(above):
            below = _down(size, multiple)
            return WorkingSizes(multiple, below if min(below) and works(below) else None, above)
    return None


def _candidates(works: Callable[[Size], bool], size: Size) -> Iterator[int]:
    """Yield multiples that work at a small size; then, for a network that takes no small frame, at this size."""
    small = [m for m in _MULTIPLES if works((_SMALL[0] * m, _SMALL[1] * m))]
    yield from small
    for multiple in _MULTIPLES[:6]:
        width, height = _up(size, multiple)
        if multiple not in small and works((width + multiple, height + multiple)):
            yield multiple


def _up(size: Size, multiple: int) -> Size:
    return -(-size[0] // multiple) * multiple, -(-size[1] // multiple) * multiple


def _down(size: Size, multiple: int) -> Size:
    return size[0] // multiple * multiple, size[1] // multiple * multiple
