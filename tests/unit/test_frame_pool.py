from __future__ import annotations

import inspect
import random
import resource
import threading
import time
import weakref

import ml_dtypes
import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import framelane as fl
from dlpack_producer import consume, delete


def test_a_pool_lends_tensors_of_its_kind():
    pool = fl.FramePool((4, 6, 3), np.uint8, 2)
    tensor = pool.acquire()
    assert (tensor.shape, tensor.dtype, tensor.contiguous, tensor.read_only) == ((4, 6, 3), "uint8", True, False)
    assert (pool.shape, pool.dtype, pool.count, len(pool), pool.available) == ((4, 6, 3), "uint8", 2, 2, 1)
    assert pool.nbytes == 2 * 128
    assert repr(pool) == "FramePool(shape=(4, 6, 3), dtype=uint8, count=2, available=1)"


def test_slots_are_aligned_and_apart():
    pool = fl.FramePool((5, 7), "float32", 9)
    lent = [pool.acquire() for _ in range(9)]
    addresses = sorted(tensor.address for tensor in lent)
    assert all(address % 64 == 0 for address in addresses)
    assert min(np.diff(addresses)) >= 5 * 7 * 4


@pytest.mark.parametrize("dtype", ["bfloat16", ml_dtypes.bfloat16, np.dtype(ml_dtypes.bfloat16)], ids=repr)
def test_bfloat16_in_all_its_spellings(dtype):
    assert fl.FramePool((2,), dtype, 1).acquire().dtype == "bfloat16"


@pytest.mark.parametrize(
    "spec", [np.zeros((2, 3), np.float16), fl.Tensor.wrap(np.zeros((2, 3), np.float16))], ids=["array", "tensor"]
)
def test_a_pool_of_frames_like_this_one(spec):
    pool = fl.FramePool(spec, 4)
    assert (pool.shape, pool.dtype, pool.count) == ((2, 3), "float16", 4)
    assert fl.FramePool(spec=spec, count=1).shape == (2, 3)


def test_one_axis_may_be_a_plain_number():
    assert fl.FramePool(5, "int8", 1).acquire().shape == (5,)


def resident() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def test_the_memory_is_there_before_the_first_frame_and_goes_with_the_pool():
    before = resident()
    pool = fl.FramePool((1024, 1024), np.uint8, 64)
    assert resident() - before > 60 << 20
    del pool
    assert resident() - before < 8 << 20


# --- a slot returns when its last view is gone


def test_views_hold_the_slot():
    pool = fl.FramePool((4, 6, 3), np.uint8, 2)
    tensor = pool.acquire()
    view = tensor.numpy()[1:, ::2]
    del tensor
    assert pool.available == 1
    other = fl.Tensor.wrap(view)
    del view
    assert pool.available == 1
    del other
    assert pool.available == 2


@pytest.mark.parametrize("max_version", [None, (1, 0)])
def test_dlpack_holds_the_slot(max_version):
    pool = fl.FramePool((4,), np.float32, 1)
    managed = consume(pool.acquire().__dlpack__(max_version=max_version))
    assert pool.available == 0
    delete(managed)
    assert pool.available == 1


def test_a_view_outlives_the_pool():
    pool = fl.FramePool((1000,), np.int32, 2)
    view = pool.acquire().numpy()
    view[:] = 7
    gone = weakref.ref(pool)
    del pool
    assert gone() is None
    assert (view == 7).all()


def test_a_slot_returns_in_another_thread():
    pool = fl.FramePool((4,), np.float32, 1)
    lent = [pool.acquire().numpy()]
    thread = threading.Thread(target=lent.clear)
    thread.start()
    assert pool.acquire(timeout=10).address
    thread.join()


def test_an_exception_does_not_keep_a_slot():
    pool = fl.FramePool((4,), np.float32, 1)

    def fails() -> None:
        frame = pool.acquire()
        frame.numpy()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert pool.available == 1


# --- waiting


@pytest.mark.timing
def test_acquire_waits_for_a_slot_without_the_gil():
    pool = fl.FramePool((4,), np.float32, 1)
    held = [pool.acquire()]
    threading.Timer(0.2, held.clear).start()  # needs the GIL
    start = time.monotonic()
    pool.acquire(timeout=10)
    assert 0.15 < time.monotonic() - start < 5
    stats = pool.stats()
    assert (stats.acquired, stats.waits, stats.high_water, stats.available) == (2, 1, 1, 1)
    assert stats.waited > 0.15


def test_acquire_times_out_and_says_what_to_do():
    pool = fl.FramePool((8,), "float32", 1)
    held = pool.acquire()
    for timeout in (0, 0.02):
        start = time.monotonic()
        with pytest.raises(fl.RingTimeout, match="raise count"):
            pool.acquire(timeout)
        assert time.monotonic() - start >= timeout
    with pytest.raises(TimeoutError, match=r"float32 \(8,\)"):
        pool.acquire(timeout=0)
    assert pool.try_acquire() is None
    del held
    assert pool.try_acquire() is not None
    assert pool.acquire(timeout=0) is not None


def test_a_wait_that_still_lasts_counts():
    pool = fl.FramePool((4,), np.float32, 1)
    held = [pool.acquire()]
    thread = threading.Thread(target=pool.acquire)
    thread.start()
    while pool.stats().waited < 0.05:
        time.sleep(0.01)
    held.clear()
    thread.join()


@pytest.mark.parametrize("timeout", [-1, float("nan"), -float("inf")])
def test_a_nonsense_timeout_is_refused(timeout):
    with pytest.raises(ValueError, match="timeout"):
        fl.FramePool((4,), np.float32, 1).acquire(timeout)


def test_a_timeout_is_a_number():
    pool = fl.FramePool((4,), np.float32, 1)
    with pytest.raises(TypeError):
        pool.acquire("soon")
    assert pool.acquire(timeout=float("inf")) is not None


def test_close_wakes_whoever_waits_and_lends_no_more():
    pool = fl.FramePool((4,), np.float32, 1)
    held = pool.acquire()
    errors: list[Exception] = []

    def wait() -> None:
        try:
            pool.acquire()
        except fl.RingClosed as error:
            errors.append(error)

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    while pool.stats().waits < 3:
        time.sleep(0.001)
    pool.close()
    pool.close()
    for thread in threads:
        thread.join()
    assert len(errors) == 3
    assert pool.closed
    assert "closed" in repr(pool)
    for acquire in (pool.acquire, pool.try_acquire):
        with pytest.raises(fl.RingClosed, match="make a new one"):
            acquire()
    held.numpy()[:] = 1  # what is lent stays valid


def test_no_slot_is_lent_twice_between_threads():
    pool = fl.FramePool((64,), np.int64, 3)
    stolen = []

    def work(seed: int) -> None:
        order = random.Random(seed)
        for round_ in range(300):
            view = pool.acquire(timeout=30).numpy()
            mark = seed * 1000 + round_
            view[:] = mark
            if order.random() < 0.3:
                time.sleep(0)
            if not (view == mark).all():
                stolen.append(mark)
            del view  # else every thread holds a slot while it waits for the next

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stolen == []
    assert pool.stats().acquired == 1200
    assert pool.available == 3


# --- what cannot be


@pytest.mark.parametrize("count", [0, -1, 1 << 70, -(1 << 70), 1 << 33])
def test_a_count_that_cannot_be_is_refused(count):
    with pytest.raises(ValueError, match=f"count={count};"):
        fl.FramePool((4,), np.float32, count)


@pytest.mark.parametrize("count", [1.5, None, "4"])
def test_a_count_is_an_integer(count):
    with pytest.raises(TypeError):
        fl.FramePool((4,), np.float32, count)


@pytest.mark.parametrize("shape", [(-1, 4), (1 << 62, 8), (1 << 62,), (2.5,), "ab", (1 << 70,)])
def test_a_shape_that_cannot_be_is_refused(shape):
    with pytest.raises(fl.ShapeError, match="shape"):
        fl.FramePool(shape, np.float32, 1)


@pytest.mark.parametrize("dtype", [">f4", "complex64", object, None, "nonsense", "S4"])
def test_a_dtype_that_cannot_be_is_refused(dtype):
    with pytest.raises(fl.ShapeError, match="dtype"):
        fl.FramePool((4,), dtype, 1)


@pytest.mark.parametrize("spec", [3, (720, 1280, 3)])
def test_what_is_no_spec_is_refused(spec):
    with pytest.raises(TypeError, match=r"FramePool\(shape, dtype, count\)"):
        fl.FramePool(spec, 4)


@pytest.mark.parametrize(
    ("shape", "count", "asked"),
    [((1 << 20, 1 << 20), 4, 1 << 42), ((1 << 30, 1 << 30), 8, 1 << 63), ((1 << 30, 1 << 30), 1 << 20, (1 << 64) - 1)],
)
def test_more_memory_than_there_is_is_an_error_with_the_figures(shape, count, asked):
    with pytest.raises(fl.DeviceMemoryError, match=f"{asked} bytes asked") as caught:
        fl.FramePool(shape, np.uint8, count)
    assert isinstance(caught.value, MemoryError)
    assert caught.value.asked == asked
    assert 0 < caught.value.free <= caught.value.total


def test_every_public_member_has_a_docstring():
    for name in dir(fl.FramePool):
        if not name.startswith("_"):
            assert getattr(fl.FramePool, name).__doc__, name
    assert str(inspect.signature(fl.FramePool.acquire)) == "(self, timeout=None)"


class PoolMachine(RuleBasedStateMachine):
    """A pool against a list of what is held: tensors, arrays and capsules come and go in any order."""

    COUNT = 4

    def __init__(self) -> None:
        super().__init__()
        self.pool = fl.FramePool((8,), np.uint8, self.COUNT)
        self.slots: dict[int, list[object]] = {}

    @rule()
    def acquire(self) -> None:
        tensor = self.pool.try_acquire()
        assert (tensor is None) == (len(self.slots) == self.COUNT)
        if tensor is not None:
            assert tensor.address not in self.slots
            self.slots[tensor.address] = [tensor]

    @precondition(lambda self: self.slots)
    @rule(data=st.data())
    def view(self, data: st.DataObject) -> None:
        address = data.draw(st.sampled_from(sorted(self.slots)))
        holders = self.slots[address]
        holder = holders[data.draw(st.integers(0, len(holders) - 1))]
        make = data.draw(st.sampled_from([np.asarray, fl.Tensor.wrap, memoryview]))
        holders.append(make(holder))

    @precondition(lambda self: self.slots)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        address = data.draw(st.sampled_from(sorted(self.slots)))
        holders = self.slots[address]
        holders.pop(data.draw(st.integers(0, len(holders) - 1)))
        if not holders:
            del self.slots[address]

    @invariant()
    def counts(self) -> None:
        assert self.pool.available == self.COUNT - len(self.slots)


TestPoolMachine = PoolMachine.TestCase
