"""What `SharedRing.reserve` and `SharedRing.peek` give: a slot of the ring to write, and a frame to read, in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from ._frame import Frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from ._core import SharedLease, Tensor

Layout = dict[str, tuple[str, tuple[int, ...]]]


class SharedSlot:
    """A slot of a `SharedRing` that this process writes, from `SharedRing.reserve`.

    As a context manager it is committed at the end of the block, and given up when the block raises. Use a slot in
    one thread at a time, and do not touch its tensors after the commit: the memory is the ring's again.

    Parameters
    ----------
    lease, layout
        What `SharedRing.reserve` makes it of.

    Attributes
    ----------
    index : int
        Position of the frame in its source.
    timestamp, duration : float or None
        Seconds, as in `Frame`.
    tensors : dict
        Name to tensor. Those of the ring's spec are there, uninitialised; `empty` adds others in place, and an array
        of your own that you put in is copied at the commit.
    meta : dict
        Small values that travel with the frame: numbers, strings, lists, dicts.
    """

    __slots__ = ("_lease", "duration", "index", "meta", "tensors", "timestamp")

    def __init__(self, lease: SharedLease, layout: Layout) -> None:
        self._lease = lease
        self.index = 0
        self.timestamp: float | None = None
        self.duration: float | None = None
        self.tensors: dict[str, Any] = {name: lease.empty(shape, dtype) for name, (dtype, shape) in layout.items()}
        self.meta: dict[str, Any] = {}

    def empty(self, name: str, shape: Sequence[int], dtype: Any) -> Tensor:
        """Add an uninitialised tensor in the slot. Raises `ShapeError` when it does not fit any more."""
        tensor = self._lease.empty(list(shape), dtype)
        self.tensors[name] = tensor
        return tensor

    def __getitem__(self, name: str) -> Any:
        return self.tensors[name]

    def __setitem__(self, name: str, array: Any) -> None:
        self.tensors[name] = array

    def commit(self) -> None:
        """Hand the frame to the consumers. Raises `RingClosed` if the ring was closed; then it is given up."""
        frame = Frame(self.index, self.timestamp, self.tensors, self.duration, self.meta)
        index = self.index if isinstance(self.index, int) and self.index >= 0 else None
        self.tensors = {}
        self._lease.commit(frame, index)

    def abandon(self) -> None:
        """Give the slot up: it is free again, and nobody sees what was written. Does nothing after a commit."""
        self.tensors = {}
        self._lease.end()

    @property
    def held(self) -> bool:
        """Whether the slot is neither committed nor given up."""
        return self._lease.held

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abandon()
        elif self.held:
            self.commit()


class SharedFrame:
    """A frame of a `SharedRing` that this process reads, from `SharedRing.peek`.

    As a context manager it is released at the end of the block, however that ends: then its slot is free, and its
    tensors show what the next writer puts there. Copy what is to be kept. If the process dies before, the
    frame is delivered again.

    Parameters
    ----------
    lease
        What `SharedRing.peek` makes it of.

    Attributes
    ----------
    value : object
        What was put: a `Frame` with read-only tensors over the slot, or whatever `SharedRing.put` was given.
    redelivered : bool
        Whether a process that had the frame before died before it released it.
    """

    __slots__ = ("_lease", "redelivered", "value")

    def __init__(self, lease: SharedLease) -> None:
        self._lease = lease
        self.value = lease.value()
        self.redelivered = lease.redelivered

    @property
    def index(self) -> int:
        """Position of the frame in its source. AttributeError when what was put is no `Frame`."""
        index: int = self.value.index
        return index

    @property
    def timestamp(self) -> float | None:
        """Seconds from the start of the source."""
        timestamp: float | None = self.value.timestamp
        return timestamp

    @property
    def duration(self) -> float | None:
        """Seconds that the frame is shown."""
        duration: float | None = self.value.duration
        return duration

    @property
    def tensors(self) -> Mapping[str, Tensor]:
        """Name to tensor, each a read-only view of the slot."""
        tensors: Mapping[str, Tensor] = self.value.tensors
        return tensors

    @property
    def meta(self) -> dict[str, Any]:
        """Small values that travel with the frame."""
        meta: dict[str, Any] = self.value.meta
        return meta

    def __getitem__(self, name: str) -> Any:
        return self.value[name]

    def release(self) -> None:
        """Give the frame back for good. Does nothing when that was done."""
        self._lease.end()

    @property
    def held(self) -> bool:
        """Whether the frame was not released yet."""
        return self._lease.held

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.release()
