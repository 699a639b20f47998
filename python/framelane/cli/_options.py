"""How the values of options are written: sizes, times, numbers, tensors."""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d*)?)")
_FRAME = re.compile(r"(\d+)f")


def size(text: str) -> tuple[int, int]:
    """Read ``WIDTHxHEIGHT``."""
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write WIDTHxHEIGHT, as 640x360")
    return int(width), int(height)


def number(text: str) -> float:
    """Read a number or a fraction such as ``1/255``."""
    above, slash, below = text.partition("/")
    try:
        value = float(above) / float(below) if slash else float(above)
    except (ValueError, ZeroDivisionError):
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is no number; write it as 0.5 or 1/255")
    return value


def numbers(text: str) -> tuple[float, ...]:
    """Read one number for all channels, or one a channel with commas between."""
    return tuple(number(part) for part in text.split(","))


def positive(text: str) -> int:
    """Read a whole number of at least 1."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def bitrate(text: str) -> int:
    """Read bits a second, with k or M behind for thousands and millions."""
    value = number(text[:-1] if text[-1:] in "kM" else text)
    bits = round(value * {"k": 1e3, "M": 1e6}.get(text[-1:], 1))
    if bits < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no bit rate; write it as 8M, 800k or 800000")
    return bits


def position(text: str) -> float | int:
    """Read a place in a video: seconds (float) as ``1.3`` or ``1:02:03.5``, or a frame's number (int) as ``33f``."""
    if match := _FRAME.fullmatch(text):
        return int(match[1])
    if match := _CLOCK.fullmatch(text):
        return int(match[1] or 0) * 3600 + int(match[2]) * 60 + float(match[3])
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write seconds (1.3), a clock (0:01.3) or a frame (33f)")
    return seconds


def file_name(text: str) -> str:
    """Take a file's name as it is: a / at its end, which makes it a folder, would be lost in a `Path`."""
    if not text:
        raise argparse.ArgumentTypeError("an empty name is no file")
    return text


def named_value(text: str) -> tuple[str, str]:
    """Read ``NAME=VALUE``; what VALUE means is up to `tensor_value`, which knows the input's type and shape."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"{text!r} sets nothing; write NAME=VALUE, as strength=0.5")
    return name, value


def tensor_value(value: str, dtype: np.dtype[Any], shape: tuple[int | None, ...]) -> np.ndarray[Any, Any]:
    """Make the tensor that ``NAME=VALUE`` means: numbers, or an ``.npy`` file.

    One number fills a tensor of any shape, free axes being 1; more numbers must be as many as the shape holds.

    Raises
    ------
    ValueError
        The value is no number, or there are too few or too many.
    """
    import numpy as np

    if value.endswith(".npy"):
        array: np.ndarray[Any, Any] = np.load(Path(value), allow_pickle=False).astype(dtype)
    else:
        array = np.array([number(part) for part in value.split(",")]).astype(dtype)
        known = [1 if axis is None else axis for axis in shape]
        if None in shape and array.size > 1:  # the numbers lie along the free axis
            known[shape.index(None)] = -1
        array = np.full(known, array[0], dtype) if array.size == 1 and -1 not in known else array.reshape(known)
    if array.ndim != len(shape) or any(axis not in (None, got) for axis, got in zip(shape, array.shape, strict=True)):
        raise ValueError(f"shape {list(array.shape)} does not fit {['?' if axis is None else axis for axis in shape]}")
    return array
