"""Ring between threads: recorded histories checked for order, loss and invention; close and destruction in between."""

import gc
import itertools
import os
import random
import sys
import threading
import time
import weakref

import pytest

import framelane as fl
from programs import run

SEEDS = range(3)


def start(*functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    return threads


def join(threads):
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture(autouse=True)
def quick_switches():
    """Let threads change places far more often than usual."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def dawdle(randomness):
    """Now and then come late, so that each side has to wait for the other."""
    if randomness.random() < 0.01:
        time.sleep(randomness.random() * 1e-3)


class History:
    """What many producers and consumers saw of one ring."""

    def __init__(self, capacity, overflow, producers, consumers, each, seed):
        self.dropped, self.refused = [], []
        self.seen = [[] for _ in range(consumers)]
        self.ring = fl.Ring(capacity, overflow, on_drop=self.dropped.append)
        self.each, self.seed = each, seed
        putters = start(*(lambda n=n: self.produce(n) for n in range(producers)))
        getters = start(*(lambda n=n: self.consume(n) for n in range(consumers)))
        join(putters)
        self.ring.close()
        join(getters)

    def produce(self, producer):
        randomness = random.Random(f"p{producer}{self.seed}")
        for number in range(self.each):
            item = (producer, number)
            way = randomness.randrange(3)
            try:
                if way == 0:
                    self.ring.put(item)
                elif way == 1:
                    self.ring.put(item, timeout=30)
                elif not self.ring.try_put(item) and self.ring.overflow is not fl.Overflow.DROP_NEWEST:
                    self.refused.append(item)
            except fl.RingFull:
                self.refused.append(item)
            dawdle(randomness)

    def consume(self, consumer):
        randomness, mine = random.Random(f"c{consumer}{self.seed}"), self.seen[consumer]
        try:
            while True:
                way = randomness.randrange(4)
                if way == 0:
                    mine.append(self.ring.get(timeout=30))
                elif way == 1:
                    mine.extend(itertools.islice(self.ring, 3))
                elif way == 2:
                    mine.append(self.ring.get())
                elif (item := self.ring.try_get()) is not None:
                    mine.append(item)
                dawdle(randomness)
        except fl.RingClosed:
            pass


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("threads", [(1, 1), (3, 1), (1, 3), (3, 3)], ids=lambda t: f"{t[0]}to{t[1]}")
@pytest.mark.parametrize("capacity", [1, 5])
@pytest.mark.parametrize("overflow", list(fl.Overflow))
def test_a_history_is_in_order_and_complete(overflow, capacity, threads, seed):
    producers, consumers = threads
    each = 300
    history = History(capacity, overflow, producers, consumers, each, seed)
    for seen in history.seen:
        for producer in range(producers):
            numbers = [number for who, number in seen if who == producer]
            assert numbers == sorted(numbers), "a producer's items come in its order"
    ends = [item for seen in history.seen for item in seen] + history.dropped + history.refused
    assert sorted(ends) == [(p, n) for p in range(producers) for n in range(each)], "each item ends once, somewhere"
    stats = history.ring.stats()
    assert stats.got == sum(map(len, history.seen))
    assert stats.dropped == len(history.dropped)
    assert stats.put == stats.got + stats.dropped
    assert stats.high_water <= capacity
    if overflow in (fl.Overflow.BLOCK, fl.Overflow.RAISE):
        assert not history.dropped
    else:
        assert not history.refused


@pytest.mark.parametrize("overflow", list(fl.Overflow))
def test_drops_are_in_order_too(overflow):
    """One producer: what is dropped from one end leaves the rest in order."""
    history = History(2, overflow, 1, 1, 2000, 0)
    assert history.dropped == sorted(history.dropped)
    assert history.seen[0] == sorted(history.seen[0])


def test_close_under_traffic_loses_nothing_that_was_put():
    for turn in range(60):
        ring, put, got = fl.Ring(3), [], []

        def produce(ring=ring, put=put):
            try:
                for item in itertools.count():
                    ring.put((threading.get_ident(), item))
                    put.append(1)
            except fl.RingClosed:
                pass

        threads = start(produce, produce, *[lambda ring=ring, got=got: got.extend(ring)] * 2)
        time.sleep(turn * 1e-4)
        ring.close()
        join(threads)
        assert len(put) == len(got)


alive = weakref.WeakSet()


class Item:
    def __init__(self):
        alive.add(self)


def test_a_ring_that_its_owner_forgets_under_traffic_frees_everything():
    for turn in range(15):
        ring = fl.Ring(4, "drop_oldest", on_drop=id)
        gone = weakref.ref(ring)

        def produce(ring=ring):
            for _ in range(200):
                ring.put(Item())

        def consume(ring=ring):
            for _ in range(50):
                try:
                    ring.get(timeout=0.001)
                except fl.RingTimeout:
                    return

        threads = start(produce, produce, consume)
        del ring, produce, consume
        time.sleep(turn * 1e-4)
        gc.collect()
        join(threads)
        del threads
        gc.collect()
        assert gone() is None
        assert not alive


def test_many_sleepers_are_all_served():
    ring, got = fl.Ring(8), []
    threads = start(*[lambda: got.extend(ring)] * 6)
    for turn in range(50):
        time.sleep(0.001)
        for item in range(6):
            ring.put(item)
        patience = time.monotonic() + 10
        while len(got) < 6 * (turn + 1):
            assert time.monotonic() < patience, "an item lies in the ring while its getter sleeps"
            time.sleep(0)
    ring.close()
    join(threads)


@pytest.mark.timing
def test_a_slow_producers_item_is_there_soon():
    """Waiting for a good batch must not hold back a single item."""
    ring, late = fl.Ring(64), []

    def consume():
        late.extend(time.perf_counter() - sent for sent in ring)

    threads = start(consume)
    for _ in range(200):
        time.sleep(0.001)
        ring.put(time.perf_counter())
    ring.close()
    join(threads)
    assert sorted(late)[len(late) // 2] < 2e-3


@pytest.mark.timing
def test_a_busy_producers_item_is_there_soon():
    """A producer that keeps the GIL gives way after Python's switch interval, like any thread."""
    ring, late = fl.Ring(64), []

    def consume():
        late.extend(time.perf_counter() - sent for sent in ring)

    threads = start(consume)
    for _ in range(30):
        ring.put(time.perf_counter())
        until = time.perf_counter() + 0.005
        while time.perf_counter() < until:
            pass
    ring.close()
    join(threads)
    assert sorted(late)[len(late) // 2] < 0.02


def test_idle_waits_cost_no_processor_time():
    ring, full = fl.Ring(1), fl.Ring(1)
    full.put(1)
    threads = start(lambda: list(ring), lambda: full.put(2))
    time.sleep(0.05)
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.05
    ring.close()
    full.get()
    join(threads)


def test_a_fork_leaves_a_ring_that_works():
    result = run("""
        import os, threading, time, warnings
        import framelane as fl
        warnings.simplefilter("ignore")
        ring = fl.Ring(2)
        thread = threading.Thread(target=lambda: print("parent", ring.get()))
        thread.start()
        time.sleep(0.1)
        pid = os.fork()
        if pid == 0:
            first = ring.stats().get_waited
            time.sleep(0.05)
            assert ring.stats().get_waited == first, "nobody waits in the child"
            helper = threading.Thread(target=lambda: [ring.put(i) for i in range(1000)] and ring.close())
            helper.start()
            assert list(ring) == list(range(1000))
            helper.join()
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
        ring.put("item")
        thread.join()
        """)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["parent", "item"]


@pytest.mark.parametrize("wait", ["ring.get()", "full.put(2)", "ring.get(100)", "list(ring)"])
def test_the_interpreter_ends_while_threads_wait(wait):
    result = run(f"""
        import threading, time
        import framelane as fl
        ring, full = fl.Ring(1), fl.Ring(1)
        full.put(1)
        for _ in range(3):
            threading.Thread(target=lambda: {wait}, daemon=True).start()
        time.sleep(0.1)
        print("end")
        """)
    assert (result.returncode, result.stdout, result.stderr) == (0, "end\n", "")


def test_the_interpreter_ends_under_traffic():
    for _ in range(5):
        result = run("""
            import itertools, threading, time
            import framelane as fl
            ring = fl.Ring(4)
            threading.Thread(target=lambda: [ring.put(object()) for _ in itertools.count()], daemon=True).start()
            threading.Thread(target=lambda: [None for _ in ring], daemon=True).start()
            time.sleep(0.05)
            """)
        assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs sched_setaffinity")
def test_two_threads_on_one_processor_do_not_spin_against_each_other():
    result = run("""
        import os, threading, time
        import framelane as fl
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        ring, items = fl.Ring(64), 20_000
        start = time.process_time()
        thread = threading.Thread(target=lambda: [ring.put(i) for i in range(items)] and ring.close())
        thread.start()
        assert list(ring) == list(range(items))
        thread.join()
        print((time.process_time() - start) / items)
        """)
    assert result.returncode == 0, result.stderr
    assert float(result.stdout) < 5e-6
