"""A source, stages with several workers, a sink; and the same again as an iteration."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

import numpy as np

import framelane as fl

if TYPE_CHECKING:
    from collections.abc import Iterator


def camera() -> Iterator[np.ndarray]:
    """Any iterable of arrays is a source; frames are numbered as they come."""
    for index in range(100):
        yield np.full((36, 64, 3), index, np.uint8)


def sharp_only(frame: fl.Frame) -> fl.Frame | None:
    """None drops a frame; the report counts and names it."""
    return frame if frame.index % 10 else None


def brighten(frame: fl.Frame) -> Any:
    """An array replaces the frame's first tensor."""
    time.sleep(random.uniform(0, 0.002))
    return np.minimum(frame.image, 155) + 100


seen: list[int] = []
stages = [sharp_only, fl.Stage(brighten, workers=3)]  # three threads; the order is restored behind them
report = fl.Pipeline([camera(), *stages, lambda frame: seen.append(frame.index)]).run()
print(f"{report.frames} frames came out, {report.dropped} were dropped, in order: {seen == sorted(seen)}")
print(f"the bottleneck was {report.bottleneck}")

for frame in fl.Pipeline([camera(), *stages]):
    if frame.index >= 30:  # leaving early ends the pipeline
        break
print(f"left at frame {frame.index}, which has the value {frame.image[0, 0, 0]}")
