"""What an engine chooses where its caller does not."""

from __future__ import annotations

import os
from typing import Any

from ._session_options import SessionOptions


def auto_streams() -> int:
    """One stream a core, but no more than four: each needs memory of its own."""
    return min(len(os.sched_getaffinity(0)), 4)


def options_for(streams: int) -> SessionOptions:
    """Divide the machine's threads among the streams."""
    cores = len(os.sched_getaffinity(0))
    return SessionOptions(intra_op_threads=max(1, cores // streams), allow_spinning=False)


def label_of(model: Any) -> str:
    """Return the file name where there is one."""
    return os.path.basename(os.fsdecode(model)) if isinstance(model, str | os.PathLike) else "model"
