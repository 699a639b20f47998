"""What a FramePool reports; the pool itself is native (``src/core/frame_pool.hpp``)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FramePoolStats:
    """What a pool lent so far.

    Attributes
    ----------
    count : int
        Slots in all.
    available : int
        Slots that nobody holds.
    high_water : int
        The most slots that were lent at once.
    acquired : int
        Slots that were lent, since the beginning.
    waits : int
        How often a thread found no slot free and waited for one.
    waited : float
        Seconds that all threads together waited for that.
    """

    count: int
    available: int
    high_water: int
    acquired: int
    waits: int
    waited: float
