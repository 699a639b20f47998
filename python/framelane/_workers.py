"""The threads of a pipeline: each takes a frame, works on it, passes it on, and says what it does in its activity."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ._errors import RingClosed
from ._fault import StageFault
from ._frame import Frame
from ._source import as_frame, close_source
from ._stage import travels_on

if TYPE_CHECKING:
    from ._core import Activity
    from ._order import Order
    from ._run import Run
    from ._stage_run import StageRun

_END = object()
_NO_FRAME = -1


class Worker:
    """One thread of one stage. Ends when its input does, when it is cut off, or with a fault.

    It keeps no reference to a frame while it waits: the frame's slot may be what all others wait for.
    """

    def __init__(self, run: Run, stage: StageRun, activity: Activity) -> None:
        self.run = run
        self.stage = stage
        self.activity = activity
        self.ended = False
        self.stuck = False
        self.closing = False  # a sink finishes its output
        self.thread = threading.Thread(target=self._main, name=f"framelane {stage.name}", daemon=True)

    def _main(self) -> None:
        self.activity.attach()
        try:
            self._guarded(self._work)
            if self.stage.last_worker_ends():
                self._guarded(self._finish)
        finally:
            self.activity.detach()
            self.ended = True
            self.run.worker_ended()

    def _guarded(self, what: Callable[[], None]) -> None:
        try:
            what()
        except RingClosed:
            pass
        except StageFault as fault:
            self.run.fail(fault)
        except BaseException as error:
            self.run.fail(StageFault(self.stage.index, None, error))

    def _fault(self, index: int | None, error: BaseException) -> StageFault:
        return StageFault(self.stage.index, index, error)

    def _work(self) -> None:
        raise NotImplementedError

    def _finish(self) -> None:
        raise NotImplementedError


class SourceWorker(Worker):
    """Iterates over the source."""

    def __init__(self, run: Run, stage: StageRun, activity: Activity) -> None:
        super().__init__(run, stage, activity)
        self._source = stage.target
        self._iterator: Iterator[Any] = iter(())
        self._next = 0

    def _work(self) -> None:
        self.activity.busy(self._next)
        try:
            self._iterator = iter(self._source)
        except BaseException as error:
            raise self._fault(None, error) from None
        while not self.stage.cut and self._one():
            pass

    def _one(self) -> bool:
        self.activity.busy(self._next)
        try:
            item = next(self._iterator, _END)
            if item is _END:
                return False
            frame = as_frame(item, self._next)
            self._next = frame.index + 1
        except BaseException as error:
            raise self._fault(self._next, error) from None
        del item
        self.run.ledger.entered(frame.index)
        self.activity.wait_output()
        self.stage.out.put(frame)
        self.activity.add_left()
        return True

    def _finish(self) -> None:
        self.stage.out.finish()
        self.activity.busy(_NO_FRAME)
        try:
            close_source(self._iterator)
        finally:
            close_source(self._source)


class StageWorker(Worker):
    """Calls a stage's callable with each frame; several may share one stage, and then one order."""

    def __init__(self, run: Run, stage: StageRun, activity: Activity) -> None:
        super().__init__(run, stage, activity)
        self._call: Callable[[Frame], Any] = stage.target
        self._get = stage.into.get
        self._send = stage.out.put

    def _work(self) -> None:
        while not self.stage.cut:
            self.activity.wait_input()
            if self.stage.order is None:
                self._one()
            else:
                self._one_in_order(self.stage.order)

    def _called(self, frame: Frame) -> Frame | Iterator[Frame] | None:
        self.activity.busy(frame.index)
        try:
            return travels_on(frame, self._call(frame))
        except BaseException as error:
            raise self._fault(frame.index, error) from None

    def _one(self) -> None:
        frame = self._get()
        index = frame.index
        result = self._called(frame)
        del frame
        if isinstance(result, Frame):
            self._put(result)
        elif result is None:
            self.run.dropped(self.stage, index)
        else:
            for one in self._drawn(index, result):
                self._put(one)

    def _one_in_order(self, order: Order) -> None:
        number, frame = order.take()
        index = frame.index
        result = self._called(frame)
        del frame
        if isinstance(result, Frame):
            result = iter((result,))
        elif result is None:
            self.run.dropped(self.stage, index)
            result = iter(())
        else:
            result = self._drawn(index, result)
        order.deliver(number, result, self._put, self.activity)

    def _drawn(self, index: int, results: Iterator[Frame]) -> Iterator[Frame]:
        """Draw the frames out of a generator of the user's."""
        count = 0
        while True:
            self.activity.busy(index)
            try:
                frame = next(results, None)
            except BaseException as error:
                raise self._fault(index, error) from None
            if frame is None:
                break
            count += 1
            yield frame
            del frame
        if count == 0:
            self.run.dropped(self.stage, index)

    def _put(self, frame: Frame) -> None:
        self.activity.wait_output()
        self._send(frame)
        self.activity.add_left()

    def _finish(self) -> None:
        self.stage.out.finish()


class SinkWorker(Worker):
    """Calls the last callable or writer; what it returns goes nowhere."""

    def __init__(self, run: Run, stage: StageRun, activity: Activity) -> None:
        super().__init__(run, stage, activity)
        self._call: Callable[[Frame], Any] = stage.target
        self._get = stage.into.get

    def _work(self) -> None:
        while not self.stage.cut:
            self.activity.wait_input()
            self._one()

    def _one(self) -> None:
        frame = self._get()
        self.activity.busy(frame.index)
        try:
            result = self._call(frame)
            if isinstance(result, Iterator):  # a generator does nothing unless it is drawn
                for _ in result:
                    pass
        except BaseException as error:
            raise self._fault(frame.index, error) from None
        self.run.ledger.delivered(frame.index)
        self.activity.add_left()

    def _finish(self) -> None:
        self.closing = True
        self.activity.busy(_NO_FRAME)
        if self.run.whole:
            finish = getattr(self._call, "close", None)
            if callable(finish):
                finish()
        else:
            self.run.abort_sink(self._call)
