"""What went wrong in a stage, and the error that the user gets for it."""

from __future__ import annotations

import traceback

from ._errors import StageError


class StageFault(Exception):  # noqa: N818 - never seen by a user
    """What went wrong in a stage, on its way to the supervisor; an engine's passes through whoever called it."""

    def __init__(self, stage: int, frame_index: int | None, cause: BaseException) -> None:
        super().__init__(stage, frame_index, cause)
        self.stage = stage
        self.frame_index = frame_index
        self.cause = cause


def stage_error(name: str, fault: StageFault) -> StageError:
    """Return the error for a stage that raised."""
    cause = fault.cause
    where = "" if fault.frame_index is None else f" on frame {fault.frame_index}"
    error = StageError(f"stage '{name}' raised {type(cause).__name__}{where}: {cause}")
    error.stage = name
    error.frame_index = fault.frame_index
    error.__cause__ = cause
    _let_go_of_frames(cause)
    return error


def _let_go_of_frames(error: BaseException | None) -> None:
    """Clear the locals that an exception's traceback keeps: they hold tensors, so slots of pools, while it lives."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        _clear_callers(error)
        error = error.__cause__ or error.__context__


def _clear_callers(error: BaseException) -> None:
    """Clear the locals of our own frames that called the user's code; those that still run clear themselves."""
    trace = error.__traceback__
    frame = trace.tb_frame.f_back if trace is not None else None
    while frame is not None:
        try:
            frame.clear()
        except RuntimeError:
            return
        frame = frame.f_back
