"""Brings pictures upright that a file stores lying, upside down or mirrored."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from av.filter import Graph

from ._side_data import display_matrix

if TYPE_CHECKING:
    import av

IDENTITY = (1, 0, 0, 1)
_ANY_TIME_BASE = Fraction(1, 1000)

# What the 2x2 part of a display matrix does (a point (x, y) of the stored picture is shown at (a x + c y, b x + d y)),
# as the filters that do the same.
_FILTERS: dict[tuple[int, int, int, int], tuple[tuple[str, str], ...]] = {
    IDENTITY: (),
    (0, 1, -1, 0): (("transpose", "clock"),),
    (-1, 0, 0, -1): (("hflip", ""), ("vflip", "")),
    (0, -1, 1, 0): (("transpose", "cclock"),),
    (-1, 0, 0, 1): (("hflip", ""),),
    (1, 0, 0, -1): (("vflip", ""),),
    (0, 1, 1, 0): (("transpose", "cclock_flip"),),
    (0, -1, -1, 0): (("transpose", "clock_flip"),),
}

_WORDS = {
    IDENTITY: "upright",
    (0, 1, -1, 0): "turned 90 degrees clockwise",
    (-1, 0, 0, -1): "turned 180 degrees",
    (0, -1, 1, 0): "turned 90 degrees counter-clockwise",
    (-1, 0, 0, 1): "mirrored left to right",
    (1, 0, 0, -1): "mirrored top to bottom",
    (0, 1, 1, 0): "mirrored along the falling diagonal",
    (0, -1, -1, 0): "mirrored along the rising diagonal",
}


@dataclass(frozen=True, slots=True)
class Orientation:
    """How a stored picture must be turned and mirrored to stand upright; one of eight ways."""

    matrix: tuple[int, int, int, int] = IDENTITY
    exact: bool = True

    @classmethod
    def of(cls, frame: av.VideoFrame) -> Orientation:
        """Return what the display matrix of a decoded frame asks for, to the nearest quarter turn.

        PyAV's ``VideoFrame.rotation`` gives an angle only, which a mirrored picture does not have.
        """
        data = display_matrix(frame)
        if data is None:
            return cls()
        a, b, _, c, d, *_ = (value / 65536 for value in struct.unpack("=9i", data[:36]))
        return cls.nearest(a, b, c, d)

    @classmethod
    def nearest(cls, a: float, b: float, c: float, d: float) -> Orientation:
        """Return the quarter turn, mirrored or not, that is nearest to a 2x2 matrix of any scale."""
        scale = max(abs(a), abs(b), abs(c), abs(d))
        if scale == 0:
            return cls()
        given = (a / scale, b / scale, c / scale, d / scale)
        best = max(_FILTERS, key=lambda way: sum(x * y for x, y in zip(way, given, strict=True)))
        return cls(best, all(abs(x - y) < 0.01 for x, y in zip(best, given, strict=True)))

    @property
    def upright(self) -> bool:
        """Whether nothing has to be done."""
        return self.matrix == IDENTITY

    @property
    def swaps_sides(self) -> bool:
        """Whether width and height change places."""
        return self.matrix[0] == 0

    def __str__(self) -> str:
        return _WORDS[self.matrix]


class Turner:
    """Turns frames upright with FFmpeg's filters, which do so before the colours are converted: on fewer bytes."""

    def __init__(self, orientation: Orientation) -> None:
        self._filters = _FILTERS[orientation.matrix]
        self._graph: Graph | None = None
        self._key: tuple[int, int, str] | None = None

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return the frame upright."""
        if not self._filters:
            return frame
        key = (frame.width, frame.height, frame.format.name)
        if self._graph is None or self._key != key:
            self._graph, self._key = chain_of(frame, self._filters), key
        self._graph.push(frame)
        turned: av.VideoFrame = self._graph.vpull()
        return turned


def chain_of(frame: av.VideoFrame, filters: tuple[tuple[str, str], ...]) -> Graph:
    """Return a filter graph for frames like this one: source, the filters in their order, sink."""
    graph = Graph()
    previous = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or _ANY_TIME_BASE
    )
    for name, arguments in filters:
        link = graph.add(name, arguments) if arguments else graph.add(name)
        previous.link_to(link)
        previous = link
    previous.link_to(graph.add("buffersink"))
    graph.configure()
    return graph
