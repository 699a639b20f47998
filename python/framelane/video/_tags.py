"""Title, chapters and the like, on their way from one container into another."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

# What describes the container itself rather than what is in it.
_OF_THE_CONTAINER = {"encoder", "major_brand", "minor_version", "compatible_brands", "duration", "rotate"}
_UNIT = Fraction(1, 1000)


def copy_metadata(source: Any, target: Any) -> None:
    """Take over title, artist, date, comment and what else is said of the whole."""
    for name, value in source.metadata.items():
        if name.lower() not in _OF_THE_CONTAINER:
            target.metadata[name] = value


def copy_chapters(source: Any, target: Any, offset: float, end: float | None) -> None:
    """Take over the chapters that lie within what is written.

    Parameters
    ----------
    source, target : av.container.Container
        Where they come from, and where they go before it is closed.
    offset : float
        Seconds to add to their times.
    end : float or None
        Seconds of the target; None if it has all of the source.
    """
    chapters = []
    for chapter in source.chapters():
        unit = chapter["time_base"]
        first, last = (float(chapter[name] * unit) + offset for name in ("start", "end"))
        if last <= 0 or (end is not None and first >= end):
            continue
        first, last = max(first, 0.0), last if end is None else min(last, end)
        times = {"start": round(first / _UNIT), "end": round(last / _UNIT), "time_base": _UNIT}
        chapters.append({**chapter, **times})
    if chapters:
        target.set_chapters(chapters)
