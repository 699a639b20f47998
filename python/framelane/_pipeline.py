"""Frames on their way from a source through stages to a sink."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self

from ._errors import RingClosed
from ._infer import Infer
from ._progress import PERIOD, Progress, shown
from ._run import Run, RunOptions
from ._stage import Stage, check_seconds
from ._supervisor import End

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from ._frame import Frame
    from ._report import Report, Snapshot


class Pipeline:
    """A source, stages and a sink, each on threads of its own, joined by bounded rings.

    Parameters
    ----------
    elements : sequence
        First the source: any iterable of frames, arrays or dicts of arrays; `Zip` joins several. Then callables that
        get the `Frame` (`Stage` says more about one, and what it may return), and `Infer` for networks. With `run` and
        `start` the last one is the sink: a callable, or a writer with ``open(source)``, ``close()`` and ``abort()``.
        With iteration there is no sink: what leaves the last stage is the result.
    capacity : int
        Frames that each ring holds.
    stall_after : float or None
        Seconds after which a stage that passes on no frame is looked at: one that uses no processor time is stuck and
        ends the run with `StallError`; one that works is slow, and a warning (logger ``framelane``) names it. None
        switches both off.
    on_drop : callable, optional
        Called with the stage's name and the index of each frame that a stage drops, in that stage's thread.

    Raises
    ------
    TypeError, ValueError
        An element that cannot be one, a capacity below 1, a time that is not positive.

    Notes
    -----
    A slow stage slows its producers, however slow it is. At most ``capacity`` frames wait between two stages, and each
    worker has one in hand (stages of several workers: two for each), whatever the length of the source.

    Every frame comes out once and in order, or the report names it: as dropped by a stage, as failed, or as unfinished
    when the run was ended early. Frames keep their index for that: a stage that makes new frames should keep it too.

    Source and sink are closed at the end of each run. The same pipeline may run again if its source can be iterated
    again. Thread-safe; one run at a time.
    """

    def __init__(
        self,
        elements: Iterable[Any],
        *,
        capacity: int = 8,
        stall_after: float | None = 10.0,
        on_drop: Callable[[str, int], object] | None = None,
    ) -> None:
        self._elements = _checked(list(elements))
        if not isinstance(capacity, int) or capacity < 1:
            raise ValueError(f"capacity must be an integer from 1 on, not {capacity!r}")
        check_seconds("stall_after", stall_after)
        self._options = RunOptions(capacity, stall_after, on_drop)
        self._run: Run | None = None
        self._lock = threading.Lock()

    def run(self, progress: bool | Progress | None = None) -> Report:
        """Run from beginning to end, in the calling thread's time.

        Parameters
        ----------
        progress : bool or callable
            True shows a bar on the standard error (rich's, where it is installed); a callable gets a `Snapshot` several
            times a second, in the calling thread.

        Returns
        -------
        Report

        Raises
        ------
        StageError
            A stage, the source or the sink raised; the original is ``__cause__``. What `report` says is kept.
        StallError
            A stage is stuck.
        KeyboardInterrupt
            Ctrl-C, within a second; sources are closed, and a writer keeps what is whole.
        """
        run = self._begin(sink=True)
        try:
            with shown(progress) as show:
                while show is not None and not run.wait(PERIOD):
                    show(run.snapshot())
                run.wait()
                if show is not None:
                    show(run.snapshot())
        except BaseException:
            run.end(End(0))
            run.wait()
            raise
        return run.result()

    def start(self) -> Self:
        """Begin to run, as `run` does, and return at once."""
        self._begin(sink=True)
        return self

    def join(self, timeout: float | None = None) -> Report:
        """Wait for the end and return the report, or raise what `run` would raise.

        Raises
        ------
        TimeoutError
            It still runs after `timeout` seconds.
        RuntimeError
            It was never started.
        """
        run = self._current()
        if not run.wait(timeout):
            raise TimeoutError(f"the pipeline still runs after {timeout} s")
        return run.result()

    def stop(self, *, drain: bool = False) -> Report | None:
        """End the run early, and wait for that; what has ended already stays as it is.

        Parameters
        ----------
        drain : bool
            True lets all frames that the source has given come out, and a writer finishes its file. Otherwise they are
            let go, at once, and a writer keeps what is whole.

        Returns
        -------
        Report or None
            None when a stage calls this, which cannot wait for its own end.

        Raises
        ------
        StageError, StallError
            The run had failed before.
        RuntimeError
            It was never started.
        """
        run = self._current()
        run.end(End(0, complete=True) if drain else End(0, drain=0.0))
        if any(worker.thread is threading.current_thread() for worker in run.workers):
            return None
        run.wait()
        return run.result()

    def snapshot(self) -> Snapshot:
        """Return frames, rate, rings and stages at this moment of the run, or at its end."""
        return self._current().snapshot()

    @property
    def report(self) -> Report | None:
        """The report of the last run, also of one that failed; None before its end."""
        return None if self._run is None else self._run.report

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._run is not None and not self._run.done.is_set()

    def __iter__(self) -> Iterator[Frame]:
        run = self._begin(sink=False)
        try:
            while True:
                yield run.next_result()
        except RingClosed:
            run.end_of_results()
        finally:
            self._leave(run)
        run.result()

    def _leave(self, run: Run) -> None:
        """Wait for the end of an iteration; one that was left early ends now."""
        if not run.consumed:
            run.end(End(0, drain=0.0))
        run.wait()

    async def __aiter__(self) -> AsyncIterator[Frame]:
        import asyncio

        loop = asyncio.get_running_loop()
        run = self._begin(sink=False)
        try:
            while True:
                yield await loop.run_in_executor(None, run.next_result)
        except RingClosed:
            run.end_of_results()
        finally:
            await asyncio.shield(loop.run_in_executor(None, self._leave, run))
        run.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        run = self._run
        if run is None:
            return
        if not run.done.is_set():
            run.end(End(0, drain=0.0))
            run.wait()
        if kind is None:
            run.result()

    def _begin(self, *, sink: bool) -> Run:
        _check_last(self._elements[-1], sink)
        with self._lock:
            if self.running:
                raise RuntimeError("the pipeline is running; wait for its end with join(), or end it with stop()")
            before, run = self._run, Run(self._elements, self._options, sink)
            self._run = run  # before its threads start: a stage may ask for it
            try:
                run.start()
            except BaseException:
                self._run = before
                raise
        return run

    def _current(self) -> Run:
        if self._run is None:
            raise RuntimeError("the pipeline was never started; use run(), start() or iterate over it")
        return self._run


def _checked(elements: list[Any]) -> list[Any]:
    if len(elements) < 2:
        raise ValueError(
            "a Pipeline needs a source and at least one stage or sink: Pipeline([source, stage, ..., sink])"
        )
    source = elements[0].target if isinstance(elements[0], Stage) else elements[0]
    if isinstance(source, (str, bytes)):
        raise TypeError(f"a source is an iterable of frames; to read the file use VideoReader({source!r})")
    if not hasattr(source, "__iter__") and not hasattr(source, "__getitem__"):
        raise TypeError(f"the first element is the source, an iterable of frames; {type(source).__name__} is none")
    if isinstance(elements[0], Stage) and elements[0].workers > 1:
        raise ValueError("a source is iterated over by one thread; leave workers= out")
    for element in elements[1:]:
        target = element.target if isinstance(element, Stage) else element
        if isinstance(element, Stage) and isinstance(target, (Stage, Infer)):
            raise TypeError(f"Stage() takes a callable; pass the {type(target).__name__} itself")
        if not isinstance(element, Infer) and not callable(target):
            raise TypeError(
                f"{type(target).__name__} is no stage: pass a callable that takes a Frame, a Stage or an Infer"
            )
    return elements


def _check_last(element: Any, sink: bool) -> None:
    target = element.target if isinstance(element, Stage) else element
    is_writer = callable(getattr(target, "abort", None)) and callable(getattr(target, "close", None))
    if is_writer and not sink:
        raise TypeError("the last element is a writer, so no frames come out to iterate over; use run()")
    if is_writer and isinstance(element, Stage) and element.workers > 1:
        raise ValueError("a writer gets frames in order, from one thread; leave workers= out")
