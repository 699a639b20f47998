"""What the processes of the tests of SharedRing do: they start by spawn, so it lies in a module that they import."""

import os
import signal
import time

import numpy as np

import framelane as fl


def reserve(ring):
    """Reserve a slot, also while all consumers are dead and the next one has not begun."""
    while True:
        try:
            return ring.reserve(30)
        except fl.PeerDied:
            time.sleep(0.01)


def produce(ring, first, count):
    """Put frames that say who they are; in place, so that a kill may meet a slot that is half written."""
    for number in range(first, first + count):
        with reserve(ring) as slot:
            slot.index = number
            np.asarray(slot["image"]).fill(number % 251)


def produce_for_ever(ring):
    while True:
        produce(ring, 1_000_000, 1)


def consume_and_tell(ring, log):
    """Read frames; write the number of each that was whole, in one write, before it is released."""
    with open(log, "ab", buffering=0) as out:
        while True:
            try:
                frame = ring.peek(30)
            except fl.RingClosed:
                return
            with frame:
                pixels = np.asarray(frame["image"])
                whole = bool((pixels == frame.index % 251).all())
                out.write(f"{frame.index} {int(whole)} {int(frame.redelivered)}\n".encode())


def peek_and_stop(ring, signal_number):
    frame = ring.peek(30)
    os.kill(os.getpid(), signal_number)
    frame.release()


def reserve_and_stop(ring, signal_number):
    slot = ring.reserve(30)
    os.kill(os.getpid(), signal_number)
    slot.commit()


def put_and_die(ring, value):
    ring.put(value)
    os.kill(os.getpid(), signal.SIGKILL)


def wait_to_get(ring):
    ring.get(60)


def echo(ring, back):
    for value in ring:
        back.put(value)
