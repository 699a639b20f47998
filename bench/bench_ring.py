"""Small objects from one thread to another through 64 places: Ring against what Python has. All must arrive in order.

The loaded group keeps one core busy with another process.
"""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest

import framelane as fl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ends = tuple[Callable[[Any], Any], Callable[[], Any]]

CAPACITY = 64
ITEMS = 30_000


def ring() -> Ends:
    between: fl.Ring[int] = fl.Ring(CAPACITY)
    return between.put, between.get


def queue_baseline() -> Ends:
    between: queue.Queue[int] = queue.Queue(CAPACITY)
    return between.put, between.get


def simple_queue_and_semaphore() -> Ends:
    between: queue.SimpleQueue[int] = queue.SimpleQueue()
    room = threading.Semaphore(CAPACITY)

    def put(item: int) -> None:
        room.acquire()
        between.put(item)

    def get() -> int:
        item = between.get()
        room.release()
        return item

    return put, get


def deque_and_spin_baseline() -> Ends:
    between: deque[int] = deque()

    def put(item: int) -> None:
        while len(between) >= CAPACITY:
            time.sleep(0)
        between.append(item)

    def get() -> int:
        while not between:
            time.sleep(0)
        return between.popleft()

    return put, get


WAYS = [ring, queue_baseline, simple_queue_and_semaphore, deque_and_spin_baseline]


def move_all(make: Callable[[], Ends]) -> list[int]:
    put, get = make()

    def produce() -> None:
        for item in range(ITEMS):
            put(item)

    producer = threading.Thread(target=produce)
    producer.start()
    arrived = [get() for _ in range(ITEMS)]
    producer.join()
    return arrived


@pytest.fixture
def busy_core() -> Iterator[None]:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
        yield
        other.kill()


@pytest.mark.benchmark(group=f"{ITEMS:,} items between two threads")
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_between_two_threads(benchmark: Any, way: Callable[[], Ends]) -> None:
    arrived = benchmark.pedantic(move_all, args=(way,), rounds=9, warmup_rounds=1)
    assert arrived == list(range(ITEMS))


@pytest.mark.benchmark(group=f"{ITEMS:,} items between two threads, one core kept busy")
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_with_a_busy_core(benchmark: Any, busy_core: None, way: Callable[[], Ends]) -> None:
    arrived = benchmark.pedantic(move_all, args=(way,), rounds=9, warmup_rounds=1)
    assert arrived == list(range(ITEMS))
