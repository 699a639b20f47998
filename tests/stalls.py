"""Stages that are held up, for tests of the watchdog."""

import time

import numpy as np
import pytest

import framelane as fl

STALL = 0.4  # seconds: long enough for a busy machine to give a thread some processor time


def frames(count=100):
    for index in range(count):
        yield np.full((2, 2), index)


def ignore(frame):
    pass


def on_frame_5(action):
    def stage(frame):
        if frame.index == 5:
            action()
        return frame

    return stage


def fails_with_stall(elements, **options):
    """Run, and return the StallError; checks that it comes in time."""
    start = time.monotonic()
    with pytest.raises(fl.StallError) as caught:
        fl.Pipeline(elements, stall_after=STALL, **options).run()
    assert time.monotonic() - start < STALL + 2
    return caught.value
