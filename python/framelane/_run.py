"""One run of a pipeline: its threads, its account of frames, its end."""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._alarm import stack_alarm
from ._core import Activity, Watchdog
from ._errors import RingClosed
from ._fault import StageFault, stage_error
from ._layout import join, lay_out_stages, make_workers, open_engines
from ._ledger import Ledger
from ._report import Report, RingReport, Snapshot, bottleneck_of
from ._source import frame_count
from ._stage import stall_limit
from ._supervisor import End, Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._frame import Frame
    from ._links import Link
    from ._stage_run import StageRun
    from ._workers import Worker

_RATE_WINDOW = 5.0  # seconds over which a snapshot's frames a second are counted


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a pipeline was made with."""

    capacity: int
    stall_after: float | None
    on_drop: Callable[[str, int], object] | None


class Run:
    """Everything that one run needs and leaves nothing of. Thread-safe after `start`."""

    def __init__(self, elements: list[Any], options: RunOptions, sink: bool) -> None:
        self.options = options
        self.stages: list[StageRun] = lay_out_stages(elements, sink)
        self.workers: list[Worker] = []
        self.consumer = None if sink else Activity()
        self.consumed = sink  # nothing is left to be taken by a consumer
        self.ledger = Ledger()
        self.whole = True  # what the sink has got so far is all there is
        self.request: End | None = None
        self.failure: BaseException | None = None
        self.report: Report | None = None
        self.kept: list[str] = []
        self.abandoned: list[str] = []
        self.done = threading.Event()
        self._warnings: dict[tuple[str, str], tuple[int, str]] = {}
        self._lock = threading.Lock()
        self._rates: deque[tuple[float, int]] = deque()
        self._resources = ExitStack()
        self.started = time.monotonic()
        self.last_snapshot: Snapshot | None = None

    # -- the beginning

    def start(self) -> None:
        """Open engines and sink, then let everything run."""
        try:
            open_engines(self.stages, self.options.capacity)
            self._open_sink()
        except BaseException:
            self.whole = False
            for stage in self.stages:
                if stage.engine is not None:
                    stage.engine.cut()
                    stage.engine.ended(1.0)
            raise
        join(self.stages, self.options.capacity)
        self.workers = make_workers(self, self.stages)
        self.watchdog = self._make_watchdog()
        self.supervisor = Supervisor(self)
        self.started = time.monotonic()
        _runs.add(self)
        self.watchdog.start()
        for thread in (self.supervisor.thread, *(worker.thread for worker in self.workers)):
            thread.start()

    def _open_sink(self) -> None:
        sink = self.stages[-1]
        opening = getattr(sink.target, "open", None)
        if sink.kind != "sink" or not callable(opening):
            return
        try:
            opening(self.stages[0].target)
        except BaseException:
            self.abort_sink(sink.target)
            raise

    def _make_watchdog(self) -> Watchdog:
        stall_after = self.options.stall_after
        signal_number, memory_file = self._resources.enter_context(stack_alarm())
        watchdog = Watchdog(stall_after, signal_number=signal_number, memory_file=memory_file)
        for stage in self.stages:
            watchdog.add(
                stage.name,
                stage.activities,
                stall_after=stall_limit(stage.spec.expected, stall_after),
                frame_timeout=stage.spec.frame_timeout,
                has_helper_threads=stage.has_helper_threads,
                needs_gil=not stage.native,
            )
        if self.consumer is not None:
            watchdog.add("results", [self.consumer], stall_after=None)
        return watchdog

    # -- while it runs

    def dropped(self, stage: StageRun, index: int) -> None:
        """Take note that a stage returned nothing for a frame."""
        stage.drop(index)
        self.ledger.dropped(index)
        if self.options.on_drop is not None:
            self.options.on_drop(stage.name, index)

    def warn(self, stage: str, kind: str, text: str) -> None:
        """Keep one warning a stage and kind, the newest, with their number."""
        with self._lock:
            count, _ = self._warnings.get((stage, kind), (0, ""))
            self._warnings[stage, kind] = (count + 1, text)

    def fail(self, fault: StageFault) -> None:
        """End the run because a stage raised."""
        error = stage_error(self.stages[fault.stage].name, fault)
        if not self.end(End(fault.stage), error):
            self.warn(error.stage, "late", f"while the run was ending, {error}")

    def end(self, request: End, failure: BaseException | None = None) -> bool:
        """End the run; only the first reason counts, but one that cuts off overrides one that completes."""
        with self._lock:
            counts = self.request is None or (self.request.complete and not request.complete)
            if counts:
                self.request = request
                self.failure = failure
                self.whole = self.whole and request.complete
        if counts and request.drain == 0.0:  # no stage takes another frame, even before the supervisor comes to it
            for stage in self.stages:
                stage.cut = True
        self.supervisor.wake()
        return counts

    def next_result(self) -> Frame:
        """Take the next frame that comes out; `RingClosed` at the end."""
        assert self.consumer is not None
        self.consumer.wait_input()
        try:
            frame = self.stages[-1].out.get()
        except StageFault as fault:
            self.fail(fault)
            raise RingClosed("an engine failed") from None
        finally:
            self.consumer.busy(-1)
        self.ledger.delivered(frame.index)
        self.consumer.add_left()
        return frame

    def end_of_results(self) -> None:
        """Note that the consumer takes no more."""
        self.consumed = True
        self.supervisor.wake()

    def worker_ended(self) -> None:
        """Tell the supervisor that a thread is through."""
        self.supervisor.wake()

    def abort_sink(self, sink: Any) -> None:
        """Let an unfinished sink go, and keep what it says about it."""
        abort = getattr(sink, "abort", None) or getattr(sink, "close", None)
        if callable(abort):
            kept = abort()
            if isinstance(kept, str):
                self.kept.append(kept)

    def thread_of(self, stage: StageRun, worker: int) -> threading.Thread | None:
        """Return the Python thread behind an activity; None for a native one."""
        activity = stage.activities[worker]
        return next((one.thread for one in self.workers if one.activity is activity), None)

    def links(self) -> list[Link]:
        """Return all links, in the order of the way."""
        return list({id(stage.out): stage.out for stage in self.stages}.values())

    def rings(self) -> list[RingReport]:
        """Return the state of all rings, in the order of the way."""
        return [ring for link in self.links() for ring in link.rings()]

    @property
    def frames(self) -> int:
        """Frames that came out at the end."""
        return self.consumer.snapshot()["left"] if self.consumer is not None else self.stages[-1].left

    def snapshot(self) -> Snapshot:
        """Return the state of the run at this moment, or at its end."""
        if self.last_snapshot is not None:
            return self.last_snapshot
        now = time.monotonic()
        frames = self.frames
        with self._lock:
            self._rates.append((now, frames))
            while len(self._rates) > 2 and now - self._rates[1][0] > _RATE_WINDOW:
                self._rates.popleft()
            since, before = self._rates[0] if len(self._rates) > 1 else (self.started, 0)
        fps = (frames - before) / (now - since) if now > since else 0.0
        total = frame_count(self.stages[0].target)
        return Snapshot(frames, total, now - self.started, fps, self.rings(), self._stage_reports())

    def _stage_reports(self) -> list[Any]:
        return [stage.report() for stage in self.stages if not stage.hidden]

    # -- the end

    def close(self) -> None:
        """Make the report and give back what the run held; called once, by the supervisor."""
        seconds = time.monotonic() - self.started
        stages = self._stage_reports()
        frames = self.frames
        failed: int | None = getattr(self.failure, "frame_index", None)
        self.last_snapshot = self.snapshot()
        self.report = Report(
            frames=frames,
            seconds=seconds,
            fps=frames / seconds if seconds > 0 else 0.0,
            stages=stages,
            rings=self.rings(),
            bottleneck=bottleneck_of(stages),
            placement={stage.name: stage.engine.placement for stage in self.stages if stage.engine},
            warnings=self._all_warnings(),
            failed=failed,
            unfinished=[index for index in self.ledger.unfinished() if index != failed],
            kept=self.kept,
            abandoned=self.abandoned,
        )
        if self.failure is not None:
            for what in self.kept:
                self.failure.add_note(f"kept: {what}")
            for name in self.abandoned:
                self.failure.add_note(f"stage '{name}' did not end in time; its thread was left behind")
        for stage in self.stages:
            stage.release()
        self.watchdog.stop()
        self._resources.close()
        self.done.set()

    def _all_warnings(self) -> list[str]:
        texts = [text if count == 1 else f"{text} ({count} times)" for count, text in self._warnings.values()]
        for stage in (self.stages[0], self.stages[-1]):
            notes = getattr(stage.target, "notes", None)
            texts += [f"{stage.name}: {note}" for note in notes] if isinstance(notes, list) else []
        for stage in self.stages:
            if stage.engine and (why := getattr(stage.engine.placement, "fallback", "")):
                texts.append(f"{stage.name}: fell back to the CPU: {why}")
        return texts

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, and for the threads that are not abandoned; False at the timeout."""
        if not self.done.wait(timeout):
            return False
        for worker in self.workers:
            if worker.ended:
                worker.thread.join()
        self.workers = [worker for worker in self.workers if not worker.ended]
        self.supervisor.thread.join()
        return True

    def result(self) -> Report:
        """Return the report of a run that has ended, or raise why it failed."""
        assert self.report is not None
        if self.failure is not None:
            raise self.failure
        return self.report


_runs: weakref.WeakSet[Run] = weakref.WeakSet()


@atexit.register
def _end_all_runs() -> None:
    """End what still runs while Python is still whole: its threads would meet the end of the interpreter otherwise."""
    running = [run for run in _runs if not run.done.is_set()]
    for run in running:
        run.end(End(0, drain=0.0))
    for run in running:
        run.wait(2.0)
