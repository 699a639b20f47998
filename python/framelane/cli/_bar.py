"""The progress bar: frames, frames a second, time left, and how full each ring is."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from framelane._report import Snapshot


@contextmanager
def progress_bar(*, wanted: bool) -> Iterator[Callable[[Snapshot], object] | None]:
    """Yield what `Pipeline.run` calls with each snapshot; None where there is no terminal to draw on."""
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    with _columns() as progress:
        task = progress.add_task("", total=None, frames="", fps="", left="", rings="")

        def show(now: Snapshot) -> None:
            progress.update(
                task,
                completed=now.frames,
                total=now.total,
                frames=frames_text(now),
                fps=f"{now.fps:.1f} fps" if now.frames else "",
                left=time_left(now),
                rings=rings_text(now, progress.console.width),
            )

        yield show


def frames_text(now: Snapshot) -> str:
    """Return ``12/50 frames``, or ``12 frames`` where nobody knows how many will come."""
    return f"{now.frames} frames" if now.total is None else f"{now.frames}/{now.total} frames"


def time_left(now: Snapshot) -> str:
    """Return the time that is left at this rate; nothing rather than a guess."""
    if now.total is None or now.total < now.frames or now.fps <= 0:
        return ""
    seconds = round((now.total - now.frames) / now.fps)
    if seconds >= 3600:
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02} left"
    return f"{seconds // 60}:{seconds % 60:02} left"


def rings_text(now: Snapshot, width: int) -> str:
    """Return the level of each ring in the order of the way, with names where there is room for them."""
    named = "  ".join(f"{ring.name} {ring.level}/{ring.capacity}" for ring in now.rings)
    if len(named) + 70 <= width:
        return named
    return "rings " + " ".join(f"{ring.level}/{ring.capacity}" for ring in now.rings)


def _columns() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    fields = ("frames", "fps", "left", "rings")
    return Progress(
        BarColumn(bar_width=20),
        *(TextColumn(f"{{task.fields[{field}]}}", markup=False) for field in fields),
        console=Console(stderr=True),
        transient=True,
    )
