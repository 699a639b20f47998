"""Where a frame's picture lies in a network's input, and where to find it again in the output."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

ResizeMode = Literal["letterbox", "stretch", "crop"]

# A network whose borders together are wider than this part of its input's smaller side is taken to scale instead.
_WIDEST_BORDERS = Fraction(1, 2)
# A square input hides whether an output is smaller by a border or by a factor: factors have denominators up to this.
_SIMPLE_DENOMINATOR = 8


class Rect(NamedTuple):
    """A part of a picture, in pixels."""

    x: int
    y: int
    width: int
    height: int


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class Geometry:
    """The way of a frame's pixels into a network's input.

    Attributes
    ----------
    source : Size
        The frame as it comes.
    scaled : Size
        What the frame is scaled to; the same as `source` when it is not.
    part : Rect
        The part of the scaled frame that the network gets; all of it unless it is cropped.
    tensor : Size
        The network's input.
    left, top : int
        Where the part's top left pixel goes in the input; what lies around the part is border.
    """

    source: Size
    scaled: Size
    part: Rect
    tensor: Size
    left: int = 0
    top: int = 0

    @property
    def inside(self) -> Rect:
        """The part of the network's input that holds the picture."""
        return Rect(self.left, self.top, self.part.width, self.part.height)


@dataclass(frozen=True, slots=True)
class Window:
    """Where the picture is in what a network made, and how large it has to become.

    Attributes
    ----------
    part : Rect
        The part of the output's picture that belongs to the frame: without letterbox bars and padding.
    size : Size
        The size of that part at the frame's own scale, times what the network enlarges by.
    """

    part: Rect
    size: Size


def fit(
    source: Size,
    box: tuple[int | None, int | None],
    mode: ResizeMode = "letterbox",
    *,
    multiple_of: int = 1,
    pixel_aspect: Fraction = Fraction(1),
) -> Geometry:
    """Fit a frame into a network's input.

    Parameters
    ----------
    source : Size
        The frame.
    box : (int or None, int or None)
        Width and height of the network's input. None is free: that side keeps the frame's shape, or its length when
        stretched or when both are free.
    mode : str
        ``letterbox`` keeps the shape and fills up with bars, equal on both sides (the odd pixel right or below);
        ``stretch`` does not keep it; ``crop`` keeps it and cuts off what is too much, equally.
    multiple_of : int
        Sides of the input are rounded up to multiples of this. On a free side the frame then lies at the left or top
        and is not scaled.
    pixel_aspect : Fraction
        Width of a pixel by its height: a letterbox or a crop keeps the shape that is seen.
    """
    box_width, box_height = (None if side is None else _up(side, multiple_of) for side in box)
    seen = source.width * pixel_aspect, Fraction(source.height)
    if box_width is None and box_height is None:
        scaled = source
    elif mode == "stretch":
        scaled = Size(box_width or source.width, box_height or source.height)
    else:
        choose = max if mode == "crop" else min
        factor = choose(Fraction(box) / side for box, side in zip((box_width, box_height), seen, strict=True) if box)
        scaled = Size(*(max(_round(side * factor), 1) for side in seen))
        if mode == "crop":  # rounding may not leave a gap
            scaled = Size(max(scaled.width, box_width or 1), max(scaled.height, box_height or 1))
    tensor = Size(box_width or _up(scaled.width, multiple_of), box_height or _up(scaled.height, multiple_of))
    used = Size(min(scaled.width, tensor.width), min(scaled.height, tensor.height))
    part = Rect((scaled.width - used.width) // 2, (scaled.height - used.height) // 2, *used)
    left = (tensor.width - used.width) // 2 if box_width else 0
    top = (tensor.height - used.height) // 2 if box_height else 0
    return Geometry(source, scaled, part, tensor, left, top)


def window(geometry: Geometry, output: Size) -> Window:
    """Find the frame's picture in an output of this size.

    The output may be as large as the input, larger or smaller by any factor, and smaller by a border of equal width
    on all sides (after enlarging by a whole number).
    """
    factors, borders = _relation(geometry.tensor, output)
    inside = geometry.inside
    spans = [
        _span(start, length, factor, border, end)
        for start, length, factor, border, end in zip(inside[:2], inside[2:], factors, borders, output, strict=True)
    ]
    (left, right), (top, bottom) = spans
    part = Rect(left, top, right - left, bottom - top)
    back = [Fraction(a, b) for a, b in zip(geometry.source, geometry.scaled, strict=True)]
    size = Size(*(max(_round(side * factor), 1) for side, factor in zip(part[2:], back, strict=True)))
    return Window(part, size)


def _span(start: int, length: int, factor: Fraction, border: int, end: int) -> tuple[int, int]:
    """Where a run of the input's pixels begins and ends in the output."""
    first = min(max(_round(start * factor) - border, 0), max(end - 1, 0))
    last = min(max(_round((start + length) * factor) - border, first + 1), end)
    return first, last


def _relation(tensor: Size, output: Size) -> tuple[tuple[Fraction, Fraction], tuple[int, int]]:
    """How much the network enlarges each side, and how many of the output's pixels it cuts off at the left and top."""
    exact = Fraction(output.width, tensor.width), Fraction(output.height, tensor.height)
    if exact[0] == exact[1] and exact[0].denominator <= _SIMPLE_DENOMINATOR:
        return exact, (0, 0)
    factor = max(-(-output.width // tensor.width), -(-output.height // tensor.height))
    cut = tensor.width * factor - output.width
    even = cut == tensor.height * factor - output.height
    if even and cut <= factor * min(tensor) * _WIDEST_BORDERS:
        return (Fraction(factor), Fraction(factor)), (cut // 2, cut // 2)
    return exact, (0, 0)


def _round(value: Fraction) -> int:
    """Round to nearest, halves up: in integers, so that no machine differs."""
    return int((2 * value + 1) // 2)


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
