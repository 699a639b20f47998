"""A camera that must never wait and a network that is too slow for it: keep the newest frames, count the others."""

from __future__ import annotations

import threading
import time

import numpy as np

import framelane as fl

given_back: list[int] = []


def note(frame: fl.Frame) -> None:
    given_back.append(frame.index)


ring: fl.Ring[fl.Frame] = fl.Ring(capacity=2, overflow="drop_oldest", on_drop=note)


def camera() -> None:
    picture = np.zeros((72, 128, 3), np.uint8)
    with ring:
        for index in range(60):
            ring.put(fl.Frame(index, timestamp=index / 600, tensors={"image": picture}))  # returns at once
            time.sleep(1 / 600)


threading.Thread(target=camera).start()

seen = []
for frame in ring:
    time.sleep(1 / 100)  # the network
    seen.append(frame.index)

assert sorted(seen + given_back) == list(range(60))  # each frame was seen or is known to be dropped
print(f"{len(seen)} frames seen, {ring.stats().dropped} dropped, the last one seen is {seen[-1]}")
