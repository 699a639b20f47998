"""The pixel formats of frames, by FFmpeg's names; ``src/image/pixel_format.cpp`` has the same table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._errors import ShapeError


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How a picture lies in memory.

    Attributes
    ----------
    name : str
        FFmpeg's name.
    samples : int
        Stored for each pixel: 1, 3 or 4.
    depth : int
        Bits of a sample: 8, or up to 16 in two bytes.
    planar : bool
        Whether each sample has a plane of its own.
    """

    name: str
    samples: int
    depth: int
    planar: bool

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8 or uint16."""
        return np.dtype(np.uint8 if self.depth == 8 else np.uint16)

    def shape(self, width: int, height: int) -> tuple[int, ...]:
        """Shape of a picture's array: planes first when planar, without a channel axis when gray."""
        if self.samples == 1:
            return (height, width)
        return (self.samples, height, width) if self.planar else (height, width, self.samples)

    def size(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Width and height of the picture in an array of this shape.

        Raises
        ------
        ShapeError
            No picture of this format has that shape.
        """
        gray = self.samples == 1
        if gray and len(shape) == 2:
            return shape[1], shape[0]
        if (gray or not self.planar) and len(shape) == 3 and shape[2] == self.samples:
            return shape[1], shape[0]
        if (gray or self.planar) and len(shape) == 3 and shape[0] == self.samples:
            return shape[2], shape[1]
        axes = f"({self.samples}, height, width)" if self.planar else f"(height, width, {self.samples})"
        raise ShapeError(
            f"a picture in {self.name} has the shape {axes}, got {shape}; name its own format with pixel_format="
        )


def _table() -> dict[str, PixelFormat]:
    formats = [PixelFormat("gray", 1, 8, False)]
    formats += [PixelFormat(name, len(name.rstrip("24")), 8, False) for name in ("rgb24", "bgr24", "rgba", "bgra")]
    formats += [PixelFormat(name, len(name) - 1, 8, True) for name in ("gbrp", "gbrap")]
    formats += [PixelFormat(f"{name}le", 3, 16, False) for name in ("rgb48", "bgr48")]
    formats += [PixelFormat(f"{name}le", 4, 16, False) for name in ("rgba64", "bgra64")]
    for depth in (10, 12, 14, 16):
        formats.append(PixelFormat(f"gray{depth}le", 1, depth, False))
        formats += [PixelFormat(f"{name}{depth}le", len(name) - 1, depth, True) for name in ("gbrp", "gbrap")]
    return {entry.name: entry for entry in formats}


PIXEL_FORMATS = _table()

_ALIASES = {"gray8": "gray"} | {name[:-2]: name for name in PIXEL_FORMATS if name.endswith("le")}


def pixel_format(name: str) -> PixelFormat:
    """Return the format of that name; names of two-byte formats may lack their "le".

    Raises
    ------
    ShapeError
        There is none; the text lists them.
    """
    found = PIXEL_FORMATS.get(_ALIASES.get(name, name))
    if found is None:
        raise ShapeError(
            f"pixel format {name!r} is not one of: {', '.join(PIXEL_FORMATS)}; convert the picture to one of these"
        )
    return found
