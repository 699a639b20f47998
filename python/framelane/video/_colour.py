"""How a video's numbers become colours: its matrix, range, primaries and transfer, and what to assume without tags.

The numbers are those of ITU-T H.273, which FFmpeg uses too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av

BT709 = 1
UNSPECIFIED = 2
BT601 = 6
FULL = 2
LIMITED = 1

# The matrices that libswscale knows: H.273's number to libswscale's. BT.2020 with constant luminance (10) is near
# enough to the other one (9) to be read as it.
_SWSCALE = {BT709: 1, 4: 4, 5: 5, BT601: 5, 7: 7, 9: 9, 10: 9}
_NAMES = {BT709: "BT.709", 4: "FCC", 5: "BT.601", BT601: "BT.601", 7: "SMPTE 240M", 9: "BT.2020", 10: "BT.2020"}


@dataclass(frozen=True, slots=True)
class Colour:
    """How the numbers of a video are to be read.

    Attributes
    ----------
    matrix, primaries, transfer : int
        ITU-T H.273's numbers. The matrix is one that libswscale can apply.
    full_range : bool
        Whether black is 0 (True) or 16 (False) of 255.
    assumed : bool
        Whether the file left the matrix open, so that it was chosen by the picture's height.
    """

    matrix: int
    full_range: bool = False
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    assumed: bool = False

    @classmethod
    def by_height(cls, lines: int) -> Colour:
        """Return what an untagged picture of so many lines is taken for: BT.601 below 720 lines, else BT.709."""
        return cls(BT709 if lines >= 720 else BT601, assumed=True)

    @classmethod
    def of(cls, frame: av.VideoFrame, context: av.VideoCodecContext | None = None) -> Colour:
        """Return how a decoded frame is to be read, from its own tags, else its stream's."""
        guess = cls.by_height(frame.height)
        matrix = _tag(frame, context, "colorspace")
        rgb = is_rgb(frame.format.name)
        known = matrix in _SWSCALE and not rgb
        return cls(
            matrix if known else guess.matrix,
            is_full_range(frame) and not rgb,
            _tag(frame, context, "color_primaries"),
            _tag(frame, context, "color_trc"),
            not known,
        )

    @property
    def swscale_matrix(self) -> int:
        """The matrix by libswscale's number."""
        return _SWSCALE[self.matrix]

    @property
    def range(self) -> int:
        """The range by FFmpeg's number."""
        return FULL if self.full_range else LIMITED

    def __str__(self) -> str:
        kind = "full" if self.full_range else "limited"
        return f"{_NAMES[self.matrix]}, {kind} range{' (assumed)' if self.assumed else ''}"


def is_rgb(pixel_format: str) -> bool:
    """Whether a pixel format holds red, green and blue themselves (or an index of them)."""
    return pixel_format.startswith(("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "x2rgb", "x2bgr", "pal8"))


def is_full_range(frame: av.VideoFrame) -> bool:
    """Whether the luma of a decoded frame uses all its values."""
    return int(frame.color_range) == FULL or frame.format.name.startswith("yuvj")


def _tag(frame: av.VideoFrame, context: av.VideoCodecContext | None, name: str) -> int:
    for holder in (frame, context):
        value = int(getattr(holder, name, UNSPECIFIED) or 0)
        if value not in (0, UNSPECIFIED):
            return value
    return UNSPECIFIED
