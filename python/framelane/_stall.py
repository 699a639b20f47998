"""The picture of a stage that is stuck or slow: where its thread is, on what frame, and how full each ring is."""

from __future__ import annotations

import os
import re
import sys
import threading
import traceback
from itertools import dropwhile
from typing import TYPE_CHECKING

from ._errors import StallError

if TYPE_CHECKING:
    from ._report import RingReport
    from ._run import Run
    from ._stage_run import StageRun

_CURES = {
    "stuck": "Mend what it waits for; if it waits for the outside, such as a camera, say so: Stage(..., "
    "expected=seconds or True). stall_after= sets how long is too long, stall_after=None switches this off.",
    "overdue": "Raise frame_timeout= of the stage, or leave it out: a slow stage is waited for.",
    "starved": "Every stage waits for another. A stage or the program keeps frames of a pool for itself: let it keep "
    "copies, or give the pool more slots.",
    "slow": "It is waited for; the stages before it wait as well.",
}


def stall_error(run: Run, kind: str, stage: StageRun, worker: int, seconds: float, frame: int | None) -> StallError:
    """Return the error for a stage that is stuck, overdue or starved."""
    what = {
        "stuck": f"is stuck: no frame left it for {seconds:.1f} s and it used no processor time meanwhile",
        "overdue": f"has been on one frame for {seconds:.1f} s, and its frame_timeout is {stage.spec.frame_timeout} s",
        "starved": f"waits, and so do all others, for {seconds:.1f} s now",
    }[kind]
    error = StallError(f"stage '{stage.name}' {what}{_on(frame)}\n{picture(run, stage, worker)}\n{_CURES[kind]}")
    error.stage = stage.name
    error.seconds = seconds
    error.frame_index = frame
    return error


def slow_warning(run: Run, stage: StageRun, worker: int, what: str) -> str:
    """Return the text for a stage that is slow."""
    return f"stage '{stage.name}' is slow: {what}\n{picture(run, stage, worker)}\n{_CURES['slow']}"


def _on(frame: int | None) -> str:
    return "" if frame is None else f"; it is on frame {frame}"


def picture(run: Run, stage: StageRun, worker: int) -> str:
    """Return the lines that say where a worker is."""
    seen = stage.activities[worker].snapshot()
    lines = [f"  device: {stage.device}"]
    if seen["native_call"]:
        lines.append(f"  native call: {seen['native_call']}")
    elif sleeps := sleeps_in(seen["thread"]):
        lines.append(f"  sleeps in: {sleeps}")
    lines += [f"  ring {_level(ring)}" for ring in run.rings()]
    stack = _stack(run, stage, worker)
    return "\n".join([*lines, *(["  Python stack of its thread, the innermost call last:", *stack] if stack else [])])


def _level(ring: RingReport) -> str:
    note = " (full)" if ring.level >= ring.capacity else " (empty)" if ring.level == 0 else ""
    return f"{ring.name}: {ring.level} of {ring.capacity}{note}"


def sleeps_in(thread: int) -> str:
    """Return the kernel's function in which a thread sleeps, such as futex_wait_queue; empty where it does not say."""
    try:
        with open(f"/proc/self/task/{thread}/wchan") as file:
            where = file.read().strip()
    except OSError:
        return ""
    return "" if where == "0" else where


def _stack(run: Run, stage: StageRun, worker: int) -> list[str]:
    thread = run.thread_of(stage, worker)
    if thread is None or thread.ident is None:
        return []
    if held := stack_in(run.watchdog.stacks(), thread.ident):
        return ["    (taken while the GIL was held, which no Python code can run beside)", *held]
    frame = sys._current_frames().get(thread.ident)
    if frame is None:
        return []
    # The way to the user's code leads through threading and this package, which says nothing about the stall.
    own = (threading.__file__, os.path.dirname(__file__) + os.sep)
    calls = list(dropwhile(lambda call: call.filename.startswith(own), traceback.extract_stack(frame)))
    texts = traceback.format_list(calls or traceback.extract_stack(frame)[-1:])
    return [f"    {line}" for text in texts for line in text.rstrip().splitlines()]


def stack_in(stacks: str, ident: int) -> list[str]:
    """Return one thread's part of what faulthandler wrote, the innermost call last."""
    for part in stacks.split("\n\n"):
        head, *lines = part.strip().splitlines() or [""]
        match = re.match(r"(?:Current thread|Thread) (0x[0-9a-f]+)", head)
        if match and int(match[1], 16) == ident:
            return [f"    {line.strip()}" for line in reversed(lines)]
    return []
