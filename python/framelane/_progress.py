"""Shows how a run gets on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ._report import RingReport, Snapshot

Progress = Callable[[Snapshot], object]

PERIOD = 0.2  # seconds between two looks


@contextmanager
def shown(progress: bool | Progress | None) -> Iterator[Progress | None]:
    """Yield what to call with each snapshot: the user's callable, a bar on a terminal, or None."""
    if callable(progress):
        yield progress
    elif not progress:
        yield None
    elif (rich := _rich()) is not None:
        with rich:
            yield _Bar(rich)
    else:
        try:
            yield _line
        finally:
            print(file=sys.stderr)


def levels(rings: list[RingReport]) -> str:
    """Return the level of each ring on one line."""
    return "  ".join(f"{ring.name} {ring.level}/{ring.capacity}" for ring in rings)


def _rich() -> Any:
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    except ImportError:
        return None
    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[fps]:.1f} fps"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[rings]}"),
        console=Console(stderr=True),
        transient=True,
    )


class _Bar:
    def __init__(self, rich: Any) -> None:
        self._rich = rich
        self._task = rich.add_task("", total=None, fps=0.0, rings="")

    def __call__(self, now: Snapshot) -> None:
        self._rich.update(self._task, completed=now.frames, total=now.total, fps=now.fps, rings=levels(now.rings))


def _line(now: Snapshot) -> None:
    total = "" if now.total is None else f" of {now.total}"
    print(f"\r{now.frames}{total} frames, {now.fps:.1f} fps  {levels(now.rings)}", end="", file=sys.stderr, flush=True)
