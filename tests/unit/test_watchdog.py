"""Slow and stuck told apart: each way of being stuck, what the error says, what is no fault, and how it all ends."""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import framelane as fl
import scripts
from framelane import _core
from framelane._alarm import stack_alarm
from framelane._stall import sleeps_in, stack_in
from needs import need

pytestmark = pytest.mark.timing

STALL = 0.4  # seconds: long enough for a busy machine to give a thread some processor time
DATA = Path(__file__).parents[1] / "data"


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


def test_a_stage_that_waits_for_a_lock_is_stuck(go_on):
    error = fails_with_stall([frames(), fl.Stage(on_frame_5(go_on.wait), name="blend"), ignore], capacity=4)
    assert error.stage == "blend"
    assert error.frame_index == 5
    assert STALL <= error.seconds < STALL + 1
    text = str(error)
    assert re.search(r"stage 'blend' is stuck: no frame left it for 0\.\d s and it used no processor time", text)
    assert "it is on frame 5" in text
    assert "device: cpu" in text
    assert "ring frames -> blend: 4 of 4 (full)" in text
    assert "ring blend -> ignore: 0 of 4 (empty)" in text
    assert "in wait\n" in text, "the Python stack, down to the lock"
    assert 'test_watchdog.py", line' in text
    assert "_workers.py" not in text, "our own calls say nothing about the stall"
    assert "expected=" in text, "the cure"


def test_a_stage_that_sleeps_is_stuck_and_named_with_the_kernel_s_word(go_on):
    def sleep():
        while not go_on.is_set():
            ctypes.CDLL(None).usleep(2_500_000)

    error = fails_with_stall([frames(), on_frame_5(sleep), ignore])
    assert error.frame_index == 5
    assert "usleep" in str(error)
    if sleeps_in(_core_thread()):
        assert "sleeps in: " in str(error)


def _core_thread():
    """A thread of this process that sleeps."""
    sleeper = threading.Thread(target=time.sleep, args=(0.2,))
    sleeper.start()
    time.sleep(0.05)
    return sleeper.native_id


@pytest.mark.parametrize("place", ["source", "generator", "sink", "workers"])
def test_every_kind_of_stage_can_be_stuck(place, go_on):
    wait = on_frame_5(go_on.wait)

    def source():
        for index, array in enumerate(frames()):
            if index == 5:
                go_on.wait()
            yield array

    def generator(frame):
        yield wait(frame)

    elements = {
        "source": [source(), ignore],
        "generator": [frames(), generator, ignore],
        "sink": [frames(), wait],
        "workers": [frames(), fl.Stage(wait, workers=3), ignore],
    }[place]
    error = fails_with_stall(elements)
    assert error.stage == {"source": "source", "generator": "generator"}.get(place, "stage")
    assert error.frame_index == 5


def test_what_is_stuck_is_left_behind_and_said(go_on):
    pipeline = fl.Pipeline([frames(), fl.Stage(on_frame_5(go_on.wait), name="blend"), ignore], stall_after=STALL)
    with pytest.raises(fl.StallError) as caught:
        pipeline.run()
    assert pipeline.report.abandoned == ["blend"]
    assert pipeline.report.failed == 5
    assert "stage 'blend' did not end in time" in caught.value.__notes__[0]


def test_frames_behind_the_stuck_one_come_out(go_on):
    seen = []
    fails_with_stall([frames(), on_frame_5(go_on.wait), lambda frame: seen.append(frame.index)])
    assert seen == [0, 1, 2, 3, 4]


def test_a_stage_that_works_is_slow_never_stuck(caplog):
    def burn():
        until = time.monotonic() + 4 * STALL
        while time.monotonic() < until:
            pass

    pipeline = fl.Pipeline([frames(10), fl.Stage(on_frame_5(burn), name="upscale"), ignore], stall_after=STALL)
    report = pipeline.run()
    assert report.frames == 10
    warnings = [record.getMessage() for record in caplog.records if record.name == "framelane"]
    assert 2 <= len(warnings) <= 4, "one every stall_after"
    assert re.match(r"stage 'upscale' is slow: no frame left it for 0\.\d s, but it works", warnings[0])
    for part in ("device: cpu", "ring upscale -> ignore", "in burn"):
        assert part in warnings[0]
    assert report.bottleneck == "upscale"
    (text,) = report.warnings
    assert re.match(r"stage 'upscale' was slow: .* \(\d times\)", text)


def test_a_stage_that_holds_all_up_is_slow_although_frames_leave_it(caplog):
    def seconds_a_frame(frame):
        time.sleep(STALL / 4)
        return frame

    report = fl.Pipeline([frames(16), seconds_a_frame, ignore], stall_after=STALL, capacity=8).run()
    assert report.frames == 16
    assert "stage 'seconds_a_frame' is slow" in caplog.text
    assert "8 wait before it" in caplog.text
    assert "stage 'ignore'" not in caplog.text
    assert "stage 'frames'" not in caplog.text


def test_a_bottleneck_that_keeps_up_is_no_warning(caplog):
    def a_little(frame):
        time.sleep(0.01)
        return frame

    fl.Pipeline([frames(100), a_little, ignore], stall_after=STALL).run()
    assert caplog.text == ""


def test_silence_can_be_expected(go_on):
    camera = fl.Stage(iter_after(3 * STALL), name="camera", expected=True)
    assert fl.Pipeline([camera, ignore], stall_after=STALL).run().frames == 1
    camera = fl.Stage(iter_after(3 * STALL), name="camera", expected=6 * STALL)
    assert fl.Pipeline([camera, ignore], stall_after=STALL).run().frames == 1
    error = fails_with_stall([fl.Stage(iter_after(2.5), name="camera", expected=2 * STALL), ignore])
    assert error.stage == "camera"
    assert error.seconds >= 2 * STALL


def iter_after(seconds):
    time.sleep(seconds)
    yield np.zeros(1)


def test_none_switches_it_off(caplog):
    def sleep():
        time.sleep(3 * STALL)

    assert fl.Pipeline([frames(7), on_frame_5(sleep), ignore], stall_after=None).run().frames == 7
    assert caplog.text == ""


def test_a_frame_may_be_given_a_limit():
    def burn():
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            pass

    start = time.monotonic()
    stage = fl.Stage(on_frame_5(burn), name="upscale", frame_timeout=0.3)
    with pytest.raises(fl.StallError, match=r"on one frame for 0\.. s, and its frame_timeout is 0\.3 s") as caught:
        fl.Pipeline([frames(), stage, ignore], stall_after=None).run()
    assert time.monotonic() - start < 2.3
    assert caught.value.frame_index == 5
    time.sleep(0.5)


def test_a_consumer_that_takes_its_time_is_nobody_s_fault(caplog):
    for frame in fl.Pipeline([frames(4), lambda frame: frame], stall_after=0.2, capacity=1):
        if frame.index < 2:
            time.sleep(0.7)
    assert caplog.text == ""


def test_a_pool_that_is_held_back_starves_all_and_is_named():
    pool = fl.FramePool((2, 2), "uint8", 3)

    def reader():
        for index in range(100):
            yield fl.Frame(index, tensors={"image": pool.acquire()})

    kept = []
    with pytest.raises(fl.StallError) as caught:
        kept.extend(fl.Pipeline([fl.Stage(reader(), name="reader"), lambda frame: frame], stall_after=STALL))
    error = caught.value
    assert error.stage == "reader"
    assert "waits, and so do all others" in str(error)
    assert "native call: wait for a free slot of the pool of 3 x uint8 (2, 2)" in str(error)
    assert "more slots" in str(error)
    kept.clear()
    time.sleep(0.1)  # now the reader gets its slot, and ends


def test_a_slow_consumer_of_a_small_pool_is_no_stall(caplog):
    pool = fl.FramePool((2, 2), "uint8", 2)

    def reader():
        for index in range(6):
            yield fl.Frame(index, tensors={"image": pool.acquire()})

    def slow(frame):
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            pass

    report = fl.Pipeline([reader(), slow], stall_after=0.3).run()
    assert report.frames == 6
    assert "stage 'reader'" not in caplog.text
    assert report.bottleneck == "slow"


HOLDS_GIL = """
import ctypes, logging, re, sys, time
import numpy as np
import framelane as fl

def sleep_with_gil():
    ctypes.PyDLL(None).usleep(2_500_000)

def burn_with_gil():
    size, seconds = 18, 0.0
    while seconds < 0.1:
        size += 1
        start = time.monotonic()
        re.match("(a+)+$", "a" * size + "b")
        seconds = time.monotonic() - start
    while seconds < 2:
        size, seconds = size + 1, seconds * 2
    print("now", flush=True)
    re.match("(a+)+$", "a" * size + "b")

def blend(frame):
    if frame.index == 5:
        globals()[sys.argv[1]]()
        print("let go", file=sys.stderr, flush=True)
    return frame

def frames():
    for index in range(20):
        yield np.zeros(1)

pipeline = fl.Pipeline([frames(), blend, lambda frame: None], stall_after=0.4)
try:
    print(pipeline.run().frames, "frames")
except fl.StallError as error:
    print("StallError", error)
"""


def test_a_stage_that_holds_the_gil_and_sleeps_is_stuck():
    code, out, err = scripts.run(HOLDS_GIL, "sleep_with_gil")
    assert code == 0, err
    before, _, after = err.partition("let go")
    assert "framelane: stage 'blend' has passed on no frame, and the GIL is held" in before, "while it is held"
    assert "in sleep_with_gil" in before
    assert "in blend" in before
    assert "the GIL is held" not in after
    assert out.startswith("StallError stage 'blend' is stuck: no frame left it for 0.")
    assert "it is on frame 5" in out
    assert "taken while the GIL was held" in out
    assert "in sleep_with_gil" in out


def test_a_stage_that_holds_the_gil_and_works_is_slow():
    code, out, err = scripts.run(HOLDS_GIL, "burn_with_gil")
    assert code == 0, err
    before, _, after = err.partition("let go")
    assert "framelane: stage 'blend' has passed on no frame, and the GIL is held" in before
    assert "in burn_with_gil" in before
    assert "stage 'blend' is slow" in before + after
    assert "20 frames" in out, "it is waited for"


STUCK_IN_ONNX_RUNTIME = """
import sys, time
import numpy as np
import onnx
from onnx import TensorProto, helper
import framelane as fl

value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3])
node = helper.make_node("Stuck", ["x"], ["y"], domain="test.framelane")
graph = helper.make_graph([node], "stuck", [value("x")], [value("y")])
opset = [helper.make_opsetid("", 17), helper.make_opsetid("test.framelane", 1)]
onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), sys.argv[2])
options = fl.SessionOptions(custom_operator_libraries=[sys.argv[1]])
if sys.argv[3] == "infer":
    stage = fl.Infer(sys.argv[2], options=options, streams=2)
else:
    session = fl.Session(sys.argv[2], options=options)
    stage = fl.Stage(lambda frame: session.run(frame.image), name="stuck.onnx")
source = [np.zeros((1, 3), np.float32)] * 30
start = time.monotonic()
try:
    fl.Pipeline([source, stage, lambda frame: None], stall_after=0.5).run()
except fl.StallError as error:
    print(f"{time.monotonic() - start:.2f} s")
    print(error)
    print(error.stage, error.frame_index)
"""


@pytest.fixture(scope="module")
def stuck_operator(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    need("a C compiler", compiler is not None)
    library = tmp_path_factory.mktemp("operator") / "libstuck.so"
    source = DATA / "native" / "stuck_operator.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    return library


@pytest.mark.parametrize("place", ["infer", "stage"])
def test_a_run_that_is_stuck_inside_onnx_runtime_is_named(stuck_operator, tmp_path, place):
    code, out, err = scripts.run(STUCK_IN_ONNX_RUNTIME, str(stuck_operator), str(tmp_path / "stuck.onnx"), place)
    assert code == 0, err
    seconds, text = out.split(" s\n", 1)
    assert float(seconds) < 0.5 + 2
    assert text.startswith("stage 'stuck.onnx' is stuck: no frame left it for 0.")
    assert "native call: ONNX Runtime: run stuck.onnx" in text
    assert "device: cpu" in text
    assert text.endswith("stuck.onnx 0\n")


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


def test_the_mailbox_waits_without_the_gil():
    watchdog = _core.Watchdog(None)
    assert watchdog.wait(0.01) is None
    threading.Timer(0.05, watchdog.post, (3,)).start()
    assert watchdog.wait(10) == 3
    with pytest.raises(ValueError, match="timeout"):
        watchdog.wait(-1)


def test_the_watchdog_takes_activities_only():
    with pytest.raises(TypeError, match="expected an Activity, got str"):
        _core.Watchdog(1.0).add("stage", ["activity"], stall_after=1.0)
    with pytest.raises(TypeError, match="no arguments"):
        _core.Activity(1)


def test_an_activity_tells_what_its_worker_does():
    activity = _core.Activity()
    activity.attach()
    activity.busy(3)
    activity.add_left()
    seen = activity.snapshot()
    assert (seen["phase"], seen["frame"], seen["left"]) == ("busy", 3, 1)
    assert seen["thread"] == threading.get_native_id()
    activity.wait_input()
    assert activity.snapshot()["phase"] == "waiting for input"
    activity.detach()
    assert activity.snapshot()["phase"] == "idle"
    with pytest.raises(TypeError):
        activity.busy("three")


def test_the_alarm_s_signal_and_file_are_given_back():
    with stack_alarm() as (number, file), stack_alarm() as again:
        assert again == (number, file)
        assert os.fstat(file).st_size == 0
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(file)


def test_one_thread_s_stack_is_found_in_what_faulthandler_writes():
    text = (
        "Thread 0x00007f01 [framelane blend] (most recent call first):\n"
        '  File "a.py", line 2 in inner\n'
        '  File "a.py", line 1 in outer\n'
        "\n"
        "Current thread 0x00007f02 (most recent call first):\n"
        '  File "b.py", line 1 in main\n'
    )
    assert stack_in(text, 0x7F01) == ['    File "a.py", line 1 in outer', '    File "a.py", line 2 in inner']
    assert stack_in(text, 0x7F02) == ['    File "b.py", line 1 in main']
    assert stack_in(text, 0x7F03) == []
    assert stack_in("", 1) == []
