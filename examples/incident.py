"""The incident that framelane was made for: a job whose network silently takes seconds a frame.

A producer that gives up when its queue has been full for a minute loses the job, and names neither stage nor cause.
Here it only waits, the job finishes, and a warning names the stage. `--scale 1` takes as long as it did then: ten
minutes.
"""

from __future__ import annotations

import argparse
import logging
import time
from typing import TYPE_CHECKING

import numpy as np

import framelane as fl

if TYPE_CHECKING:
    from collections.abc import Iterator

options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
options.add_argument("--scale", type=float, default=100, help="how many times faster than the incident (default 100)")
options.add_argument("--frames", type=int, default=150)
chosen = options.parse_args()
logging.basicConfig(format="%(message)s")


def driving_video() -> Iterator[np.ndarray]:
    for _ in range(chosen.frames):
        yield np.zeros((72, 128, 3), np.uint8)


def network(frame: fl.Frame) -> fl.Frame:
    time.sleep(4.0 / chosen.scale)  # it should be milliseconds, but its libraries were not found
    return frame


out: list[int] = []
pipeline = fl.Pipeline(
    [driving_video(), network, lambda frame: out.append(frame.index)], capacity=8, stall_after=10 / chosen.scale
)
report = pipeline.run()
print(report)
print(f"{len(out)} of {chosen.frames} frames came out in order: {out == list(range(chosen.frames))}")
