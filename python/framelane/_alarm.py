"""Lets the native watchdog write Python's stacks without the GIL, by a handler that faulthandler installs."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.Lock()
_users = 0
_signal_number = 0
_memory_file = -1


@contextmanager
def stack_alarm() -> Iterator[tuple[int, int]]:
    """Yield (signal, file): the watchdog sends itself the signal, and the stacks are in the file.

    One signal and one file in memory serve all pipelines of the process; both are given back with the last one.
    """
    _acquire()
    try:
        yield _signal_number, _memory_file
    finally:
        _release()


def _acquire() -> None:
    global _users, _signal_number, _memory_file
    with _lock:
        if _users == 0:
            _signal_number = _free_signal()
            _memory_file = os.memfd_create("framelane stacks")
            faulthandler.register(_signal_number, file=_memory_file, all_threads=True, chain=False)
        _users += 1


def _release() -> None:
    global _users
    with _lock:
        _users -= 1
        if _users == 0:
            faulthandler.unregister(_signal_number)
            os.close(_memory_file)


def _free_signal() -> int:
    """Return a real-time signal that nobody in this process handles."""
    for number in range(signal.SIGRTMAX - 1, signal.SIGRTMIN, -1):
        if signal.getsignal(number) is signal.SIG_DFL:
            return number
    return signal.SIGRTMAX
