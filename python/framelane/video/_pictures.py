"""What decoded pictures come from, and what may be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from framelane._errors import VideoError

from ._names import AnyPath, printable

if TYPE_CHECKING:
    from collections.abc import Generator
    from fractions import Fraction

    import av

    from ._colour import Colour
    from ._info import VideoInfo
    from ._seek import Landing


class Missed(Exception):  # noqa: N818
    """Seeking did not lead to the wanted frame: decode from the beginning."""


@dataclass
class Damage:
    """What could not be read.

    Attributes
    ----------
    seen : int
        Coded pictures that were found.
    packets : int
        Of these, those that could not be decoded.
    frames : int
        Decoded pictures that the decoder marked as damaged.
    broken_off : str
        Why reading ended before the end of the file; empty if it did not.
    names : list of str
        The damaged ones of a series of files.
    """

    seen: int = 0
    packets: int = 0
    frames: int = 0
    broken_off: str = ""
    names: tuple[str, ...] = ()


class Pictures(Protocol):
    """What decoded pictures come from: a file, or a series of pictures."""

    damage: Damage
    time_base: Fraction
    rates: tuple[Fraction | None, ...]
    start: float | None
    display_times: bool
    notes: list[str]

    def frames(self, landing: Landing | None = None) -> Generator[av.VideoFrame]:
        """Yield the pictures in their order, each with its time base; from a place on, if one is given."""
        ...

    def colour_of(self, first: av.VideoFrame) -> Colour:
        """Return how the pictures are to be read, once the first is decoded."""
        ...

    def describe(self, first: av.VideoFrame, rate: Fraction) -> VideoInfo:
        """Return what is known once the first picture is decoded."""
        ...

    def missing(self, frames: int, info: VideoInfo) -> int | None:
        """Return how many frames there should have been, after reading so many; None if that is all of them."""
        ...

    def close(self) -> None:
        """Let go of the files."""
        ...


def no_picture(path: AnyPath, damage: Damage) -> VideoError:
    """Return the error for a file of which not one picture could be decoded."""
    why = "it is damaged or cut off" if damage.packets or damage.broken_off else "its video is empty or cut off"
    return VideoError(f"{printable(path)} has no picture that can be decoded: {why}")
