"""SIGTERM ends a run as Ctrl-C does: sources stop, and what is whole is kept."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ._exit import Terminated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


@contextmanager
def orderly_termination() -> Iterator[None]:
    """Raise `Terminated` in the main thread when SIGTERM arrives."""
    if threading.current_thread() is not threading.main_thread():  # only that thread may set handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _raise(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the form of a handler
    raise Terminated("terminated (SIGTERM)")
