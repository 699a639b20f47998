"""Promise 6 between processes: whoever is killed at whatever moment, every frame comes out once or marked."""

import multiprocessing
import os
import random
import signal
import threading
import time

import numpy as np
import pytest

import framelane as fl
import ring_workers

SPAWN = multiprocessing.get_context("spawn")
ROUNDS = int(os.environ.get("FRAMELANE_KILLS", "100"))  # processes that the tests of random kills kill together
EACH_ROUND = 10


@pytest.fixture
def start():
    started = []

    def start(target, *arguments):
        process = SPAWN.Process(target=target, args=arguments, daemon=True)
        process.start()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.join(10)
        process.close()


def picture(size=4096):
    return np.zeros(size, np.uint8)


def test_a_ring_goes_to_a_spawned_child_and_back(start):
    ring, back = fl.SharedRing(100, 2), fl.SharedRing(100, 2)
    start(ring_workers.echo, ring, back)
    for value in (1, "two", [3.0, None]):
        ring.put(value, 30)
        assert back.get(30) == value
    ring.close()


@pytest.mark.timing
def test_the_frame_of_a_killed_reader_comes_again_within_a_second(start):
    ring = fl.SharedRing(picture(), 2)
    ring_workers.produce(ring, 5, 1)
    child = start(ring_workers.peek_and_stop, ring, signal.SIGKILL)
    child.join(30)
    begun = time.monotonic()
    with ring.peek(5) as frame:
        assert time.monotonic() - begun < 1
        assert (frame.index, frame.redelivered) == (5, True)
    stats = ring.stats()
    assert (stats.redelivered, stats.free) == (1, 2)


def test_the_frame_of_a_killed_reader_fails_where_asked(start):
    ring = fl.SharedRing(picture(), 2, on_consumer_death="fail")
    ring_workers.produce(ring, 5, 1)
    child = start(ring_workers.peek_and_stop, ring, signal.SIGKILL)
    pid = child.pid
    child.join(30)
    with pytest.raises(fl.RingTimeout):
        ring.peek(0.5)
    assert [(failure.index, failure.pid) for failure in ring.failures()] == [(5, pid)]
    assert ring.stats().free == 2


@pytest.mark.timing
def test_the_slot_of_a_killed_writer_is_free_within_a_second(start):
    ring = fl.SharedRing(picture(), 1)
    start(ring_workers.reserve_and_stop, ring, signal.SIGKILL).join(30)
    begun = time.monotonic()
    with ring.reserve(5):
        assert time.monotonic() - begun < 1
    assert ring.stats().reclaimed == 1


def test_a_stopped_writer_is_not_dead(start):
    ring = fl.SharedRing(picture(), 1)
    child = start(ring_workers.reserve_and_stop, ring, signal.SIGSTOP)
    while ring.stats().free:
        time.sleep(0.01)
    with pytest.raises(fl.RingTimeout):
        ring.reserve(0.5)
    os.kill(child.pid, signal.SIGCONT)
    assert ring.get(30).index == 0
    assert ring.stats().reclaimed == 0


@pytest.mark.timing
def test_consumers_hear_of_the_last_producers_death_after_what_is_left(start):
    ring = fl.SharedRing(100, 2)
    start(ring_workers.put_and_die, ring, "last words")
    assert ring.get(30) == "last words"
    begun = time.monotonic()
    with pytest.raises(fl.PeerDied, match="ended without close"):
        ring.get(30)
    assert time.monotonic() - begun < 5


def test_a_killed_waiter_takes_nothing_with_it(start):
    ring = fl.SharedRing(100, 2)
    child = start(ring_workers.wait_to_get, ring)
    while not ring.stats().get_waits:
        time.sleep(0.01)
    child.kill()
    child.join(30)
    ring.put(1, 5)
    assert ring.get(1) == 1


def kill_some_consumers(start, random_source, folder):
    """One round: a producer in this process, two consumers at a time of which one after the other is killed."""
    ring = fl.SharedRing(picture(), 4)
    logs = []

    def consumer():
        logs.append(folder / f"{len(logs)}.log")
        return start(ring_workers.consume_and_tell, ring, str(logs[-1]))

    frames = 400 * EACH_ROUND
    producer = threading.Thread(target=ring_workers.produce, args=(ring, 0, frames))
    producer.start()
    consumers = [consumer(), consumer()]
    killed = 0
    while killed < EACH_ROUND:
        before = ring.stats().got
        while ring.stats().got == before and producer.is_alive():
            time.sleep(0.001)
        time.sleep(random_source.uniform(0, 0.02))
        consumers[0].kill()
        consumers.append(consumer())
        consumers.pop(0).join(30)
        killed += 1
    producer.join(60)
    assert not producer.is_alive()
    ring.close()
    for process in consumers:
        process.join(60)
        assert process.exitcode == 0
    told = [line.split() for log in logs if log.exists() for line in log.read_text().splitlines()]
    assert {int(number) for number, _, _ in told} == set(range(frames))  # no loss
    assert all(whole == "1" for _, whole, _ in told)
    once = [number for number, _, redelivered in told if redelivered == "0"]
    assert len(once) == len(set(once))  # what comes twice is marked
    stats = ring.stats()
    assert (stats.put, stats.free) == (frames, 4)
    return killed


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_random_kills_of_consumers(start, tmp_path):
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    killed = 0
    while killed < ROUNDS // 2:
        folder = tmp_path / str(killed)
        folder.mkdir()
        killed += kill_some_consumers(start, random.Random(seed + killed), folder)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_random_kills_of_producers(start):
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    source = random.Random(seed)
    ring = fl.SharedRing(picture(), 4)
    producers = [start(ring_workers.produce_for_ever, ring) for _ in range(2)]
    for _ in range(ROUNDS // 2):
        until = time.monotonic() + source.uniform(0.05, 0.15)
        while time.monotonic() < until:
            try:
                frame = ring.peek(30)
            except fl.PeerDied:  # one was killed and the other has not begun
                continue
            with frame:
                assert (np.asarray(frame["image"]) == 1_000_000 % 251).all()
        producers[0].kill()
        producers.append(start(ring_workers.produce_for_ever, ring))
        producers.pop(0).join(30)
    for process in producers:
        process.kill()
        process.join(30)
    with pytest.raises(fl.PeerDied):
        [ring.get(30) for _ in range(5)]  # more than there can be
    assert ring.stats().free == 4
