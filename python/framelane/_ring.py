"""What a Ring is configured with and what it reports; the Ring itself is native (``src/core/ring.hpp``)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Overflow(StrEnum):
    """What a put into a full ring does. The strings ``"block"``, ``"drop_oldest"``, ... do as well."""

    BLOCK = "block"
    """Wait for room."""
    DROP_OLDEST = "drop_oldest"
    """Throw away the oldest item."""
    DROP_NEWEST = "drop_newest"
    """Throw away the item that was to be put."""
    RAISE = "raise"
    """Raise `RingFull`."""


@dataclass(frozen=True, slots=True)
class RingStats:
    """What went through a ring. ``put == got + dropped + len(ring)`` while no thread is inside of it.

    Attributes
    ----------
    put : int
        Items that the ring took over, those that it dropped included.
    got : int
        Items that were taken out.
    dropped : int
        Items that were thrown away because the ring was full.
    put_waits, get_waits : int
        How often a put waited for room and a get for an item.
    put_waited, get_waited : float
        Seconds that all threads together waited for that, waits that still last included.
    high_water : int
        The most items that were in the ring at once.
    """

    put: int
    got: int
    dropped: int
    put_waits: int
    get_waits: int
    put_waited: float
    get_waited: float
    high_water: int
