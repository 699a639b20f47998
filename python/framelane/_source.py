"""Where the frames of a pipeline come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ._frame import Frame
from ._stage import checked_tensors, is_array


def as_frame(item: object, index: int) -> Frame:
    """Return the frame that a source's item is: itself, or one around its array or arrays."""
    if isinstance(item, Frame):
        return item
    if isinstance(item, Mapping):
        return Frame(index, tensors=checked_tensors(item, "the dict that the source yielded"))
    if is_array(item):
        return Frame(index, tensors={"image": item})
    raise TypeError(f"the source yielded {type(item).__name__}; yield Frames, arrays, or dicts of arrays")


def frame_count(source: object) -> int | None:
    """About how many frames a source has; None if nobody knows."""
    count = getattr(source, "frame_count", None)
    if count is None and hasattr(source, "__len__"):
        count = len(source)
    return count if isinstance(count, int) else None


def close_source(source: object) -> None:
    """Close a source, if it can be closed."""
    close = getattr(source, "close", None)
    if callable(close):
        close()


class Zip:
    """Several sources side by side as one: a frame of each makes one frame with the tensors of all.

    Parameters
    ----------
    *sources : iterable
        Sources of frames, arrays or dicts of arrays. Index, timestamp and duration are those of the first; its meta
        wins over that of the others. Tensors keep their names; one whose name is taken gets the position of its source
        behind it: two readers give ``image`` and ``image_1``.
    strict : bool
        Whether sources of different length are an error. Otherwise the shortest ends them all.
    **named : iterable
        Further sources, whose first tensor gets the name of the argument: ``Zip(face=reader, mask=masks)``.

    Raises
    ------
    ValueError
        No source is given; with `strict`, while iterating: one ended before the others.

    Notes
    -----
    Not thread-safe: one thread iterates. What else a sink asks a source for (rate, size, path) is the first one's.
    """

    def __init__(self, *sources: Iterable[Any], strict: bool = False, **named: Iterable[Any]) -> None:
        self._sources: list[tuple[str | None, Iterable[Any]]] = [(None, source) for source in sources]
        self._sources += named.items()
        if not self._sources:
            raise ValueError("Zip() joins sources; give at least one")
        self._strict = strict

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._sources[0][1], name)

    @property
    def name(self) -> str:
        """Name in reports."""
        return "zip"

    @property
    def frame_count(self) -> int | None:
        """About how many frames will come: as many as the shortest source has, as far as known."""
        known = [count for _, source in self._sources if (count := frame_count(source)) is not None]
        return min(known, default=None)

    def __iter__(self) -> Iterator[Frame]:
        names = [name for name, _ in self._sources]
        for index, items in enumerate(zip(*(source for _, source in self._sources), strict=self._strict)):
            yield _joined(index, names, items)

    def close(self) -> None:
        """Close all sources, whatever closing one of them raises."""
        _close_all([source for _, source in self._sources])


def _joined(index: int, names: list[str | None], items: tuple[object, ...]) -> Frame:
    frames = [as_frame(item, index) for item in items]
    tensors: dict[str, Any] = {}
    meta: dict[str, Any] = {}
    for position, (given, frame) in enumerate(zip(names, frames, strict=True)):
        for place, (name, tensor) in enumerate(frame.tensors.items()):
            wanted = given if given is not None and place == 0 else name
            tensors[wanted if wanted not in tensors else f"{wanted}_{position}"] = tensor
        meta = {**frame.meta, **meta}
    first = frames[0]
    return Frame(first.index, first.timestamp, tensors, first.duration, meta)


def _close_all(sources: list[Iterable[Any]]) -> None:
    if sources:
        try:
            close_source(sources[0])
        finally:
            _close_all(sources[1:])
