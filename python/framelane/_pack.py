"""Pixels to a network's tensor and back, in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from . import _core
from ._errors import ShapeError
from ._picture_numbers import CHANNELS, Color, Layout, one_of, per_channel
from ._pixel_formats import pixel_format as pixel_format_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

Border = Literal["none", "constant", "edge"]


def tensor_shape(layout: str, channels: int, width: int, height: int) -> tuple[int, ...]:
    """Shape of a network's tensor for one picture."""
    sizes = {"N": 1, "C": channels, "H": height, "W": width}
    return tuple(sizes[axis] for axis in layout)


def picture_size(shape: tuple[int, ...], layout: str) -> tuple[int, int]:
    """Width and height of the pictures in a tensor."""
    if len(shape) != len(layout):
        raise ShapeError(
            f"a tensor with layout {layout} has {len(layout)} axes, got shape {shape}; name its own layout with layout="
        )
    return shape[layout.index("W")], shape[layout.index("H")]


def pack(
    image: npt.ArrayLike,
    *,
    pixel_format: str = "rgb24",
    color: Color = "rgb",
    layout: Layout = "NCHW",
    dtype: npt.DTypeLike = np.float32,
    scale: float = 1 / 255,
    mean: float | Sequence[float] = 0.0,
    std: float | Sequence[float] = 1.0,
    left: int = 0,
    top: int = 0,
    border: Border = "constant",
    border_color: Sequence[int] = (0, 0, 0, 0),
    batch_index: int = 0,
    threads: int = 1,
    out: Any = None,
) -> Any:
    """Write a picture into a network's tensor, in one vectorised pass.

    Each value becomes ``(value * scale - mean) / std`` of its channel, computed in float32 as
    ``value * float32(scale / std) + float32(-mean / std)``, both operations rounded; the same bits on every machine.
    float16 is that rounded to nearest even, uint8 ``floor(that + 0.5)`` clamped to 0..255.

    Parameters
    ----------
    image : array
        uint8 (uint16 for formats of more than 8 bits): (height, width, samples) when interleaved, (samples, height,
        width) when planar, (height, width) when gray. Any strides.
    pixel_format : str
        FFmpeg's name of the picture's layout: rgb24, bgr24, rgba, bgra, gray, gbrp, gbrap, and rgb48le, gbrp10le and
        the like, which are brought to the range 0..255 first.
    color : str
        Order of the tensor's channels. A gray tensor gets a colour picture's BT.601 luma; alpha that the picture lacks
        is opaque.
    layout : str
        Order of the tensor's axes.
    dtype : dtype
        float32, float16 or uint8.
    scale, mean, std : float, or one float a channel
        In the order of `color`. Alpha is only scaled unless given its own.
    left, top : int
        Where the picture's top left pixel goes in `out`.
    border : str
        What fills the rest of `out`: ``constant`` (`border_color`), ``edge`` (the outermost pixels) or ``none``.
    border_color : sequence of int
        0 to 255, in the order of `color`; normalised like pixels.
    batch_index : int
        Which picture of `out`.
    threads : int
        On how many threads at most; a large picture pays more than one.
    out : array, optional
        Tensor to write into; a new NumPy array of the picture's size otherwise.

    Returns
    -------
    array
        `out`.

    Raises
    ------
    ShapeError
        Shapes, dtypes or names do not fit.

    Notes
    -----
    Releases the GIL. Safe to call from several threads, on separate outputs.
    """
    image = np.asarray(image)
    if out is None:
        width, height = pixel_format_of(pixel_format).size(image.shape)
        out = np.empty(
            tensor_shape(layout, CHANNELS[one_of(color, tuple(CHANNELS), "color")], left + width, top + height), dtype
        )
    spec = _core.PackSpec(
        color=color,
        scale=scale,
        mean=per_channel(mean, color, "mean"),
        std=per_channel(std, color, "std"),
        part=None,
        left=left,
        top=top,
        border=border,
        border_color=[*border_color, 0, 0, 0, 0][:4],
    )
    _core.pack(image, out, spec, pixel_format=pixel_format, layout=layout, batch_index=batch_index, threads=threads)
    return out


def unpack(
    tensor: Any,
    *,
    pixel_format: str = "rgb24",
    color: Color = "rgb",
    layout: Layout = "NCHW",
    scale: float = 1 / 255,
    mean: float | Sequence[float] = 0.0,
    std: float | Sequence[float] = 1.0,
    left: int = 0,
    top: int = 0,
    size: tuple[int, int] | None = None,
    batch_index: int = 0,
    threads: int = 1,
    out: Any = None,
) -> Any:
    """Write what a network made into a picture, in one vectorised pass: the reverse of `pack`.

    Each sample is ``floor(v + 0.5)`` clamped to the format's range, with ``v = value * float32(std / scale) +
    float32(mean / scale)``, each operation rounded to float32. NaN becomes 0.

    Parameters
    ----------
    tensor : array
        float32, float16 or uint8, of layout `layout`. Any strides.
    pixel_format : str
        FFmpeg's name of the layout of the picture to make.
    color, layout, scale, mean, std
        What the tensor is, as for `pack`.
    left, top : int
        The part's top left corner in the tensor.
    size : (int, int), optional
        The part's width and height; the size of `out`, or all that is right of and below (left, top), otherwise.
    batch_index : int
        Which picture of the tensor.
    threads : int
        On how many threads at most; a large picture pays more than one.
    out : array, optional
        Picture to write into.

    Returns
    -------
    array
        `out`.

    Raises
    ------
    ShapeError
        Shapes, dtypes or names do not fit.

    Notes
    -----
    Releases the GIL. Safe to call from several threads, on separate outputs.
    """
    tensor = np.asarray(tensor)
    kind = pixel_format_of(pixel_format)
    if out is not None:
        size = kind.size(np.shape(out))
    width, height = picture_size(tensor.shape, layout)
    part = (left, top, *(size or (width - left, height - top)))
    if out is None:
        out = np.empty(kind.shape(*part[2:]), kind.dtype)
    spec = _core.UnpackSpec(
        color=color, scale=scale, mean=per_channel(mean, color, "mean"), std=per_channel(std, color, "std"), part=part
    )
    _core.unpack(tensor, out, spec, pixel_format=pixel_format, layout=layout, batch_index=batch_index, threads=threads)
    return out
