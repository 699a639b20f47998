"""Pixels of an FFmpeg frame as an array, and an array as an FFmpeg frame; without a copy where the memory allows it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from framelane._errors import ShapeError

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

_END = "le" if sys.byteorder == "little" else "be"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a pixel format lies in memory: planes of one channel each, or one plane of interleaved channels."""

    channels: int
    dtype: np.dtype[Any]
    planar: bool = False
    bits: int = 8

    @property
    def alpha(self) -> bool:
        """Whether the last channel is alpha."""
        return self.channels == 4


def _layouts() -> dict[str, Layout]:
    byte, word = np.dtype(np.uint8), np.dtype(np.uint16)
    layouts = {"gray": Layout(1, byte), f"gray16{_END}": Layout(1, word, bits=16)}
    layouts |= {name: Layout(3, byte) for name in ("rgb24", "bgr24")}
    layouts |= {name: Layout(4, byte) for name in ("rgba", "bgra")}
    layouts |= {"gbrp": Layout(3, byte, True), "gbrap": Layout(4, byte, True)}
    layouts |= {f"rgb48{_END}": Layout(3, word, bits=16), f"rgba64{_END}": Layout(4, word, bits=16)}
    for bits in (10, 12, 14, 16):
        layouts[f"gbrp{bits}{_END}"] = Layout(3, word, True, bits)
    for bits in (10, 12, 16):
        layouts[f"gbrap{bits}{_END}"] = Layout(4, word, True, bits)
    return layouts


LAYOUTS = _layouts()
"""The pixel formats that frames can have, by FFmpeg's names."""

_ALIASES = {"gray8": "gray"} | {name[:-2]: name for name in LAYOUTS if name.endswith(_END)}


def layout_of(pixel_format: str) -> tuple[str, Layout]:
    """Return FFmpeg's full name of a pixel format, and its layout.

    Raises
    ------
    ValueError
        Frames cannot have this format.
    """
    name = _ALIASES.get(pixel_format, pixel_format)
    if name not in LAYOUTS:
        raise ValueError(f"{pixel_format!r} is not one of the pixel formats of frames: {', '.join(sorted(LAYOUTS))}")
    return name, LAYOUTS[name]


def _memory(plane: Any) -> Any:
    """Return a plane as what NumPy's type hints call a buffer."""
    return plane


def array_of(frame: av.VideoFrame) -> Array:
    """Return the pixels of a frame: ``[height, width(, channels)]``, or ``[channels, height, width]`` if planar.

    The array is a view that keeps the frame alive. Planes of which the distance is not the same are copied.
    """
    layout = LAYOUTS[frame.format.name]
    if layout.planar:
        return _planes_of(frame, layout)
    plane = frame.planes[0]
    if plane.line_size < 0:
        return np.array(frame.to_ndarray())
    item, channels = layout.dtype.itemsize, layout.channels
    shape: tuple[int, ...] = (frame.height, frame.width)
    strides: tuple[int, ...] = (plane.line_size, item * channels)
    if channels > 1:
        shape, strides = (*shape, channels), (*strides, item)
    return np.ndarray(shape, layout.dtype, buffer=_memory(plane), strides=strides)


def _planes_of(frame: av.VideoFrame, layout: Layout) -> Array:
    planes = frame.planes
    first = planes[0]
    size, item = (frame.height, frame.width), layout.dtype.itemsize
    if any(plane.line_size < 0 for plane in planes):
        return np.ascontiguousarray(np.moveaxis(frame.to_ndarray(), 2, 0)[[1, 2, 0, *range(3, layout.channels)]])
    distance = planes[1].buffer_ptr - first.buffer_ptr
    steps = [plane.buffer_ptr - first.buffer_ptr for plane in planes]
    even = steps == [distance * i for i in range(len(planes))] and {p.line_size for p in planes} == {first.line_size}
    if even:
        view = np.ndarray(size, layout.dtype, buffer=_memory(first), strides=(first.line_size, item))
        shape, strides = (layout.channels, *size), (distance, first.line_size, item)
        return np.lib.stride_tricks.as_strided(view, shape, strides)
    views = [np.ndarray(size, layout.dtype, buffer=_memory(p), strides=(p.line_size, item)) for p in planes]
    return np.stack(views)


def frame_of(array: Array, pixel_format: str) -> av.VideoFrame:
    """Return an FFmpeg frame with these pixels, to be read before the array changes.

    It shares the array's memory where FFmpeg can read it as it lies: rows without gaps between pixels, planes one
    right after the other, and a width that its vector code does not read beyond. Else the pixels are copied.
    """
    layout = LAYOUTS[pixel_format]
    width = array.shape[-1] if layout.planar else array.shape[1]
    if width % 32 == 0 and (shared := _shared(array, pixel_format, layout)) is not None:
        return shared
    height = array.shape[-2] if layout.planar else array.shape[0]
    frame = av.VideoFrame(width, height, pixel_format)
    if layout.planar:
        for plane, channel in zip(frame.planes, array, strict=True):
            view = np.ndarray(
                channel.shape, layout.dtype, buffer=_memory(plane), strides=(plane.line_size, channel.itemsize)
            )
            np.copyto(view, channel)
    else:
        np.copyto(array_of(frame), array)
    return frame


def _shared(array: Array, pixel_format: str, layout: Layout) -> av.VideoFrame | None:
    """Return a frame on the array's own memory; None where that cannot be."""
    item = array.itemsize
    rows = array.strides[-2] if layout.planar else array.strides[0]
    if layout.planar:
        height, width = array.shape[1:]
        fits = array.strides == (rows * height, rows, item) and rows >= width * item
    else:
        height, width = array.shape[:2]
        pixel = item * layout.channels
        fits = array.strides[1:] == ((pixel, item) if layout.channels > 1 else (pixel,)) and rows >= width * pixel
    if not fits or rows % 16 or array.ctypes.data % 16:
        return None
    frame = av.VideoFrame(0, 0, pixel_format)
    # PyAV's public from_numpy_buffer does the same, but takes planar pixels interleaved and so would copy them twice.
    fill = getattr(frame, "_image_fill_pointers_numpy", None)
    if fill is None:
        return None
    fill(array, width, height, (rows,) * (layout.channels if layout.planar else 1), pixel_format)
    return frame


def pixel_format_of(array: Array, hint: str | None) -> tuple[Array, str]:
    """Return the array in a layout that has a name, and that name.

    Parameters
    ----------
    array : numpy.ndarray
        uint8 or uint16 pixels: ``[H, W]``, ``[H, W, 1 | 3 | 4]``, or channels first.
    hint : str or None
        What the frame says about itself; believed where the shape agrees.

    Raises
    ------
    ShapeError
        These are no pixels.
    """
    if array.dtype not in (np.uint8, np.uint16):
        raise ShapeError(
            f"a picture is uint8 or uint16, not {array.dtype}: scale and round the values first, as in "
            "(array * 255).clip(0, 255).round().astype('uint8')"
        )
    if array.ndim == 4 and array.shape[0] == 1:
        array = array[0]
    if hint is not None and _agrees(array, LAYOUTS.get(_ALIASES.get(hint, hint))):
        return array, _ALIASES.get(hint, hint)
    return _guessed(array)


def _agrees(array: Array, layout: Layout | None) -> bool:
    if layout is None or array.dtype != layout.dtype or array.size == 0:
        return False
    if layout.channels == 1:
        return array.ndim == 2
    return array.ndim == 3 and array.shape[0 if layout.planar else 2] == layout.channels


def _guessed(array: Array) -> tuple[Array, str]:
    deep = array.dtype == np.uint16
    packed = {3: f"rgb48{_END}", 4: f"rgba64{_END}"} if deep else {3: "rgb24", 4: "rgba"}
    planar = {3: f"gbrp16{_END}", 4: f"gbrap16{_END}"} if deep else {3: "gbrp", 4: "gbrap"}
    grey = f"gray16{_END}" if deep else "gray"
    if array.size and array.ndim == 2:
        return array, grey
    if array.size and array.ndim == 3:
        if array.shape[2] == 1:
            return array[:, :, 0], grey
        if array.shape[2] in packed:
            return array, packed[array.shape[2]]
        if array.shape[0] == 1:
            return array[0], grey
        if array.shape[0] in planar:  # channels first in the order R, G, B(, A)
            return array[[1, 2, 0, 3][: array.shape[0]]], planar[array.shape[0]]
    raise ShapeError(f"not a picture: {list(array.shape)}; expected [H, W], [H, W, 3 or 4] or [3 or 4, H, W]")
