"""What joins two threads of a pipeline: a ring, or an engine between two rings of its own."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from ._core import Ring
from ._errors import FramelaneError, RingClosed, RingTimeout, StageError
from ._fault import StageFault
from ._report import RingReport

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._engine import Engine
    from ._frame import Frame


class Link(Protocol):
    """One side puts, the other gets; `finish` ends the input, `cut` ends all."""

    @property
    def put(self) -> Callable[[Frame], None]:
        """What the side before calls with a frame; `RingClosed` after the end."""

    @property
    def get(self) -> Callable[[], Frame]:
        """What the side behind calls for a frame; `RingClosed` after the end."""

    def finish(self) -> None:
        """No more frames come; those inside can still be taken."""

    def cut(self) -> None:
        """Wake both sides with `RingClosed` and let go of what is inside."""

    def ended(self, timeout: float) -> bool:
        """Wait for what `cut` began; False when it takes longer."""

    def rings(self) -> list[RingReport]:
        """Return the level of each ring."""


class RingLink:
    """A ring between two stages."""

    def __init__(self, capacity: int, before: str, after: str) -> None:
        self._ring: Ring[Frame] = Ring(capacity)
        self._name = f"{before} -> {after}"

    @property
    def put(self) -> Callable[[Frame], None]:
        """Return the ring's own function, which costs no call of Python's around it."""
        return self._ring.put

    @property
    def get(self) -> Callable[[], Frame]:
        """Return the ring's own function."""
        return self._ring.get

    def finish(self) -> None:
        """No more frames come; those inside can still be taken."""
        self._ring.close()

    def cut(self) -> None:
        """Wake both sides with `RingClosed` and let go of what is inside."""
        self._ring.close()
        with suppress(RingClosed):
            while True:
                self._ring.get()

    def ended(self, timeout: float) -> bool:  # noqa: ARG002
        """Rings end at once."""
        return True

    def rings(self) -> list[RingReport]:
        """Return the level of the ring."""
        return [RingReport(self._name, len(self._ring), self._ring.capacity, self._ring.stats().high_water)]


class NoLink:
    """Behind the last stage, where nobody takes anything."""

    def put(self, frame: Frame) -> None:
        """Let go of the frame."""

    def get(self) -> Frame:
        """Raise: there is nothing."""
        raise RingClosed("nothing comes out of the last stage")

    def finish(self) -> None:
        """Nothing to do."""

    def cut(self) -> None:
        """Nothing to do."""

    def ended(self, timeout: float) -> bool:  # noqa: ARG002
        """Nothing has to end."""
        return True

    def rings(self) -> list[RingReport]:
        """There are none."""
        return []


class EngineLink:
    """An engine, which one stage puts into and the next one gets from."""

    def __init__(self, engine: Engine, stage: int, name: str) -> None:
        self.engine = engine
        self._stage = stage
        self._name = name
        self._closing: threading.Thread | None = None

    def put(self, frame: Frame) -> None:
        """Give a frame in; `StageFault` for whatever is wrong with it or with an earlier one."""
        try:
            self.engine.put(frame)
        except (RingClosed, RingTimeout):
            raise
        except Exception as error:
            raise self._fault(error, frame.index) from None

    def get(self) -> Frame:
        """Take a frame out; `StageFault` for what is wrong with it."""
        try:
            return self.engine.get()
        except (RingClosed, RingTimeout):
            raise
        except Exception as error:
            raise self._fault(error, None) from None

    def _fault(self, error: Exception, index: int | None) -> StageFault:
        if isinstance(error, StageError):
            return StageFault(self._stage, error.frame_index, error.__cause__ or error)
        return StageFault(self._stage, index, error)

    @property
    def placement(self) -> Any:
        """Where the network runs: the proof, or the device where the session has none."""
        session = self.engine.session
        return getattr(session, "placement", session.device)

    def finish(self) -> None:
        """End the engine's input."""
        self.engine.finish()

    def cut(self) -> None:
        """Begin to stop the engine, whatever it does: on a thread, as a native call may not let itself be stopped."""
        if self._closing is None:
            name = f"framelane close {self._name}"
            self._closing = threading.Thread(target=self._close, name=name, daemon=True)
            self._closing.start()

    def _close(self) -> None:
        with suppress(FramelaneError):  # a thread that does not come back: `ended` has told
            self.engine.close()

    def ended(self, timeout: float) -> bool:
        """Wait until the engine has stopped; False when it takes longer."""
        if self._closing is None:
            return True
        self._closing.join(timeout)
        return not self._closing.is_alive()

    def rings(self) -> list[RingReport]:
        """Return the level of the rings before and behind the engine."""
        stats, capacity = self.engine.stats(), self.engine.capacity
        return [
            RingReport(f"-> {self._name}", stats.waiting, capacity, stats.waiting_peak),
            RingReport(f"{self._name} ->", stats.ready, capacity, stats.ready_peak),
        ]
