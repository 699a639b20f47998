"""Tensors, pools and views that die in the wrong order, in the wrong thread, and with the interpreter."""

from __future__ import annotations

import gc
import itertools
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref

import numpy as np
import pytest

import framelane as fl
from dlpack_producer import consume, delete

PRELUDE = """
import atexit, gc, os, signal, sys, threading, time
import numpy as np
import framelane as fl
from dlpack_producer import consume, delete
"""


def start(script: str) -> subprocess.Popen[str]:
    code = PRELUDE + textwrap.dedent(script)
    path = [*map(str, sys.path)]
    return subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-W", "error", "-c", f"import sys; sys.path[:] = {path!r}\n{code}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(script: str, timeout: float = 60) -> str:
    """The output of a script that must end by itself, in order and without a word on stderr."""
    process = start(script)
    try:
        out, err = process.communicate(timeout=timeout)
    finally:
        process.kill()
    assert (process.returncode, err) == (0, "")
    return out


# --- in the wrong order


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=lambda order: "".join(map(str, order)))
def test_pool_tensor_view_and_capsule_die_in_any_order(order):
    pool = fl.FramePool((8,), np.uint8, 1)
    watched = weakref.ref(pool)
    tensor = pool.acquire()
    things = [pool, tensor, np.asarray(tensor), tensor.__dlpack__()]
    del pool, tensor
    for index in order:
        things[index] = None
    gc.collect()
    assert watched() is None


def test_a_tensor_in_a_cycle_is_collected():
    pool = fl.FramePool((8,), np.uint8, 1)
    cycle = [pool.acquire()]
    cycle.append(cycle)
    del cycle
    gc.collect()
    assert pool.available == 1


def test_the_wrapped_array_lives_as_long_as_the_last_view():
    class Array(np.ndarray):
        pass

    source = np.zeros(4, np.float32).view(Array)
    gone = weakref.ref(source)
    view = fl.Tensor.wrap(source).reshape((2, 2)).view("int32").numpy()
    del source
    assert gone() is not None
    del view
    assert gone() is None


# --- in the wrong thread


def test_a_thread_without_the_gil_drops_a_python_object():
    class Array(np.ndarray):
        pass

    source = np.zeros(4, np.float32).view(Array)
    gone = weakref.ref(source)
    managed = consume(fl.Tensor.wrap(source).__dlpack__())
    del source
    thread = threading.Thread(target=delete, args=(managed,))
    thread.start()
    thread.join()
    assert gone() is None


def test_threads_that_wrap_and_drop_leave_no_reference():
    source = np.zeros(4, np.float32)
    before = sys.getrefcount(source)

    def work() -> None:
        for _ in range(500):
            delete(consume(fl.Tensor.wrap(source).__dlpack__(max_version=(1, 0))))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sys.getrefcount(source) == before


# --- with the interpreter


@pytest.mark.parametrize(
    "script",
    [
        "pool = fl.FramePool((8,), np.uint8, 2); tensor = pool.acquire(); view = tensor.numpy()",
        "pool = fl.FramePool((8,), np.uint8, 2); view = pool.acquire().numpy(); del pool",
        "np.kept = fl.Tensor.wrap(np.ones(3))",
        "sys.kept = fl.FramePool((8,), np.uint8, 2).acquire()",
        "fl.kept = fl.FramePool((8,), np.uint8, 2).acquire().numpy()",
        "tensor = fl.Tensor.wrap(np.ones(3)); cycle = [tensor]; cycle.append(cycle)",
        "capsule = fl.Tensor.wrap(np.ones(3)).__dlpack__()",
        "managed = consume(fl.Tensor.wrap(np.ones(3)).__dlpack__())",
        "pool = fl.FramePool((8,), np.uint8, 2); atexit.register(lambda: pool.acquire().numpy().fill(1))",
        "local = threading.local(); local.kept = fl.FramePool((8,), np.uint8, 2).acquire()",
    ],
)
def test_what_is_alive_at_exit_does_no_harm(script):
    run(script)


def test_a_thread_that_waits_for_ever_does_not_keep_the_interpreter():
    run("""
        pool = fl.FramePool((8,), np.uint8, 1)
        held = pool.acquire()
        threading.Thread(target=pool.acquire, daemon=True).start()
        while pool.stats().waits == 0:
            time.sleep(0.001)
    """)


def test_a_slot_that_returns_at_exit_wakes_a_thread_that_no_longer_runs():
    # The slot is the module's: it returns while the module is torn down, when the thread may not have the GIL any more.
    for _ in range(5):
        run("""
            fl.pool = fl.FramePool((8,), np.uint8, 1)
            sys.held = fl.pool.acquire()
            threads = [threading.Thread(target=fl.pool.acquire, daemon=True) for _ in range(4)]
            for thread in threads:
                thread.start()
            while fl.pool.stats().waits < 4:
                time.sleep(0.001)
        """)


def test_threads_that_come_and_go_at_exit_do_no_harm():
    for _ in range(10):
        run("""
            pool = fl.FramePool((8,), np.uint8, 2)
            source = np.ones(1000)

            def work():
                while True:
                    pool.acquire().numpy().fill(1)
                    fl.Tensor.wrap(source).copy()
                    delete(consume(fl.Tensor.wrap(source).__dlpack__()))

            for _ in range(6):
                threading.Thread(target=work, daemon=True).start()
            time.sleep(0.05)
        """)


def test_exit_functions_run_by_hand_are_not_the_end():
    out = run("""
        source = np.ones(3)
        before = sys.getrefcount(source)
        atexit._run_exitfuncs()
        tensor = fl.Tensor.wrap(source)
        del tensor
        pool = fl.FramePool((8,), np.uint8, 1)
        held = [pool.acquire()]
        threading.Timer(0.1, held.clear).start()
        print(sys.getrefcount(source) - before, pool.acquire(timeout=20).shape)
    """)
    assert out == "0 (8,)\n"


def test_a_fork_has_its_own_pool():
    out = run("""
        pool = fl.FramePool((8,), np.uint8, 1)
        view = pool.acquire().numpy()
        view[:] = 1
        child = os.fork()
        if child == 0:
            view[:] = 2
            del view
            pool.acquire(timeout=5)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        print(view.tolist(), pool.available)
    """)
    assert out == f"{[1] * 8} 0\n"


# --- signals

WAITS = """
    pool = fl.FramePool((8,), np.uint8, 1)
    held = pool.acquire()
    print("waiting", flush=True)
    try:
        pool.acquire({timeout})
    except KeyboardInterrupt:
        print("interrupted", pool.available, flush=True)
"""


@pytest.mark.timing
@pytest.mark.parametrize("timeout", ["", "30"])
def test_ctrl_c_ends_a_wait_at_once(timeout):
    process = start(WAITS.format(timeout=timeout))
    try:
        assert process.stdout.readline() == "waiting\n"
        time.sleep(0.1)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted 0\n"
        assert time.monotonic() - sent < 1
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_signal_whose_handler_returns_does_not_end_the_wait():
    out = run("""
        pool = fl.FramePool((8,), np.uint8, 1)
        held = [pool.acquire()]
        heard = []
        signal.signal(signal.SIGALRM, lambda *_: heard.append(1) or (len(heard) == 5 and held.clear()))
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        shape = pool.acquire(timeout=30).shape
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(shape, len(heard) >= 5)
    """)
    assert out == "(8,) True\n"


def test_memory_that_the_process_may_not_have_is_an_error():
    out = run("""
        import resource
        with open("/proc/self/statm") as statm:
            limit = int(statm.read().split()[0]) * os.sysconf("SC_PAGESIZE") + (64 << 20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        try:
            fl.FramePool((1 << 20,), np.uint8, 256)
        except fl.DeviceMemoryError as error:
            print(error.asked)
    """)
    assert out == f"{256 << 20}\n"
