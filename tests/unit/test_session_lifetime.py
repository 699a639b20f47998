"""Sessions and runs end, are released, and cross to other threads and processes."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
import threading
import time
import warnings

import numpy as np
import onnx
import psutil
import pytest
from onnx import helper

import framelane as fl
from networks import doubler, endless, model_path, network, run_on_ones, value, weighted_reference


def test_threads_may_run_one_session_at_once(weighted):
    pictures = [np.random.default_rng(i).random((1, 3, 64, 64), np.float32) for i in range(8)]
    results = [weighted_reference(picture) for picture in pictures]
    failures = []

    def work(picture, result):
        equal = [np.array_equal(weighted.run(picture)["y"], result) for _ in range(50)]
        failures.extend(index for index, same in enumerate(equal) if not same)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(pictures, results, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert weighted.stats().runs == 400


def stopped(call):
    with pytest.raises(fl.FramelaneError, match="the run was stopped"):
        call()


def test_the_gil_is_released():
    with fl.Session(endless()) as session:
        thread = threading.Thread(target=stopped, args=(lambda: session.run(np.zeros(1, np.float32)),))
        thread.start()
        time.sleep(0.2)  # only if the run lets this thread go on
        session.terminate()
        thread.join(20)
        assert not thread.is_alive()


def test_terminate_stops_runs_in_progress_and_no_later_ones():
    errors = []

    def work(call):
        try:
            call()
        except fl.FramelaneError as error:
            errors.append(str(error))

    with fl.Session(endless()) as session, fl.Session(doubler((1,))) as other:
        zero = np.zeros(1, np.float32)
        bound = session.bind(zero)
        threads = [threading.Thread(target=work, args=(call,)) for call in (lambda: session.run(zero), bound)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        session.terminate()
        other.terminate()
        for thread in threads:
            thread.join(20)
        assert errors == ["the run was stopped"] * 2
        np.testing.assert_array_equal(other.run(zero)["y"], zero)


def test_a_closed_session_refuses(weighted, picture):
    bound = weighted.bind(picture)
    weighted.close()
    weighted.close()
    for call in (lambda: weighted.run(picture), bound, weighted.terminate, weighted.stats, lambda: weighted.metadata,
                 lambda: weighted.bind(picture)):  # fmt: skip
        with pytest.raises(fl.FramelaneError, match="closed"):
            call()
    assert weighted.inputs[0].name == "x"


def test_close_lets_a_run_in_progress_finish():
    session = fl.Session(endless(3_000_000))
    results = []
    thread = threading.Thread(target=lambda: results.append(session.run(np.zeros(1, np.float32))))
    thread.start()
    time.sleep(0.05)
    session.close()
    thread.join(60)
    assert len(results) == 1


def test_an_unopened_session_refuses():
    session = fl.Session.__new__(fl.Session)
    with pytest.raises(fl.FramelaneError, match="closed"):
        session.run({})
    session.close()


@pytest.mark.timing
def test_sessions_are_released():
    process, model = psutil.Process(), doubler((512, 512)).SerializeToString()
    array = np.ones((512, 512), np.float32)

    def use():
        with fl.Session(model, options=fl.SessionOptions(intra_op_threads=2)) as session:
            session.run(array)
            session.bind(array)()

    for _ in range(5):
        use()
    threads, memory = process.num_threads(), process.memory_info().rss
    for _ in range(50):
        use()
    assert process.num_threads() <= threads
    assert process.memory_info().rss - memory < 30e6


def test_runs_leave_no_references_behind(weighted, picture):
    feeds = {"x": picture}
    weighted.run(feeds)
    before = sys.getrefcount(picture), sys.getrefcount(feeds)
    for _ in range(100):
        weighted.run(feeds)
        with pytest.raises(fl.ShapeError):
            weighted.run({"x": picture, "z": picture})
    assert (sys.getrefcount(picture), sys.getrefcount(feeds)) == before


def test_a_session_of_a_path_pickles(weighted):
    again = pickle.loads(pickle.dumps(weighted))
    np.testing.assert_array_equal(run_on_ones(again), run_on_ones(weighted))
    with pytest.raises(TypeError, match="does not pickle"):
        pickle.dumps(fl.Session(doubler()))
    with pytest.raises(TypeError):
        pickle.dumps(weighted.bind(np.ones((1, 3, 2, 2), np.float32)))


def test_a_spawned_process_runs_it(weighted):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        np.testing.assert_array_equal(pool.apply(run_on_ones, (weighted,)), run_on_ones(weighted))


def in_forked_child(session, bound):
    """What a child process sees; 0 when all is as it should be."""
    for call in (lambda: run_on_ones(session), bound, lambda: session.bind({"x": (1, 3, 2, 2)})):
        try:
            call()
        except fl.FramelaneError as error:
            if "fork" not in str(error):
                return 1
        else:
            return 2
    with fl.Session(model_path("01_weighted")) as own:
        if run_on_ones(own).shape != (1, 3, 2, 2):
            return 3
    session.close()
    return 0


def test_a_forked_process_refuses_and_can_make_its_own(weighted):
    run_on_ones(weighted)
    bound = weighted.bind(np.ones((1, 3, 2, 2), np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # from Python 3.12 on: fork with threads
        child = os.fork()
    if child == 0:
        status = 99
        try:
            status = in_forked_child(weighted, bound)
        finally:
            os._exit(status)
    deadline = time.monotonic() + 30
    while (done := os.waitpid(child, os.WNOHANG)) == (0, 0):
        assert time.monotonic() < deadline, "the child hangs"
        time.sleep(0.02)
    assert os.waitstatus_to_exitcode(done[1]) == 0
    bound()


def test_the_bytes_of_a_model_are_not_kept():
    weights = onnx.numpy_helper.from_array(np.ones((4096, 4096), np.float32), "w")
    add = helper.make_node("Add", ["x", "w"], ["y"])
    model = network([add], [value("x", [1])], [value("y", [4096, 4096])], [weights])
    session = fl.Session(model.SerializeToString())
    assert session._model.data is None
