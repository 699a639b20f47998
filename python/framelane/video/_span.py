"""Which part of a video is read."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

# A time in seconds is written with few digits; it means the frame whose time rounds to it.
TOLERANCE = 0.0005


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a video: places are times in seconds (float) or indexes of frames (int).

    Attributes
    ----------
    start, end : float or int or None
        The first frame is the first one not before `start`; the frame at `end` is no longer part of it.
    limit : int or None
        At most so many frames.
    """

    start: float | None = None
    end: float | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("start", self.start), ("end", self.end)):
            if value is not None and not 0 <= value < float("inf"):
                raise ValueError(f"{name} must be a time in seconds or the index of a frame, not {value}")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"frames must be 1 or more, not {self.limit}")

    def begins_after(self, index: int, time: float) -> bool:
        """Whether the frame lies before the part."""
        if self.start is None:
            return False
        return index < self.start if isinstance(self.start, int) else time < self.start - TOLERANCE

    def ends_before(self, index: int, time: float) -> bool:
        """Whether the frame lies behind the part."""
        if self.end is None:
            return False
        return index >= self.end if isinstance(self.end, int) else time >= self.end - TOLERANCE

    @property
    def has_end(self) -> bool:
        """Whether the part may end before the video does."""
        return self.end is not None or self.limit is not None

    def count(self, total: int, rate: Fraction) -> int:
        """Return about how many frames the part has, of a video with so many."""
        first = 0 if self.start is None else _index(self.start, rate)
        last = total if self.end is None else _index(self.end, rate)
        frames = max(min(last, total) - first, 0)
        return frames if self.limit is None else min(frames, self.limit)

    def __str__(self) -> str:
        return f"index {self.start}" if isinstance(self.start, int) else f"{self.start or 0} s"


def _index(place: float, rate: Fraction) -> int:
    return place if isinstance(place, int) else round(place * rate + Fraction(499, 1000))
