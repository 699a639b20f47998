"""Times of frames to rely on: strictly rising, in picture order, at the nominal rate where a file has none."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice, pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Frames looked at before the first is handed out, to see which of the file's clocks runs straight and how fast.
_LOOK_AHEAD = 8
# Frames without a usable time that are held back to be spread between two that have one.
_MOST_HELD = 16
# A clock that falls back by more frames than this was set anew; by less, frames are only out of order.
_RESTART = 5
# More than this many frames ahead is believed only if the frame after it does not fall back again.
_SUSPICIOUS = 10


@dataclass(slots=True)
class Stamp:
    """What a file says about the time of one frame, in seconds, and what was made of it.

    Attributes
    ----------
    item : object
        The frame itself.
    shown, decoded, own_duration : float or None
        Presentation time, decoding time and duration as the file has them.
    time, duration : float
        The mended ones, counted from the first frame.
    """

    item: Any
    shown: float | None
    decoded: float | None
    own_duration: float | None
    raw: float | None = None
    time: float = 0.0
    duration: float = 0.0


def plausible_rate(rate: Fraction | float | None) -> Fraction | None:
    """Return a frame rate as a fraction; None if it cannot be one."""
    if not rate or not 0.001 <= rate <= 1000:
        return None
    return Fraction(rate).limit_denominator(100_000)


@dataclass
class Clock:
    """Mends the times of frames that come in picture order.

    Parameters
    ----------
    rates : sequence of Fraction or None
        What the container claims as its rate, the most trusted first.
    fixed : Fraction, optional
        A rate that the caller demands for files without times.
    stream_start : float, optional
        Time of the stream's first packet; where the file has no display times, that of the first frame.
    display_times : bool
        Whether the container has display times at all; else those that FFmpeg gives are guesses, late by some frames.
    origin : float, optional
        The file's time of its first frame, where reading begins with a later one.

    Attributes
    ----------
    rate : Fraction
        The nominal rate: the claim that fits the first frames, else what they show.
    steady : bool
        Whether the first frames come at even distances.
    mended : int
        Frames whose time was missing or wrong.
    restarts : int
        How often the clock began again.
    start : float
        The file's own time of the first frame, in seconds.
    offsets : list of (float, float)
        Pairs: from this own time on (after each restart), add this much.
    """

    rates: tuple[Fraction | None, ...]
    fixed: Fraction | None = None
    stream_start: float | None = None
    display_times: bool = True
    origin: float | None = None
    rate: Fraction = Fraction(25)
    mended: int = 0
    restarts: int = 0
    start: float = 0.0
    offsets: list[tuple[float, float]] = field(default_factory=list)
    has_times: bool = False
    steady: bool = True
    _use_decoded: bool = False

    def run(self, stamps: Iterable[Stamp]) -> Iterator[Stamp]:
        """Yield the stamps with `time` and `duration` set, a few frames later than they come in."""
        source = iter(stamps)
        first = deque(islice(source, _LOOK_AHEAD))
        self._use_decoded = self._choose_clock(first)
        self._choose_rate(first)
        yield from self._with_durations(self._resolved(self._with_raw(first, source)))

    def _choose_clock(self, first: Sequence[Stamp]) -> bool:
        """Whether decoding times run straighter than presentation times, as in AVI, which has no others."""
        shown = [stamp.shown for stamp in first if stamp.shown is not None]
        decoded = [stamp.decoded for stamp in first if stamp.decoded is not None]
        self.has_times = bool(shown or decoded)
        wrong_shown, wrong_decoded = (sum(b <= a for a, b in pairwise(times)) for times in (shown, decoded))
        return (len(decoded) > len(shown) / 2 and wrong_decoded < wrong_shown) or not shown

    def _choose_rate(self, first: Sequence[Stamp]) -> None:
        times = [stamp.decoded if self._use_decoded else stamp.shown for stamp in first]
        steps = [b - a for a, b in pairwise(times) if a is not None and b is not None and b > a]
        self.steady = not steps or max(steps) < 1.5 * min(steps)
        own = next((stamp.own_duration for stamp in first if (stamp.own_duration or 0) > 0), None)
        seen = 1 / median(steps) if steps else 1 / own if own and self.has_times else None
        claimed = [rate for rate in map(plausible_rate, self.rates) if rate is not None]
        near = [rate for rate in claimed if seen and abs(seen / rate - 1) < 0.1]
        if self.fixed is not None and not self.has_times:
            self.rate = self.fixed
        else:
            self.rate = next(iter(near), None) or plausible_rate(seen) or next(iter(claimed), None) or Fraction(25)

    def _with_raw(self, first: deque[Stamp], rest: Iterator[Stamp]) -> Iterator[Stamp]:
        shown: float | None = None
        while True:
            stamp = first.popleft() if first else next(rest, None)
            if stamp is None:
                return
            if not self._use_decoded:
                stamp.raw = stamp.shown
            else:
                stamp.raw = stamp.decoded
                straight = stamp.shown is not None and (shown is None or stamp.shown > shown)
                self.mended += not straight and stamp.raw is not None
                shown = stamp.shown
            yield stamp

    def _resolved(self, stamps: Iterator[Stamp]) -> Iterator[Stamp]:
        """Yield each stamp once its time is known; `held` are those that wait for a good time behind them."""
        nominal = float(1 / self.rate)
        most_held = _MOST_HELD if self.has_times else 1
        held: deque[Stamp] = deque()
        last: float | None = None  # time of the last frame handed out
        if self.origin is not None:
            self.start = self.origin
        offset = (
            None if self.origin is None else -self.origin
        )  # from the file's clock to ours; None until the file has shown its clock
        for stamp, following in _with_next(stamps):
            raw = self._believed(stamp, following, last, offset, nominal)
            if raw is None:
                self.mended += 1
                held.append(stamp)
            elif offset is None:
                offset = self._begin(raw, last, held, nominal)
                yield from held
                held.clear()
                stamp.time = last = raw + offset
                yield stamp
            elif last is None or raw + offset > last + 1e-9:
                stamp.time = raw + offset
                yield from self._spread(held, last or 0.0, stamp.time, nominal)
                last = stamp.time
                yield stamp
            elif raw + offset < last - _RESTART * nominal:
                last += nominal * (len(held) + 1)
                yield from self._step(held, last - nominal * (len(held) + 1), nominal)
                offset = self._restart(raw, last)
                stamp.time = last
                yield stamp
            else:
                self.mended += 1
                held.append(stamp)
            if len(held) >= most_held:
                before, last = last, nominal * (len(held) if last is not None else len(held) - 1) + (last or 0.0)
                yield from self._step(held, before, nominal)
        yield from self._step(held, last, nominal)

    def _begin(self, raw: float, last: float | None, held: deque[Stamp], nominal: float) -> float:
        """Set the file's clock by its first known time; frames before it are at the nominal rate."""
        for index, stamp in enumerate(held):
            stamp.time = index * nominal if last is None else last + (index + 1) * nominal
        here = len(held) * nominal if last is None else last + (len(held) + 1) * nominal
        self.start = raw - here
        if self.stream_start is not None and (self._use_decoded or not self.display_times):
            self.start, raw_start = self.stream_start, self.start
            return -raw_start
        return -self.start

    def offset(self, restarts: int) -> float | None:
        """Return what to add to the file's times after so many restarts of its clock; None if it has not got there."""
        if restarts == 0:
            return -self.start
        return self.offsets[restarts - 1][1] if restarts <= len(self.offsets) else None

    def _restart(self, raw: float, here: float) -> float:
        """Set the file's clock anew, so that its time `raw` is now."""
        self.restarts += 1
        self.offsets.append((raw, here - raw))
        return here - raw

    @staticmethod
    def _believed(
        stamp: Stamp, following: Stamp | None, last: float | None, offset: float | None, nominal: float
    ) -> float | None:
        """Return a frame's own time; None where it leaps far ahead and the next frame falls back behind it."""
        raw = stamp.raw
        if raw is None or last is None or offset is None or following is None or following.raw is None:
            return raw
        leaps = raw + offset > last + _SUSPICIOUS * nominal
        return None if leaps and last < following.raw + offset < raw + offset else raw

    @staticmethod
    def _spread(held: deque[Stamp], last: float, until: float, nominal: float) -> Iterator[Stamp]:
        """Yield the held frames at even distances between two that have a time, but not slower than the rate."""
        step = min((until - last) / (len(held) + 1), nominal)
        while held:
            last += step
            held[0].time = last
            yield held.popleft()

    @staticmethod
    def _step(held: deque[Stamp], last: float | None, nominal: float) -> Iterator[Stamp]:
        while held:
            last = 0.0 if last is None else last + nominal
            held[0].time = last
            yield held.popleft()

    def _with_durations(self, stamps: Iterator[Stamp]) -> Iterator[Stamp]:
        for stamp, following in _with_next(stamps):
            if following is not None:
                stamp.duration = following.time - stamp.time
            else:
                own = stamp.own_duration
                trusted = own is not None and own > 0 and self.has_times and not self._use_decoded
                stamp.duration = own if own and trusted else float(1 / self.rate)
            yield stamp


def _with_next(stamps: Iterable[Stamp]) -> Iterator[tuple[Stamp, Stamp | None]]:
    before: Stamp | None = None
    for stamp in stamps:
        if before is not None:
            yield before, stamp
        before = stamp
    if before is not None:
        yield before, None
