"""Makes whole pictures of interlaced ones."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ._rotation import chain_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.filter import Graph

    from ._timing import Stamp

_UNIT = Fraction(1, 1000)


class Deinterlacer:
    """Replaces interlaced pictures by whole ones at the same rate, each field in the order that its frame states.

    Pictures that are not marked as interlaced pass unchanged.
    """

    def __init__(self) -> None:
        self.frames = 0
        """Interlaced frames so far."""
        self._graph: Graph | None = None
        self._key: tuple[int, int, str] | None = None
        self._waiting: dict[int, Stamp] = {}

    def run(self, stamps: Iterable[Stamp]) -> Iterator[Stamp]:
        """Yield the stamps with their pictures made whole."""
        for number, stamp in enumerate(stamps):
            picture = stamp.item
            self.frames += picture.interlaced_frame
            key = (picture.width, picture.height, picture.format.name)
            if key != self._key:
                yield from self._flushed()
                self._key = key
                picture.time_base = _UNIT
                self._graph = chain_of(picture, (("bwdif", "mode=send_frame:parity=auto:deint=interlaced"),))
            assert self._graph is not None
            self._waiting[number] = stamp
            picture.pts, picture.time_base, stamp.item = number, _UNIT, None
            self._graph.vpush(picture)
            yield from self._pulled()
        yield from self._flushed()

    def _pulled(self) -> Iterator[Stamp]:
        import av.error

        assert self._graph is not None
        while True:
            try:
                picture: Any = self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            stamp = self._waiting.pop(round(picture.pts * picture.time_base / _UNIT))
            stamp.item = picture
            yield stamp

    def _flushed(self) -> Iterator[Stamp]:
        if self._graph is not None:
            self._graph.vpush(None)
            yield from self._pulled()
            self._graph = None
