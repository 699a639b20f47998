"""A network between two rings, on native threads."""

from __future__ import annotations

import atexit
import threading
import weakref
from typing import TYPE_CHECKING, Any, Literal

from . import _core
from ._batch_axis import check_batch_axis
from ._engine_defaults import auto_streams, label_of, options_for
from ._engine_stats import EngineStats
from ._errors import FramelaneError, RingClosed, StageError
from ._frame_inputs import FrameInputs
from ._frame_outputs import FrameOutputs
from ._frame_plan import FramePlanner
from ._ring import Overflow
from ._session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from ._frame import Frame
    from ._postprocess import Postprocess
    from ._preprocess import Preprocess
    from ._session_options import SessionOptions

_open_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


class Engine:
    """Runs a model on frames that are put in, on native threads, and gives the results in the same order.

    Frames go in with `put` (or `put_all`) and come out with `get` or iteration, each once and in order, however many
    streams there are and however frames are batched. Both ends are rings of `capacity` frames: a full one makes the
    other side wait, for as long as it takes. A frame whose run fails raises `StageError` from the `get` that it
    belongs to, with its index; the frames after it still come.

    Parameters
    ----------
    model : str, os.PathLike, bytes, onnx.ModelProto or Session
        What to run. A `Session` is used as it is and not closed; anything else is opened with the threads of the
        machine divided among the streams, and closed with the engine.
    device : str
        Where to run, as for `Session`.
    options : SessionOptions, optional
        How to open the model.
    allow_cpu : sequence of str
        Nodes that may run on the CPU, as for `Session`.
    fallback : {"cpu"} or None
        What to do without the device, as for `Session`.
    capacity : int
        Frames in each of the two rings.
    batch : int
        Most frames in one run, for models whose first axis counts frames and is free. Fewer run together when the next
        does not come within `batch_timeout`, differs in shape, or does not exist. An output that is no picture is
        divided among the frames where its first axis has the name of the input's, so that its rows are theirs for
        certain; frames of a model with any other such output run one by one.
    batch_timeout : float
        Seconds that the first frame of a batch waits for the others.
    streams : int, optional
        Runs under way at a time, on one session. Default: one a core, four at most. On a device without streams of its
        own it is 1, whatever was asked for.
    overflow : Overflow or str
        What `put` does when the input ring is full: ``"block"``, ``"drop_oldest"``, ``"drop_newest"``, ``"raise"``.
    on_drop : callable, optional
        Called with each frame that the overflow policy drops, in the thread that puts.
    preprocess : Preprocess or bool, optional
        How a picture becomes the input. Frames carry a picture when their ``meta`` names its ``pixel_format``, as a
        reader's do; the native threads pack it straight into the input. Left out, this is read from the model when
        the first one comes; False feeds all tensors as they are.
    postprocess : Postprocess or bool, optional
        How an output becomes a picture, for frames that carried one. Left out, this is read from the model; False
        leaves all outputs as they are.
    name : str, optional
        What errors call this engine. Default: the model's file name.

    Raises
    ------
    ModelError, LoadError
        The model cannot be loaded.
    ShapeError
        ``batch`` is more than 1 and the model's first axis is fixed, or does not count frames (as in CHW).

    Notes
    -----
    Thread-safe, for any number of threads that put and get. The GIL is released while a call waits. Usable as a
    context manager; leaving it closes the engine. A single array (for a model with one input) or a dict of arrays can
    be put instead of a `Frame`; it is numbered in the order of arrival.

    Examples
    --------
    >>> engine = Engine("model.onnx", capacity=8)  # doctest: +SKIP
    >>> threading.Thread(target=engine.put_all, args=(frames,)).start()  # doctest: +SKIP
    >>> for frame in engine:  # in order  # doctest: +SKIP
    ...     show(frame.tensors["out"])
    """

    def __init__(
        self,
        model: Any,
        *,
        device: str = "cpu",
        options: SessionOptions | None = None,
        allow_cpu: Sequence[str] = (),
        fallback: Literal["cpu"] | None = None,
        capacity: int = 8,
        batch: int = 1,
        batch_timeout: float = 0.01,
        streams: int | None = None,
        overflow: Overflow | str = Overflow.BLOCK,
        on_drop: Callable[[Frame], object] | None = None,
        preprocess: Preprocess | bool | None = None,
        postprocess: Postprocess | bool | None = None,
        name: str | None = None,
    ) -> None:
        for what, value in (("capacity", capacity), ("batch", batch), ("streams", 1 if streams is None else streams)):
            if value < 1:
                raise ValueError(f"{what} is {value}; it must be at least 1")
        if not batch_timeout >= 0:
            raise ValueError(f"batch_timeout is {batch_timeout}; it must be 0 or more seconds")
        self._capacity = capacity
        self._streams = auto_streams() if streams is None else streams
        self._owns_session = not isinstance(model, Session)
        if self._owns_session:
            model_options = options_for(self._streams) if options is None else options
            self._session = Session(model, device=device, options=model_options, allow_cpu=allow_cpu, fallback=fallback)
        else:
            self._session = model
        if _core.session_takes_turns(self._session):
            self._streams = 1
        label = label_of(model)
        self._name = name or f"Engine({label})"
        self._on_drop = on_drop
        self._inputs = FrameInputs([info.name for info in self._session.inputs])
        self._outputs = FrameOutputs([info.name for info in self._session.outputs])
        self._lock = threading.Lock()
        self._source_error: BaseException | None = None
        try:
            check_batch_axis(batch, self._session.inputs)
            self._planner = FramePlanner(self._session, preprocess, postprocess, batch)
            self._native = _core.Engine(
                self._session,
                capacity=capacity,
                batch=batch,
                batch_timeout=batch_timeout,
                streams=self._streams,
                overflow=str(overflow),
                label=f"ONNX Runtime: run {label}",
            )
        except BaseException:
            if self._owns_session:
                self._session.close()
            raise
        self._fallback_nodes = self._session.stats().fallback_nodes
        _open_engines.add(self)

    @property
    def session(self) -> Session:
        """The session that runs."""
        return self._session

    @property
    def name(self) -> str:
        """What errors call this engine."""
        return self._name

    @property
    def capacity(self) -> int:
        """Frames in each of its two rings."""
        return self._capacity

    @property
    def preprocess(self) -> Preprocess | None:
        """How pictures go in; None as long as none came."""
        return self._planner.preprocess

    @property
    def postprocess(self) -> Postprocess | None:
        """How a picture comes out; None when none does, or none came in yet."""
        return self._planner.postprocess

    @property
    def activities(self) -> list[_core.Activity]:
        """What each stream does now, for a watchdog."""
        return self._native.activities

    def put(self, frame: Any, timeout: float | None = None) -> None:
        """Put a frame in, waiting for room as the overflow policy says.

        Parameters
        ----------
        frame : Frame, dict or array
            Its tensors are found by the names of the model's inputs; the first tensor feeds a model with one input.
        timeout : float, optional
            Seconds to wait for room; None waits for ever.

        Raises
        ------
        ShapeError
            A tensor is missing or does not fit; nothing was put.
        RingClosed
            After `finish` or `close`.
        RingFull, RingTimeout
            No room, with ``overflow="raise"`` or after the timeout.
        """
        frame = self._inputs.frame_of(frame)
        arrays = self._inputs.arrays_of(frame)
        plan = self._planner.plan(frame, arrays)
        native = None if plan is None else plan.native
        for dropped, _ in self._native.put((frame, plan), frame.index, arrays, native, timeout):
            if self._on_drop is not None:
                self._on_drop(dropped)

    def get(self, timeout: float | None = None) -> Frame:
        """Return the next frame in order: its outputs first, then the tensors that the model did not replace.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait; None waits for ever.

        Returns
        -------
        Frame
            With index, timestamp and meta of the frame that was put.

        Raises
        ------
        StageError
            This frame's run failed; the cause is ``__cause__``. The next call gets the next frame.
        RingClosed
            After the last frame.
        RingTimeout
            Nothing came out in time.
        """
        frame = self._next(timeout)
        if frame is None:
            raise RingClosed(f"{self._name}: the last frame is out")
        return frame

    def _next(self, timeout: float | None = None) -> Frame | None:
        result = self._native.get(timeout)
        if result is None:
            self._raise_source_error()
            return None
        (frame, plan), outputs, error = result
        if error is not None:
            failure = StageError(f"{self._name}: frame {frame.index}: {error}")
            failure.stage, failure.frame_index = self._name, frame.index
            raise failure from error
        return self._outputs.frame_with(frame, outputs, plan)

    def _raise_source_error(self) -> None:
        with self._lock:
            error, self._source_error = self._source_error, None
        if error is not None:
            raise error

    def put_all(self, frames: Iterable[Any]) -> None:
        """Put all frames of an iterable and end the input: to be run in a thread of its own.

        An exception of the iterable comes out of `get`, after the frames before it. Ends early when the engine is
        closed.
        """
        try:
            for frame in frames:
                self.put(frame)
        except RingClosed:
            return  # closed from the other side: nobody waits for more
        except BaseException as error:  # raised by get, where somebody looks
            with self._lock:
                self._source_error = error
        finally:
            self.finish()

    def finish(self) -> None:
        """End the input: a partial batch is flushed, what is inside still comes out, then iteration ends."""
        self._native.finish()

    def close(self) -> None:
        """Stop and free everything; frames inside are dropped. Idempotent.

        Runs get a second to end by themselves, then they are terminated.

        Raises
        ------
        FramelaneError
            A run did not end even then; its thread is left behind.
        """
        _open_engines.discard(self)
        stuck = self._native.close()
        if stuck:
            raise FramelaneError(
                f"{self._name}: {stuck} of {self._streams} threads did not come back from ONNX Runtime and are left "
                "behind; the session stays in memory until the process ends"
            )
        if self._owns_session:
            self._session.close()

    def stats(self) -> EngineStats:
        """Return what the engine has done so far."""
        fallback_nodes = self._fallback_nodes
        return EngineStats(streams=self._streams, fallback_nodes=fallback_nodes, **self._native.stats())

    def __iter__(self) -> Iterator[Frame]:
        """Iterate over the results until the last one."""
        while (frame := self._next()) is not None:
            yield frame

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


@atexit.register
def _close_all() -> None:
    """No native thread may outlive the interpreter."""
    for engine in list(_open_engines):
        engine.close()
