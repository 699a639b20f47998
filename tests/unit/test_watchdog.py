"""Stuck stages are named: each way of being stuck, what the error says, and the watchdog itself."""

import ctypes
import os
import re
import threading
import time

import pytest

import framelane as fl
from framelane import _core
from framelane._alarm import stack_alarm
from framelane._stall import sleeps_in, stack_in
from stalls import STALL, fails_with_stall, frames, ignore, on_frame_5

pytestmark = pytest.mark.timing


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
    assert 'stalls.py", line' in text
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
