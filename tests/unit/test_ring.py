"""Ring: what it does for one thread, at its edges, and at the end of its life."""

import gc
import inspect
import pickle
import sys
import threading
import time
import weakref

import pytest

import framelane as fl
from programs import run


def test_items_come_out_in_the_order_they_went_in():
    ring = fl.Ring(5)
    for i in range(5):
        ring.put(i)
    assert len(ring) == 5
    assert [ring.get() for _ in range(5)] == [0, 1, 2, 3, 4]
    assert len(ring) == 0


@pytest.mark.parametrize("capacity", [0, -1, -(2**62)])
def test_capacity_below_one_is_refused(capacity):
    with pytest.raises(ValueError, match="at least 1"):
        fl.Ring(capacity)


@pytest.mark.parametrize("capacity", [1, 2, 3, 5, 64, 100])
def test_holds_exactly_its_capacity(capacity):
    ring = fl.Ring(capacity, "raise")
    for _ in range(3):
        for i in range(capacity):
            ring.put(i)
        with pytest.raises(fl.RingFull, match=f"capacity {capacity}"):
            ring.put(0)
        assert [ring.get() for _ in range(capacity)] == list(range(capacity))
    assert ring.stats().high_water == ring.capacity == capacity


@pytest.mark.parametrize("overflow", list(fl.Overflow))
def test_overflow_is_an_enumeration_or_a_string(overflow):
    assert fl.Ring(1, overflow).overflow is overflow
    assert fl.Ring(1, overflow=str(overflow)).overflow is overflow
    assert fl.Ring(1, overflow.name).overflow is overflow


def test_an_unknown_overflow_lists_the_four():
    with pytest.raises(ValueError, match=r"'sideways'.*'block', 'drop_oldest', 'drop_newest' or 'raise'"):
        fl.Ring(1, "sideways")


def test_a_full_ring_times_out():
    ring = fl.Ring(1)
    ring.put("first")
    start = time.monotonic()
    with pytest.raises(fl.RingTimeout, match="full") as caught:
        ring.put("second", timeout=0.05)
    assert time.monotonic() - start >= 0.05
    assert isinstance(caught.value, TimeoutError)
    assert ring.get() == "first"
    assert ring.try_get() is None


def test_an_empty_ring_times_out():
    ring = fl.Ring(1)
    with pytest.raises(fl.RingTimeout, match="empty"):
        ring.get(0.02)
    with pytest.raises(fl.RingTimeout):
        ring.get(timeout=0)


@pytest.mark.parametrize("timeout", [-1, float("nan"), float("-inf")])
def test_a_timeout_is_no_less_than_zero(timeout):
    ring = fl.Ring(1)
    with pytest.raises(ValueError, match="at least 0"):
        ring.put(1, timeout)
    with pytest.raises(ValueError, match="at least 0"):
        ring.get(timeout)
    assert len(ring) == 0


def test_drop_oldest_keeps_the_newest():
    dropped = []
    ring = fl.Ring(2, "drop_oldest", on_drop=dropped.append)
    for i in range(5):
        ring.put(i)
    assert dropped == [0, 1, 2]
    assert [ring.get(), ring.get()] == [3, 4]
    stats = ring.stats()
    assert (stats.put, stats.got, stats.dropped) == (5, 2, 3)


def test_drop_newest_keeps_the_oldest():
    dropped = []
    ring = fl.Ring(2, "drop_newest", on_drop=dropped.append)
    assert [ring.try_put(i) for i in range(3)] == [True, True, False]
    ring.put(3)
    assert dropped == [2, 3]
    assert [ring.get(), ring.get()] == [0, 1]
    assert ring.stats().dropped == 2


def test_try_put_leaves_the_item_with_the_caller():
    for overflow in ("block", "raise"):
        ring = fl.Ring(1, overflow)
        assert ring.try_put(1)
        assert not ring.try_put(2)
        assert ring.stats().put == 1


def test_try_get_has_a_default():
    ring = fl.Ring(1)
    assert ring.try_get() is None
    assert ring.try_get("nothing") == "nothing"
    ring.put(None)
    assert ring.try_get("nothing") is None


def test_a_closed_ring_gives_what_is_left():
    ring = fl.Ring(3)
    ring.put(1)
    ring.put(2)
    ring.close()
    ring.close()
    assert ring.closed
    for put in (ring.put, ring.try_put):
        with pytest.raises(fl.RingClosed, match="nothing can be put"):
            put(3)
    assert ring.get() == 1
    assert list(ring) == [2]
    for get in (ring.get, ring.try_get):
        with pytest.raises(fl.RingClosed, match="empty"):
            get()


def test_leaving_the_block_closes():
    with fl.Ring(2) as ring:
        ring.put(1)
        assert not ring.closed
    assert ring.closed
    assert list(ring) == [1]


@pytest.mark.parametrize("side", ["put", "get", "iterate"])
def test_close_wakes_all_that_wait(side):
    ring = fl.Ring(1)
    if side == "put":
        ring.put(0)
    ended = []

    def wait():
        try:
            ring.put(1) if side == "put" else ring.get() if side == "get" else ended.append(list(ring))
        except fl.RingClosed as error:
            ended.append(error)

    threads = [threading.Thread(target=wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    ring.close()
    for thread in threads:
        thread.join(5)
    assert len(ended) == 4


def test_what_on_drop_raises_comes_out_of_the_put_that_is_done():
    def refuse(item):
        raise LookupError(item)

    ring = fl.Ring(1, "drop_oldest", on_drop=refuse)
    ring.put("old")
    with pytest.raises(LookupError, match="old"):
        ring.put("new")
    assert ring.stats().dropped == 1
    assert ring.get() == "new"


def test_on_drop_may_use_the_ring():
    ring = fl.Ring(1, "drop_newest", on_drop=lambda item: (ring.get(), ring.put(item)))
    ring.put(1)
    ring.put(2)
    assert ring.get() == 2


def test_on_drop_must_be_callable():
    with pytest.raises(TypeError, match="callable"):
        fl.Ring(1, on_drop=3)


def test_time_waited_counts_while_the_wait_lasts():
    ring = fl.Ring(1)
    thread = threading.Thread(target=lambda: ring.get(10))
    thread.start()
    time.sleep(0.1)
    first = ring.stats()
    time.sleep(0.1)
    second = ring.stats()
    ring.put(1)
    thread.join()
    assert 0.05 < first.get_waited < second.get_waited
    assert second.get_waited - first.get_waited == pytest.approx(0.1, abs=0.05)
    assert (second.get_waits, second.put_waits, second.put_waited) == (1, 0, 0)


def test_repr_shows_level_and_state():
    ring = fl.Ring(3, "raise")
    ring.put(1)
    assert repr(ring) == "<framelane.Ring 1/3 raise>"
    ring.close()
    assert repr(ring) == "<framelane.Ring 1/3 raise closed>"


def test_wrong_arguments_say_how_to_call():
    ring = fl.Ring(1)
    for call in (ring.put, lambda: ring.put(1, 2, 3), lambda: ring.put(1, timeot=1), lambda: ring.put(1, 1, timeout=1)):
        with pytest.raises(TypeError, match=r"put\(item, timeout=None\)"):
            call()
    with pytest.raises(TypeError, match=r"get\(timeout=None\)"):
        ring.get(1, 2)
    with pytest.raises(TypeError):
        ring.get("soon")


def test_signatures_can_be_read():
    assert str(inspect.signature(fl.Ring.put)) == "(self, /, item, timeout=None)"
    assert fl.Ring.__module__ == "framelane"
    assert fl.Ring[int].__origin__ is fl.Ring


def test_a_ring_is_not_pickled():
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(fl.Ring(1))


class Item:
    pass


def test_a_destroyed_ring_lets_its_items_go():
    ring, item = fl.Ring(4), Item()
    gone = weakref.ref(item)
    ring.put(item)
    del item
    assert gone() is not None
    del ring
    assert gone() is None


def test_a_cycle_through_a_ring_is_collected():
    item = Item()
    item.drop = lambda _, item=item: item
    item.ring = fl.Ring(4, "drop_oldest", on_drop=item.drop)
    item.ring.put(item)
    gone, ring_gone = weakref.ref(item), weakref.ref(item.ring)
    del item
    gc.collect()
    assert gone() is None
    assert ring_gone() is None


def test_references_are_counted_right():
    item = Item()
    before = sys.getrefcount(item)
    for overflow in fl.Overflow:
        ring = fl.Ring(2, overflow)
        for _ in range(5):
            ring.try_put(item)
        ring.get()
        ring.close()
        with pytest.raises(fl.RingClosed):
            ring.put(item)
        del ring
    assert sys.getrefcount(item) == before


@pytest.mark.timing
@pytest.mark.parametrize("call", ["ring.get()", "ring.get(30)", "next(ring)", "full.put(2)", "full.put(2, 30)"])
def test_ctrl_c_ends_a_wait_at_once(call):
    result = run(f"""
        import os, signal, threading, time
        import framelane as fl
        ring, full = fl.Ring(1), fl.Ring(1)
        full.put(1)
        sent = []
        def interrupt():
            time.sleep(0.2)
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=interrupt).start()
        try:
            {call}
        except KeyboardInterrupt:
            print(time.monotonic() - sent[0])
        """)
    assert result.returncode == 0, result.stderr
    assert float(result.stdout) < 1


def test_a_signal_handler_that_returns_lets_the_wait_go_on():
    result = run("""
        import signal, threading, time
        import framelane as fl
        ring, seen = fl.Ring(1), []
        signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        threading.Timer(0.4, lambda: ring.put("item")).start()
        print(ring.get(), len(seen) >= 5)
        """)
    assert result.stdout.split() == ["item", "True"], result.stderr
