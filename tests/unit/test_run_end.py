"""Ctrl-C, the interpreter's end and stop() end a run, whatever its stages do."""

import signal
import threading
import time

import pytest

import framelane as fl
import scripts
from stalls import frames, ignore

pytestmark = pytest.mark.timing

INTERRUPTED = """
import signal, sys, threading, time
import numpy as np
import framelane as fl

def stage(frame):
    if frame.index == 3 and sys.argv[1] == "stuck":
        threading.Event().wait()
    time.sleep(0.01)
    return frame

class Writer:
    frames = 0
    def __call__(self, frame):
        self.frames += 1
        if self.frames == 3:
            print("running", flush=True)
    def close(self):
        print("closed", flush=True)
    def abort(self):
        return f"out.partial ({self.frames} frames)"

def frames():
    try:
        while True:
            yield np.zeros(1)
    finally:
        print("source closed", flush=True)

pipeline = fl.Pipeline([frames(), stage, Writer()])
try:
    if sys.argv[2] == "iterate":
        for frame in fl.Pipeline([frames(), stage]):
            if frame.index == 2:
                print("running", flush=True)
    else:
        pipeline.run()
except KeyboardInterrupt:
    print("interrupted", pipeline.report and pipeline.report.kept, pipeline.report and pipeline.report.abandoned)
    sys.exit(130)
"""


@pytest.mark.parametrize("form", ["run", "iterate"])
@pytest.mark.parametrize("state", ["works", "stuck"])
def test_ctrl_c_ends_a_run_within_a_second(state, form):
    with scripts.start(INTERRUPTED, state, form) as process:
        assert process.stdout.readline() == "running\n"
        time.sleep(0.1)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        seconds = time.monotonic() - start
    assert process.returncode == 130, err
    assert seconds < 1.5, "a second, and the end of the interpreter"
    assert "source closed" in out
    assert "interrupted" in out
    assert "closed\n" not in out.replace("source closed", "")
    if form == "run":
        assert "out.partial (" in out
        assert ("'stage'" in out) == (state == "stuck")
    assert err == ""


LEFT_RUNNING = """
import sys, threading, time
import numpy as np
import framelane as fl

def stage(frame):
    if sys.argv[1] == "stuck":
        threading.Event().wait()
    return frame

class Writer:
    def __call__(self, frame):
        time.sleep(0.001)
    def close(self):
        print("closed")
    def abort(self):
        print("aborted")

pipeline = fl.Pipeline([(np.zeros(1) for _ in iter(int, 1)), stage, Writer()]).start()
time.sleep(0.2)
"""


@pytest.mark.parametrize("state", ["works", "stuck"])
def test_the_interpreter_ends_although_a_pipeline_runs(state):
    start = time.monotonic()
    code, out, err = scripts.run(LEFT_RUNNING, state)
    assert (code, err) == (0, "")
    assert out == "aborted\n"
    assert time.monotonic() - start < 10


def test_stopping_does_not_hang_on_a_stuck_stage(go_on):
    started = threading.Event()

    def stuck(frame):
        started.set()
        go_on.wait()

    pipeline = fl.Pipeline([frames(), stuck, ignore]).start()
    started.wait()
    start = time.monotonic()
    report = pipeline.stop()
    assert time.monotonic() - start < 1.5
    assert report.abandoned == ["stuck"]


# The native part, where no pipeline is needed.
