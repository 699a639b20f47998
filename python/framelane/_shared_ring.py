"""A ring between processes, over memory that they share."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, NoReturn, Self

from . import _core
from ._errors import RingError
from ._ring import Overflow, RingStats
from ._shared_frame import SharedFrame, SharedSlot

if TYPE_CHECKING:
    from ._shared_frame import Layout
    from ._shared_link import Listener

_ALIGNMENT = 64  # of each tensor in a slot


@dataclass(frozen=True, slots=True)
class SharedRingStats(RingStats):
    """What went through a `SharedRing`, in all processes together.

    Frames that a dead process had not released count as got once, whatever came of them.

    Attributes
    ----------
    redelivered : int
        Frames that were delivered again because the process that had them died.
    reclaimed : int
        Slots that were taken back from processes that died while they wrote.
    failed : int
        Frames that failed because the process that had them died (``on_consumer_death="fail"``).
    reading : int
        Slots that somebody reads now.
    free : int
        Slots that are free now.
    peers : int
        How often the ring is open now, in all processes.
    """

    redelivered: int
    reclaimed: int
    failed: int
    reading: int
    free: int
    peers: int


@dataclass(frozen=True, slots=True)
class FrameFailure:
    """A frame that failed because the process that read it died.

    Attributes
    ----------
    number : int
        Of the failure, from 1.
    index : int or None
        Of the frame, as its `SharedSlot` had it; None for a value from `SharedRing.put`.
    pid : int
        Of the process that died.
    """

    number: int
    index: int | None
    pid: int


def _layout(spec: Any) -> Layout:
    """Name, dtype and shape of each tensor of a spec: an array or the like, or a dict of these."""
    named = spec if isinstance(spec, dict) else {"image": spec}
    if not all(
        isinstance(name, str) and hasattr(one, "shape") and hasattr(one, "dtype") for name, one in named.items()
    ):
        raise TypeError(
            "spec must be a number of bytes, an array or anything else with a shape and a dtype, or a dict of names to "
            f"these, not {spec!r:.100}"
        )
    return {
        name: (getattr(one.dtype, "name", None) or str(one.dtype).removeprefix("torch."), tuple(map(int, one.shape)))
        for name, one in named.items()
    }


def _slot_bytes(layout: Layout) -> int:
    from ._tensor_bytes import item_size

    sizes = [prod(shape) * item_size(dtype) for dtype, shape in layout.values()]
    return sum(-(-size // _ALIGNMENT) * _ALIGNMENT for size in sizes)


class SharedRing(_core.SharedRingBase):
    """A bounded first-in-first-out queue between processes, over memory that they share.

    Frames are written and read in place (`reserve`, `peek`), or copied in and out (`put`, `get`). Any number of
    processes and threads may do either; a wait releases the GIL, and Ctrl-C ends it at once. FIFO is the order of
    commit: a slot that somebody holds delays nobody, but is one of the capacity.

    A process may die at any instruction, also by ``kill -9``: within a second its slots are free for others, and a
    frame that it had not released is delivered again, marked, or reported. A stopped process is not dead: others wait
    for what it holds, or time out. No file is left behind, for the memory has no name.

    Hand a ring to processes that multiprocessing starts by ``spawn`` as an argument, or to others of the same user by
    `listen` and `connect`. After a fork the child cannot use the parent's.

    Parameters
    ----------
    spec : int, array, or dict of str to array
        How large a frame is: bytes for its tensors, of whatever names and shapes; or an array, or anything else with
        a shape and a dtype, as which `reserve` lays out the tensor ``"image"``; or a dict of several.
    capacity : int
        Number of slots. Count one for each process that writes or reads in place, besides the frames that are to wait.
    overflow : Overflow or str
        What a put into a full ring does, as for `Ring`. With ``"drop_newest"``, and with ``"drop_oldest"`` where all
        frames are being read, `reserve` raises `RingFull`, and `put` drops the value; both count it.
    on_consumer_death : str
        What becomes of a frame whose reader died: ``"redeliver"`` gives it to another consumer, ``"fail"`` gives it
        up and lists it in `failures`.
    meta_bytes : int
        Room in each slot for what is no tensor.
    huge_pages : bool
        Take the memory from the system's reserved pages of 2 MiB.

    Raises
    ------
    ValueError, TypeError
        If a parameter is none that a ring can have.
    DeviceMemoryError
        If the machine, or the limit of its container, has less memory left than the ring needs.
    RingError
        If no file descriptor is left, or no huge pages are reserved.
    """

    def __init__(
        self,
        spec: Any,
        capacity: int,
        overflow: Overflow | str = Overflow.BLOCK,
        *,
        on_consumer_death: str = "redeliver",
        meta_bytes: int = 1024,
        huge_pages: bool = False,
    ) -> None:
        self._layout: Layout = {} if isinstance(spec, int) else _layout(spec)
        payload = spec if isinstance(spec, int) else _slot_bytes(self._layout)
        for name, value in (("capacity", capacity), ("spec", payload), ("meta_bytes", meta_bytes)):
            if value < (1 if name == "capacity" else 0):
                raise ValueError(f"{name} must be at least {1 if name == 'capacity' else 0}, not {value}")
        _core.shared_ring_create(
            self,
            capacity=capacity,
            payload_bytes=payload,
            meta_bytes=meta_bytes,
            overflow=str(overflow),
            on_consumer_death=on_consumer_death,
            huge_pages=huge_pages,
            schema=json.dumps(self._layout, separators=(",", ":")),
        )

    @classmethod
    def _open(cls, descriptor: int) -> Self:
        """Open the ring that a file descriptor refers to, which stays the caller's."""
        ring = cls.__new__(cls)
        _core.shared_ring_open(ring, descriptor)
        try:
            stored = json.loads(_core.shared_ring_schema(ring))
            ring._layout = {str(name): (str(dtype), tuple(map(int, shape))) for name, (dtype, shape) in stored.items()}
        except (ValueError, TypeError, AttributeError):
            raise RingError("the description of the ring's tensors is damaged; create a new ring") from None
        return ring

    def reserve(self, timeout: float | None = None) -> SharedSlot:
        """Reserve a slot to write in place: ``with ring.reserve() as slot:`` commits it at the end of the block.

        Parameters
        ----------
        timeout : float or None
            Seconds to wait for a slot at most, with overflow ``"block"``; None waits for ever, 0 does not wait.

        Raises
        ------
        RingClosed
            If the ring is closed, also while this waits.
        RingFull
            If the frame would have to be dropped or refused, by overflow.
        RingTimeout
            If no slot came free in time.
        PeerDied
            If no slot is free, and the last process that took frames out ended without `close`.
        """
        return SharedSlot(_core.shared_ring_reserve(self, timeout), self._layout)

    def peek(self, timeout: float | None = None) -> SharedFrame:
        """Take the oldest frame to read in place: ``with ring.peek() as frame:`` releases it at the end of the block.

        Parameters
        ----------
        timeout : float or None
            Seconds to wait for a frame at most; None waits for ever, 0 does not wait.

        Raises
        ------
        RingClosed
            If the ring is closed and empty, and no other process reads a frame that would come back if it died.
        RingTimeout
            If there was no frame in time.
        PeerDied
            If the ring is empty, and the last process that put something in ended without `close`.
        """
        return SharedFrame(_core.shared_ring_peek(self, timeout))

    def stats(self) -> SharedRingStats:
        """Tell what went through the ring so far."""
        return SharedRingStats(**_core.shared_ring_stats(self))

    def failures(self) -> list[FrameFailure]:
        """List the last 64 frames that failed because their reader died (``on_consumer_death="fail"``)."""
        return [FrameFailure(*one) for one in _core.shared_ring_failures(self)]

    @property
    def on_consumer_death(self) -> str:
        """What becomes of a frame whose reader died: ``"redeliver"`` or ``"fail"``."""
        return _core.shared_ring_on_death(self)

    def listen(self, path: str | os.PathLike[str]) -> Listener:
        """Hand the ring to processes of the same user that `connect` to this path.

        Parameters
        ----------
        path : str or path
            Of a Unix socket, which is made with permissions 0600. One that a process left behind that died is replaced.

        Returns
        -------
        Listener
            Its ``close()`` ends this and removes the socket; so do the end of a ``with`` block and of the process.

        Raises
        ------
        RingError
            If something else is at the path, or another process listens there.
        """
        from ._shared_link import Listener

        return Listener(self, path)

    @classmethod
    def connect(cls, path: str | os.PathLike[str], timeout: float | None = 10.0) -> Self:
        """Open the ring for which a process of the same user listens at this path.

        Parameters
        ----------
        path : str or path
            As given to `listen`.
        timeout : float or None
            Seconds to wait for the listener at most, also for it to appear; None waits for ever.

        Raises
        ------
        RingError
            If the one who listens is another user's process, or hands over something else than a ring.
        RingTimeout
            If nobody listened in time.
        LibraryVersionError
            If the ring was made by another version of framelane.
        """
        from ._shared_link import receive

        descriptor = receive(path, timeout)
        try:
            return cls._open(descriptor)
        finally:
            os.close(descriptor)

    def __reduce__(self) -> tuple[Any, ...]:
        from multiprocessing import context, reduction

        if context.get_spawning_popen() is None:
            _refuse_pickle()
        return _opened, (type(self), reduction.DupFd(_core.shared_ring_descriptor(self)))

    def __repr__(self) -> str:
        closed = " closed" if self.closed else ""
        return f"<framelane.SharedRing {len(self)}/{self.capacity} {self.overflow}{closed}>"


def _refuse_pickle() -> NoReturn:
    raise RuntimeError(
        "a SharedRing is pickled only while multiprocessing starts a process: pass it as an argument of Process, or "
        "use listen() and SharedRing.connect()"
    )


def _opened(cls: type[SharedRing], handed: Any) -> SharedRing:
    descriptor = handed.detach()
    try:
        return cls._open(descriptor)
    finally:
        os.close(descriptor)
