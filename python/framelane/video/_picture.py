"""From a decoded picture to the pixels of a frame: upright, in one format and size."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import numpy as np

from ._colour import Colour
from ._convert import Converter
from ._pixels import LAYOUTS, array_of
from ._rotation import Orientation, Turner

if TYPE_CHECKING:
    import av

    from ._pixels import Array

_MOST_KINDS = 16


class PictureMaker:
    """Makes pixels of decoded pictures, of which colours, size and orientation may change on the way. Not thread-safe.

    Parameters
    ----------
    pixel_format : str
        Format of what comes out.
    size : (int, int) or None
        Width and height of what comes out; that of the first picture, upright, if None.
    colour : Colour, optional
        What pictures without tags of their own are; else by their height.
    separate : bool
        Whether each picture is a file of its own, with an orientation of its own.

    Attributes
    ----------
    size : (int, int) or None
        Width and height; known once the first picture came.
    fitted : int
        Pictures of another size than the first, which were scaled into its place.
    kinds : set of str
        Pixel formats that came in.
    """

    def __init__(
        self,
        pixel_format: str,
        size: tuple[int, int] | None,
        colour: Colour | None = None,
        *,
        separate: bool = False,
    ) -> None:
        self.fitted = 0
        self.kinds: set[str] = set()
        self._format = pixel_format
        self.size = size
        self._colour = colour
        self._separate = separate
        self._rotation: int | None = None
        self._orientation = Orientation()
        self._native: tuple[int, int] | None = None
        self._turners: dict[Orientation, Turner] = {}
        self._converters: dict[tuple[object, ...], Converter] = {}

    def __call__(self, frame: av.VideoFrame) -> Array:
        """Return the pixels of one picture."""
        colour = Colour.of(frame)
        if colour.assumed and self._colour is not None:
            colour = self._colour
        self.kinds.add(frame.format.name)
        frame = self._upright(frame)
        native = (frame.width, frame.height)
        if self._native is None:
            self._native = native
            self.size = self.size or native
        if native == self._native:
            return self._converted(frame, colour, self.size or native)
        self.fitted += 1
        return self._into(frame, colour, self.size or native)

    def _upright(self, frame: av.VideoFrame) -> av.VideoFrame:
        rotation = frame.rotation
        if self._separate or rotation != self._rotation:
            self._rotation, self._orientation = rotation, Orientation.of(frame)
            if self._separate:
                gc.collect(0)  # frees what `display_matrix` says it keeps
        if self._orientation.upright:
            return frame
        return self._turners.setdefault(self._orientation, Turner(self._orientation))(frame)

    def _converted(self, frame: av.VideoFrame, colour: Colour, size: tuple[int, int]) -> Array:
        key = (frame.format.name, colour, size, frame.width, frame.height)
        convert = self._converters.get(key)
        if convert is None:
            if len(self._converters) >= _MOST_KINDS:
                self._converters.clear()
            convert = self._converters[key] = Converter(colour, *size, self._format, decoding=True)
        pixels = convert(frame)
        if pixels is frame:
            # The decoder may still need this memory to decode what comes next.
            pixels.make_writable()
        return array_of(pixels)

    def _into(self, frame: av.VideoFrame, colour: Colour, size: tuple[int, int]) -> Array:
        """Return a picture scaled to fit, in the middle of black."""
        scale = min(size[0] / frame.width, size[1] / frame.height)
        width, height = (
            max(min(round(n * scale), most), 1) for n, most in zip((frame.width, frame.height), size, strict=True)
        )
        small = self._converted(frame, colour, (width, height))
        layout = LAYOUTS[self._format]
        channels = (layout.channels,) if layout.channels > 1 else ()
        shape = (*channels, *size[::-1]) if layout.planar else (*size[::-1], *channels)
        whole = np.zeros(shape, layout.dtype)
        if layout.alpha:
            whole[(3,) if layout.planar else (..., 3)] = (1 << layout.bits) - 1
        left, top = (size[0] - width) // 2, (size[1] - height) // 2
        rows, columns = slice(top, top + height), slice(left, left + width)
        whole[(slice(None), rows, columns) if layout.planar else (rows, columns)] = small
        return whole
