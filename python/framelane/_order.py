"""Order behind several workers of one stage: who takes frame n delivers n-th, and nobody runs far ahead."""

from __future__ import annotations

import threading
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from ._core import Activity, Ring
from ._errors import RingClosed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ._frame import Frame


class Order:
    """Numbers what several workers take, and lets out what they made of it in that order.

    A worker that is done early parks its frames here, so at most ``window`` inputs are under way or parked at any
    time. Thread-safe.

    Parameters
    ----------
    get : callable
        Takes the next frame of the stage's input.
    window : int
        How many frames may be taken and not yet let out.
    """

    def __init__(self, get: Callable[[], Frame], window: int) -> None:
        self._get = get
        self._taking = threading.Lock()
        self._taken = 0
        self._places: Ring[None] = Ring(window)
        for _ in range(window):
            self._places.put(None)
        self._change = threading.Condition()
        self._parked: dict[int, list[Frame]] = {}
        self._next = 0
        self._delivering = False
        self._closed = False
        self._window = window

    def take(self) -> tuple[int, Frame]:
        """Wait for a place and a frame; return its number and the frame. Raises `RingClosed` at the end."""
        with self._taking:
            self._places.get()
            frame = self._get()
            number = self._taken
            self._taken += 1
            return number, frame

    def deliver(self, number: int, frames: Iterator[Frame], put: Callable[[Frame], None], activity: Activity) -> None:
        """Let out what frame `number` became, when its turn has come: now, through another worker, or after a wait.

        Few frames are parked; many (as many as the window) wait for their turn, and the rest is made one by one.
        """
        first = list(islice(frames, self._window))
        if len(first) == self._window:
            activity.wait_output()
            self._wait_for_turn(number)
            for frame in first:
                put(frame)
            first.clear()
            for frame in frames:
                put(frame)
            self._turn_over()
        else:
            with self._change:
                self._parked[number] = first
                if self._delivering:
                    return  # whoever delivers now will find it
                self._delivering = True
        del first
        self._deliver_parked(put)

    def close(self) -> None:
        """Wake everyone with `RingClosed`, and forget what is parked."""
        self._places.close()
        with self._change:
            self._closed = True
            self._parked.clear()
            self._change.notify_all()

    def _wait_for_turn(self, number: int) -> None:
        with self._change:
            while (self._next != number or self._delivering) and not self._closed:
                self._change.wait()
            if self._closed:
                raise RingClosed("the stage has been stopped")
            self._delivering = True

    def _turn_over(self) -> None:
        with self._change:
            self._next += 1
        self._give_back_place()

    def _deliver_parked(self, put: Callable[[Frame], None]) -> None:
        """Let out all that is due; the caller has set `_delivering`."""
        while True:
            with self._change:
                frames = self._parked.pop(self._next, None)
                if frames is None:
                    self._delivering = False
                    self._change.notify_all()
                    return
            frames.reverse()
            while frames:
                put(frames.pop())
            self._turn_over()

    def _give_back_place(self) -> None:
        with suppress(RingClosed):
            self._places.put(None)
