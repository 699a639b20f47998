"""Scales pictures with libswscale, through PyAV."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ._errors import ShapeError
from ._pixel_formats import pixel_format as pixel_format_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from ._pixel_formats import PixelFormat

    Array = np.ndarray[Any, Any]


def resize(image: npt.ArrayLike, size: tuple[int, int], *, pixel_format: str = "rgb24") -> Array:
    """Scale a picture (libswscale, bicubic).

    Each channel is scaled by itself: unlike an RGB picture in libswscale, which goes through YUV and loses half of its
    colour's width there.

    Parameters
    ----------
    image : array
        The picture, as `pixel_format` says: (height, width, samples), (samples, height, width) when planar, or
        (height, width) when gray. uint8, or uint16 for formats of more than 8 bits.
    size : (int, int)
        Width and height wanted, in pixels.
    pixel_format : str
        FFmpeg's name of the picture's format.

    Returns
    -------
    numpy.ndarray
        A new picture; `image` itself when it has that size.

    Raises
    ------
    ShapeError
        The array has not the shape or the dtype that `pixel_format` says, the format is unknown, or a size is no size.
    ImportError
        PyAV is not installed: ``pip install "framelane[video]"``.

    Notes
    -----
    Thread-safe. Needs PyAV (the extra ``video``).
    """
    kind = pixel_format_of(pixel_format)
    image = np.asarray(image)
    here = kind.size(image.shape)
    if image.dtype != kind.dtype:
        raise ShapeError(f"a picture in {kind.name} is {kind.dtype}, got {image.dtype}; name its own format")
    if here == tuple(size):
        return image
    if min(*size, *here) < 1:
        raise ShapeError(f"a picture of {here[0]}x{here[1]} cannot be scaled to {size[0]}x{size[1]}")
    scaled = np.empty(kind.shape(*size), kind.dtype)
    plane_format = "gray" if kind.depth == 8 else f"gray{kind.depth}le"
    for source, target in zip(_channels(image, kind), _channels(scaled, kind), strict=True):
        target[...] = _scaled(source, size, plane_format)
    return scaled


def _channels(image: Array, kind: PixelFormat) -> Array:
    """Return a view of a picture as [samples, height, width]."""
    if kind.samples == 1:
        return image.reshape(1, *kind.size(image.shape)[::-1])
    return image if kind.planar else np.moveaxis(image, 2, 0)


class _Scaler(threading.local):
    """Libswscale's tables, which each thread keeps from one picture to the next."""

    def __init__(self) -> None:
        try:
            import av
            from av.video.reformatter import VideoReformatter
        except ImportError as error:
            raise ImportError('scaling pictures needs PyAV: pip install "framelane[video]"') from error
        self.new_frame = av.VideoFrame
        self.reformat = VideoReformatter().reformat
        # One thread: the other cores are at work on other frames. Older versions know no other.
        self.options: dict[str, Any] = {"threads": 1} if int(av.__version__.split(".")[0]) >= 17 else {}


@cache
def _scaler() -> _Scaler:
    return _Scaler()


def _scaled(plane: Array, size: tuple[int, int], plane_format: str) -> Array:
    scaler = _scaler()
    height, width = plane.shape
    frame = scaler.new_frame(width, height, plane_format)
    _view(frame, plane.dtype)[...] = plane
    return _view(scaler.reformat(frame, *size, plane_format, interpolation="BICUBIC", **scaler.options), plane.dtype)


def _view(frame: Any, dtype: np.dtype[Any]) -> Array:
    """Return the only plane of an FFmpeg frame as an array on its memory."""
    plane = frame.planes[0]
    strides = (plane.line_size, dtype.itemsize)
    return np.ndarray((frame.height, frame.width), dtype, buffer=plane, strides=strides)
