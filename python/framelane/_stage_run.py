"""One stage in one run of a pipeline: what the user said about it, and what it has done so far."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ._links import EngineLink, Link, NoLink
from ._report import Indices, StageReport

if TYPE_CHECKING:
    from ._core import Activity
    from ._infer import Infer
    from ._order import Order
    from ._stage import Stage


class StageRun:
    """A stage with its links and the activities of its workers; those of an `Infer` are native threads."""

    def __init__(self, name: str, kind: str, spec: Stage | Infer) -> None:
        self.name = name
        self.kind = kind
        self.spec = spec
        self.index = 0
        self.hidden = False  # we put it there, not the user
        self.activities: list[Activity] = []
        self.engine: EngineLink | None = None
        self.into: Link = NoLink()
        self.out: Link = NoLink()
        self.order: Order | None = None
        self.cut = False  # its workers should end after the frame that they are at
        self.device = "cpu"
        self._drops = Indices()
        self._lock = threading.Lock()
        self._workers_ended = 0

    @property
    def native(self) -> bool:
        """Whether its workers are threads of an engine."""
        return self.kind == "infer"

    @property
    def target(self) -> Any:
        """The user's source, callable or sink."""
        return getattr(self.spec, "target", self.spec)

    @property
    def has_helper_threads(self) -> bool:
        """Whether threads that nobody registered work for it, such as those of a codec."""
        return bool(getattr(self.target, "helper_threads", False))

    def last_worker_ends(self) -> bool:
        """Count one worker out; True for the last one."""
        with self._lock:
            self._workers_ended += 1
            return self._workers_ended == len(self.activities)

    def end(self) -> None:
        """Cut it off from what comes before; its workers end after the frame that they are at."""
        self.cut = True
        self.into.cut()
        if self.order is not None:
            self.order.close()

    def release(self) -> None:
        """Let go of rings and engine once the run is over."""
        self.engine, self.order = None, None
        self.into = self.out = NoLink()

    def drop(self, index: int) -> None:
        """Count a frame that it returned nothing for."""
        with self._lock:
            self._drops.add(index)

    @property
    def left(self) -> int:
        """Frames that left it."""
        return sum(activity.snapshot()["left"] for activity in self.activities)

    @property
    def busy(self) -> bool:
        """Whether one of its workers works right now."""
        return any(activity.snapshot()["phase"] == "busy" for activity in self.activities)

    def report(self) -> StageReport:
        """Return what it has done so far."""
        seen = [activity.snapshot() for activity in self.activities]
        return StageReport(
            name=self.name,
            kind=self.kind,
            workers=len(seen),
            frames=sum(one["left"] for one in seen),
            busy=sum(one["busy"] for one in seen),
            waiting_input=sum(one["waiting_input"] for one in seen),
            waiting_output=sum(one["waiting_output"] for one in seen),
            dropped=self._drops.count,
            dropped_frames=[list(pair) for pair in self._drops.ranges],
            device=self.device,
        )
