"""A fast producer and a slow consumer, joined by a ring: nothing grows or gets lost, and the ring tells who waited."""

from __future__ import annotations

import threading
import time

import framelane as fl


def produce(ring: fl.Ring[int]) -> None:
    with ring:  # closes the ring at the end, which ends the consumer's loop
        for number in range(100):
            ring.put(number)  # waits while the ring is full: back-pressure


ring: fl.Ring[int] = fl.Ring(capacity=8)
producer = threading.Thread(target=produce, args=(ring,))
producer.start()

total = 0
for number in ring:
    time.sleep(0.001)  # the slow part
    total += number
producer.join()

stats = ring.stats()
print(f"{stats.got} of {stats.put} items came through in order, their sum is {total}")
print(f"at most {stats.high_water} of {ring.capacity} places were taken; the producer waited {stats.put_waits} times")
