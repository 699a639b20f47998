"""Takes frames as an encoder would, and drops them: what is left to measure is everything before the encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._colour import Colour
from ._convert import Converter
from ._pixels import frame_of
from ._plan import Origin, Wishes

if TYPE_CHECKING:
    from fractions import Fraction

    import numpy as np


class Null:
    """Converts every frame to what H.264 would be given, and drops it."""

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self._origin = Origin.of(None, wishes)
        self._convert: Converter | None = None
        self._key: tuple[object, ...] = ()
        self.notes: list[str] = []
        self.first_time = 0.0

    @property
    def rate(self) -> Fraction:
        """Frames a second, nominally."""
        return self._origin.rate

    def open(self, source: Any) -> None:
        """Take over the source's colours."""
        self._origin = Origin.of(source, self._wishes)

    def prepare(self, width: int, height: int, pixel_format: str) -> None:
        """Set up the conversion."""
        self._key = (width, height, pixel_format)
        colour = self._origin.colour or Colour.by_height(height)
        self._convert = Converter(colour, width, height, self._wishes.pixel_format or "yuv420p", decoding=False)

    def write(self, image: np.ndarray[Any, Any], pixel_format: str, time: float, duration: float | None) -> None:
        """Convert one frame."""
        del time, duration
        picture = frame_of(image, pixel_format)
        if self._convert is None or self._key != (picture.width, picture.height, pixel_format):
            self.prepare(picture.width, picture.height, pixel_format)
        assert self._convert is not None
        self._convert(picture)

    def close(self) -> None:
        """Do nothing: there is no file."""

    def abort(self) -> str | None:
        """Return None: nothing is kept."""
        return None
