"""From the numbers of a video to pixels and back, in one pass of libswscale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from ._colour import FULL, is_rgb

if TYPE_CHECKING:
    from ._colour import Colour

# One thread: libswscale is a small part of a frame's cost, and the other cores are at work on other frames.
_OPTIONS: dict[str, Any] = {"threads": 1} if int(av.__version__.split(".")[0]) >= 17 else {}

# Chroma is the mean of the pixels that share it, so that what was read and not changed is written as it was.
# From PyAV 18 on this can also be asked for at full width, which takes a quarter less time.
_ENCODING = Interpolation(Interpolation.AREA | getattr(Interpolation, "FULL_CHR_H_INP", Interpolation.AREA))
_DECODING = Interpolation.BILINEAR

# Formats whose short way to planes leaves the last pixels of some rows as they were in memory: up to 8 of them, where
# the width is that much more than a multiple of 16 (libswscale 8 and 9 do, 10 does not). They go through rgb24.
_SHORT_ROWS = ("yuv420p", "yuv422p", "yuvj420p", "yuvj422p", "yuva420p")


_BT2020 = 9


class Converter:
    """Converts frames of one kind to another; keeps libswscale's tables between frames. Not thread-safe.

    Parameters
    ----------
    colour : Colour
        How the video's side is to be read or written.
    width, height : int
        Size of what comes out, in pixels.
    pixel_format : str
        Format of what comes out.
    decoding : bool
        Whether pixels come out (True) or go in (False). Pixels, grey ones too, use all values from 0 to the top.
    scaling : Interpolation
        Used when the size changes.
    """

    def __init__(
        self,
        colour: Colour,
        width: int,
        height: int,
        pixel_format: str,
        *,
        decoding: bool,
        scaling: Interpolation = Interpolation.BICUBIC,
    ) -> None:
        self._sws, self._detour = VideoReformatter(), VideoReformatter()
        self._size = (width, height)
        self._format = pixel_format
        self._scaling = scaling
        self._decoding = decoding
        self._colour = colour

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return the frame converted; itself if it already is what it should be."""
        same_size = (frame.width, frame.height) == self._size
        if same_size and self._format == "gbrp" and frame.format.name in _SHORT_ROWS and 0 < frame.width % 16 <= 8:
            frame = self._reformat(self._detour, frame, "rgb24", same_size)
        return self._reformat(self._sws, frame, self._format, same_size)

    def _reformat(self, sws: VideoReformatter, frame: av.VideoFrame, target: str, same_size: bool) -> av.VideoFrame:
        same_size_flags = _DECODING if self._decoding else _ENCODING
        source = frame.format.name
        if self._colour.swscale_matrix == _BT2020:
            frame.colorspace = _BT2020  # PyAV 17 takes this one from the frame alone
        return sws.reformat(
            frame,
            *self._size,
            target,
            src_colorspace=self._matrix(source),
            dst_colorspace=self._matrix(target),
            src_color_range=self._range(source, pixels=not self._decoding),
            dst_color_range=self._range(target, pixels=self._decoding),
            interpolation=same_size_flags if same_size else self._scaling,
            **_OPTIONS,
        )

    def _matrix(self, pixel_format: str) -> Any:
        matrix = self._colour.swscale_matrix
        # RGB has no matrix; naming another one there makes every PyAV apply the one of the other side.
        # As a number, because the list of names that PyAV had before 18 lacks BT.2020.
        return (1 if matrix != 1 else 5) if is_rgb(pixel_format) else matrix

    def _range(self, pixel_format: str, *, pixels: bool) -> ColorRange:
        return ColorRange(FULL if pixels or is_rgb(pixel_format) else self._colour.range)
