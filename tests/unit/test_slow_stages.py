"""What is slow, expected or nobody's fault is no stall."""

import re
import time

import numpy as np
import pytest

import framelane as fl
from stalls import STALL, fails_with_stall, frames, ignore, on_frame_5

pytestmark = pytest.mark.timing


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
