"""What a process did over a few seconds: its memory, its processor time, and what each of its threads waits for."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SAMPLE = 0.5  # seconds between two looks at the memory
_STATES = {
    "R": "runs",
    "S": "waits",
    "D": "waits for the kernel and cannot be interrupted (a driver or a disk)",
    "T": "is stopped (a signal)",
    "t": "is stopped (a debugger)",
    "Z": "has ended",
    "X": "has ended",
    "I": "idles",
}
# Functions of the kernel in which a thread sleeps, by the beginning of their name.
_WAITS = (
    ("futex", "for a lock, a condition or a semaphore"),
    ("do_futex", "for a lock, a condition or a semaphore"),
    ("pipe_read", "for something to come through a pipe"),
    ("anon_pipe_read", "for something to come through a pipe"),
    ("pipe_write", "for room in a full pipe"),
    ("anon_pipe_write", "for room in a full pipe"),
    ("wait_for_partner", "for the other end of a pipe"),
    ("hrtimer_nanosleep", "for time to pass (sleep)"),
    ("common_nsleep", "for time to pass (sleep)"),
    ("clock_nanosleep", "for time to pass (sleep)"),
    ("poll_schedule_timeout", "for a file or socket (poll, select)"),
    ("do_sys_poll", "for a file or socket (poll, select)"),
    ("do_poll", "for a file or socket (poll, select)"),
    ("do_select", "for a file or socket (poll, select)"),
    ("ep_poll", "for a file or socket (epoll)"),
    ("do_epoll_wait", "for a file or socket (epoll)"),
    ("do_wait", "for a child process"),
    ("kernel_wait", "for a child process"),
    ("inet_csk_accept", "for a connection"),
    ("unix_stream", "for a socket"),
    ("wait_woken", "for a terminal or socket"),
    ("sk_wait_data", "for a socket"),
    ("tcp_recvmsg", "for a socket"),
    ("do_sigtimedwait", "for a signal"),
    ("sigsuspend", "for a signal"),
    ("do_signal_stop", "until it is continued (a stop signal)"),
    ("ptrace_stop", "for a debugger"),
    ("nv", "for the NVIDIA driver"),
    ("uvm", "for the NVIDIA driver"),
)


@dataclass(frozen=True)
class Thread:
    """One thread: `processor` is the share of one processor that it used, `waits` what it sleeps in, in words."""

    tid: int
    name: str
    state: str
    wchan: str
    processor: float

    @property
    def waits(self) -> str:
        """What it does, in words."""
        if self.state not in "SD" or not self.wchan:
            return _STATES.get(self.state, f"is in state {self.state}")
        known = next((words for beginning, words in _WAITS if self.wchan.startswith(beginning)), "in the kernel")
        return f"waits {known} ({self.wchan})"


@dataclass(frozen=True)
class Activity:
    """What a process did over `seconds`: `memory` are its resident bytes, looked at twice a second."""

    seconds: float
    memory: tuple[int, ...]
    threads: tuple[Thread, ...]
    ended: bool = False

    @property
    def processor(self) -> float:
        """Processors that all its threads used together; 1.0 is one of them all the time."""
        return sum(thread.processor for thread in self.threads)

    @property
    def growth(self) -> float:
        """Bytes a second by which its memory grew."""
        return (self.memory[-1] - self.memory[0]) / self.seconds if self.memory and self.seconds else 0.0


@dataclass
class _Watched:
    folder: Path
    started: int
    before: dict[int, int] = field(default_factory=dict)
    memory: list[int] = field(default_factory=list)


def watch(processes: Sequence[tuple[int, int]], seconds: float, proc: Path) -> dict[int, Activity]:
    """Look at processes, named by number and start, for some seconds; the result has one entry a process."""
    watched = {pid: _Watched(proc / str(pid), started) for pid, started in processes}
    begun = time.monotonic()
    for one in watched.values():
        one.before = _ticks(one.folder)
    while True:
        for one in watched.values():
            one.memory += _resident(one.folder)
        left = begun + seconds - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(_SAMPLE, left))
    elapsed = time.monotonic() - begun
    return {pid: _activity(one, elapsed) for pid, one in watched.items()}


def _activity(one: _Watched, elapsed: float) -> Activity:
    threads = tuple(
        Thread(tid, *_name_and_state(task), _wchan(task), (ticks - one.before.get(tid, 0)) / _TICK / max(elapsed, 1e-3))
        for tid, ticks in sorted(_ticks(one.folder).items())
        if (task := one.folder / "task" / str(tid)).exists()
    )
    return Activity(elapsed, tuple(one.memory), threads, ended=_start(one.folder) != one.started)


def _ticks(folder: Path) -> dict[int, int]:
    """Clock ticks that each thread has used so far, by its number."""
    found = {}
    for tid in _listed(folder / "task"):
        fields = _fields(folder / "task" / tid)
        if fields:
            found[int(tid)] = int(fields[11]) + int(fields[12])
    return found


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:  # it has ended
        return []


def _fields(folder: Path) -> list[str]:
    """Fields of ``stat`` from the state on, see proc(5); none once the thread has ended."""
    try:
        return (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _start(folder: Path) -> int | None:
    fields = _fields(folder)
    return int(fields[19]) if fields and fields[0] not in "ZX" else None


def _resident(folder: Path) -> list[int]:
    try:
        return [int((folder / "statm").read_text().split()[1]) * _PAGE]
    except (OSError, IndexError):
        return []


def _name_and_state(task: Path) -> tuple[str, str]:
    try:
        text = (task / "stat").read_text(errors="replace")
    except OSError:
        return "?", "X"
    return text.partition("(")[2].rpartition(")")[0], text.rpartition(")")[2].split()[0]


def _wchan(task: Path) -> str:
    try:
        return (task / "wchan").read_text().strip().removeprefix("0")
    except OSError:
        return ""
