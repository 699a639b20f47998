"""The thread that ends a run: at its natural end, on an error, on request, or because a stage is stuck."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._patience import Patience
from ._stall import slow_warning, stall_error

if TYPE_CHECKING:
    from ._run import Run
    from ._workers import Worker

log = logging.getLogger("framelane")

_DRAIN = 0.4  # seconds that the stages behind a fault get to finish what they have
_LAST_WORD = 0.4  # seconds that threads get to end after they were cut off
_SOURCE = 1.0  # seconds that a source gets to give back control when it is asked to stop
_CLOSING = 5.0  # seconds that a sink gets to keep what is whole of its output
_WAKE = 0


@dataclass(frozen=True, slots=True)
class End:
    """A reason to end: everything up to a stage is cut off, and what is behind it gets `drain` seconds.

    `complete` only stops the source: all that it gave comes out.
    """

    stage: int
    drain: float = _DRAIN
    complete: bool = False


class Supervisor:
    """Waits for alarms, faults and requests, and leads the run to its end."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._taken: End | None = None
        self._cut_at: float | None = None
        self._give_up_at: float | None = None
        self._source_until: float | None = None
        self._closing_until: float | None = None
        self._patience = Patience(run.stages, run.options.stall_after)
        self.thread = threading.Thread(target=self._main, name="framelane supervisor", daemon=True)

    def wake(self) -> None:
        """Let it look at the state of the run."""
        self._run.watchdog.post(_WAKE)

    def _main(self) -> None:
        run = self._run
        try:
            while not self._over():
                self._claim_python_threads()
                event = run.watchdog.wait(self._timeout())
                if isinstance(event, tuple):
                    self._take_alarm(*event)
                self._take_request()
                self._look_at_the_clock()
        finally:
            self._clean_up()
            run.close()

    def _over(self) -> bool:
        if self._give_up_at is not None and time.monotonic() >= self._give_up_at:
            return True
        working = any(not (worker.ended or worker.stuck) for worker in self._run.workers)
        return not working and (self._run.consumed or self._give_up_at is not None)

    def _timeout(self) -> float | None:
        moments = (self._cut_at, self._give_up_at, self._source_until, self._patience.next_look)
        return max(min((at for at in moments if at is not None), default=1e9) - time.monotonic(), 0.0)

    def _claim_python_threads(self) -> None:
        """Let no thread of Python's be taken for the helper of a reader or writer."""
        self._run.watchdog.claim([thread.native_id or 0 for thread in threading.enumerate()])

    # -- alarms

    def _take_alarm(self, kind: str, index: int, worker: int, seconds: float, frame: int | None) -> None:
        run = self._run
        if index >= len(run.stages):
            return
        stage = run.stages[index]
        if kind == "slow":
            self._warn(index, worker, f"no frame left it for {seconds:.1f} s, but it works")
            self._patience.warned(index)
            return
        if kind == "starved" and any(one.busy for one in run.stages):
            return  # the GIL was held, and now all goes on
        self._mark_stuck(index, worker)
        if run.failure is None:
            run.end(End(index), stall_error(run, kind, stage, worker, seconds, frame))

    def _mark_stuck(self, index: int, worker: int) -> None:
        activity = self._run.stages[index].activities[worker]
        for one in self._run.workers:
            if one.activity is activity:
                one.stuck = True

    def _warn(self, index: int, worker: int, what: str) -> None:
        stage = self._run.stages[index]
        log.warning("%s", slow_warning(self._run, stage, worker, what))
        self._run.warn(stage.name, "slow", f"stage '{stage.name}' was slow: {what}")

    # -- the way to the end

    def _take_request(self) -> None:
        request = self._run.request
        if request is None or request is self._taken:
            return
        self._taken = request
        now = time.monotonic()
        if request.complete:
            self._run.stages[0].cut = True
            self._source_until = now + _SOURCE
            return
        for stage in self._run.stages[: request.stage + 1]:
            stage.end()
        self._run.stages[request.stage].out.finish()
        self._cut_at = now + request.drain
        self._closing_until = now + _CLOSING

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        if self._source_until is not None and now >= self._source_until:
            self._source_until = None
            self._give_up_source()
        if self._cut_at is not None and now >= self._cut_at:
            self._cut_at = None
            for stage in self._run.stages:
                stage.end()
            self._run.stages[-1].out.cut()
            self._give_up_at = now + _LAST_WORD
        if self._give_up_at is not None and now >= self._give_up_at and self._closing_until is not None:
            if any(worker.closing and not worker.ended for worker in self._run.workers):
                self._give_up_at = self._closing_until
            self._closing_until = None
        for index, worker, what in self._patience.look(now):
            self._warn(index, worker, what)

    def _give_up_source(self) -> None:
        """Go on without a source that does not come back: what it gave so far is all there is."""
        source = self._run.workers[0]
        if not source.ended:
            source.stuck = True
            self._run.stages[0].out.finish()

    def _clean_up(self) -> None:
        run = self._run
        left: list[Worker] = [worker for worker in run.workers if not worker.ended]
        run.abandoned += sorted({worker.stage.name for worker in left})
        for link in run.links():
            link.cut()
        until = time.monotonic() + _LAST_WORD
        for stage in run.stages:
            if stage.engine is not None and not stage.engine.ended(max(until - time.monotonic(), 0.0)):
                run.abandoned.append(stage.name)
