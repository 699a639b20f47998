"""Finds the stage that holds all others up although frames do leave it: seconds a frame, and a full ring before it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._stage_run import StageRun


class Patience:
    """Looks every `stall_after` seconds: what waits before a stage should be worked off in that time.

    A stage whose ring stayed full while fewer frames left it than wait there is called slow: once, then after twice as
    long each time, as it may well be meant to be so.
    """

    def __init__(self, stages: list[StageRun], stall_after: float | None) -> None:
        self._stages = stages
        self._period = stall_after
        self._left = [0] * len(stages)
        self._looks = [0] * len(stages)
        self._next_warning = [1] * len(stages)  # at which look
        self._warned: set[int] = set()
        self._last_look = time.monotonic()
        self.next_look = None if stall_after is None else self._last_look + stall_after

    def warned(self, index: int) -> None:
        """Somebody else has just warned of this stage."""
        self._warned.add(index)

    def look(self, now: float) -> list[tuple[int, int, str]]:
        """Return stage, worker and what to say for each stage that is slow, if it is time to look."""
        if self.next_look is None or self._period is None or now < self.next_look:
            return []
        seconds, self._last_look, self.next_look = now - self._last_look, now, now + self._period
        found = []
        for index, stage in enumerate(self._stages):
            left, before = stage.left, self._left[index]
            self._left[index] = left
            ring = stage.into.rings()[-1:] if not stage.native else stage.into.rings()[:1]
            if not ring or ring[0].level < ring[0].capacity or left - before >= ring[0].level:
                self._looks[index], self._next_warning[index] = 0, 1
                continue
            self._looks[index] += 1
            worker = _worker_on_a_frame(stage, now - self._period / 2)
            if worker is None or index in self._warned or self._looks[index] < self._next_warning[index]:
                continue
            self._next_warning[index] = 2 * self._looks[index]
            rate = f"{left - before} frames left it in {seconds:.1f} s"
            found.append((index, worker, f"{rate}, and {ring[0].level} wait before it"))
        self._warned.clear()
        return found


def _worker_on_a_frame(stage: StageRun, since: float) -> int | None:
    """Return a worker that is busy; None where there is none, or one for so long that the watchdog will judge it."""
    busy = None
    for index, activity in enumerate(stage.activities):
        seen = activity.snapshot()
        if seen["phase"] == "busy":
            busy = index
            if seen["since"] < since:
                return None
    return busy
