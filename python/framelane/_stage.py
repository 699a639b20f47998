"""What a user says about one stage of a pipeline, and what its callable may return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ._core import Tensor
from ._frame import Frame

_ARRAY_PROTOCOLS = ("__array_interface__", "__dlpack__", "__cuda_array_interface__", "__buffer__")


@dataclass(frozen=True, slots=True)
class Stage:
    """A callable, a source or a sink with what a `Pipeline` should know about it.

    Parameters
    ----------
    target : callable, or the source or sink
        A callable gets the `Frame`. What it returns travels on: an array replaces the frame's first tensor, a dict of
        arrays its tensors, a `Frame` passes as it is, None drops the frame (counted), a generator yields several.
    workers : int
        Threads that call it at the same time, so it must be thread-safe; order is restored behind them. With more
        than one, what a generator yields for a frame is collected first, up to the capacity of the pipeline.
    name : str, optional
        Its name in reports and errors; by default the name of the callable or of its class.
    expected : bool or float
        For a stage that waits for the outside, such as a camera: it may be silent for this many seconds, or for any
        time (True), before it counts as stuck.
    frame_timeout : float, optional
        Seconds that one frame may take at most. By default any time: a slow stage is waited for.
    process : bool
        Processes instead of threads; refused for now.

    Raises
    ------
    ValueError
        `workers` below 1, or a time that is not positive.
    NotImplementedError
        ``process=True``, which comes with a later release.
    """

    target: Any
    workers: int = 1
    name: str | None = None
    expected: bool | float = False
    frame_timeout: float | None = None
    process: bool = False

    def __post_init__(self) -> None:
        if self.process:
            raise NotImplementedError(
                "Stage(process=True) comes with a later release; use workers=n for threads, which run side by side "
                "wherever the stage's own code releases the GIL (NumPy, OpenCV, ONNX Runtime)"
            )
        if not isinstance(self.workers, int) or self.workers < 1:
            raise ValueError(f"workers must be an integer from 1 on, not {self.workers!r}")
        check_seconds("frame_timeout", self.frame_timeout)
        if not isinstance(self.expected, bool):
            check_seconds("expected", self.expected)


def check_seconds(name: str, value: float | None) -> None:
    """Refuse what is no positive number of seconds; None passes."""
    if value is not None and (isinstance(value, bool) or not value > 0):
        raise ValueError(f"{name} must be a positive number of seconds, or None for no limit; got {value!r}")


def stall_limit(expected: bool | float, stall_after: float | None) -> float | None:
    """Return the seconds of silence after which a stage counts as stuck; None for never."""
    if stall_after is None or expected is True:
        return None
    return max(stall_after, float(expected))


def name_of(target: Any, default: str) -> str:
    """Return what to call a source, stage or sink whose user gave no name."""
    if isinstance(target, partial):
        target = target.func
    for candidate in (getattr(target, "name", None), getattr(target, "__name__", None)):
        if isinstance(candidate, str) and candidate and candidate != "<lambda>":
            return candidate
    kind = type(target)
    return default if kind.__module__ == "builtins" or candidate == "<lambda>" else kind.__name__


def is_array(value: object) -> bool:
    """Whether a value can be a tensor of a frame."""
    if isinstance(value, (np.ndarray, Tensor)):
        return True
    if any(hasattr(value, protocol) for protocol in _ARRAY_PROTOCOLS):
        return True
    try:  # Python before 3.12 does not show the buffer protocol as an attribute
        memoryview(value).release()  # type: ignore[arg-type]
    except TypeError:
        return False
    return True


def checked_tensors(tensors: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Return a dict of tensors after a look at each value."""
    for name, value in tensors.items():
        if not isinstance(name, str) or not is_array(value):
            raise TypeError(f"{what} has {type(value).__name__} under {name!r}; a dict must hold arrays under names")
    return dict(tensors)


def travels_on(frame: Frame, result: object) -> Frame | Iterator[Frame] | None:
    """Turn what a callable returned for a frame into what the next stage gets."""
    if result is None or isinstance(result, Frame):
        return result
    if isinstance(result, Mapping):
        tensors = checked_tensors(result, "the dict that the stage returned")
    elif isinstance(result, Iterator):
        return _several(frame, result)
    elif is_array(result):
        first = next(iter(frame.tensors), "image")
        tensors = {**frame.tensors, first: result}
    else:
        raise TypeError(
            f"the stage returned {type(result).__name__}; return an array, a dict of arrays, a Frame, None to drop the "
            "frame, or a generator of these"
        )
    return Frame(frame.index, frame.timestamp, tensors, frame.duration, frame.meta)


def _several(frame: Frame, results: Iterator[object]) -> Iterator[Frame]:
    for result in results:
        one = travels_on(frame, result)
        if isinstance(one, Frame):
            yield one
        elif one is not None:
            yield from one
