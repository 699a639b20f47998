from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import framelane as fl
from networks import model_path


@pytest.fixture
def weighted():
    """A session of 01_weighted, which tells every pixel and channel from every other."""
    with fl.Session(model_path("01_weighted")) as session:
        yield session


@pytest.fixture
def picture():
    """An input for it: one small picture of noise."""
    return np.random.default_rng(1).random((1, 3, 6, 8), np.float32)


def _native_threads():
    names = []
    for task in os.listdir("/proc/self/task"):
        with suppress(OSError):  # it has just ended
            names.append(Path(f"/proc/self/task/{task}/comm").read_text())
    return [name for name in names if name.startswith("framelane")]


@pytest.fixture
def no_thread_is_left():
    """No thread of a pipeline or an engine outlives the test."""
    yield
    deadline = time.monotonic() + 10
    while (left := _native_threads()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert left == []
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("framelane")] == []


@pytest.fixture
def go_on():
    """An event that lets a stuck stage go at the end of the test."""
    event = threading.Event()
    yield event
    event.set()
    deadline = time.monotonic() + 5
    while any(one.name.startswith("framelane") for one in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
