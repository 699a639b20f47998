"""Times several ways to do the same thing, in turns, so that a busy moment of the machine hits them all."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TURN = 0.02  # seconds: long against the clock's grain, short against the machine's moods
_MIN_TURNS = 5


@dataclass(frozen=True)
class Timing:
    """How long one call took.

    Attributes
    ----------
    median, best : float
        Seconds a call: the median and the fastest of all turns, each the mean of its calls.
    calls : int
        Calls that were timed.
    """

    median: float
    best: float
    calls: int


def contest(contenders: Mapping[str, Callable[[], object]], seconds: float) -> dict[str, Timing]:
    """Time each contender for about `seconds`, turn by turn.

    Parameters
    ----------
    contenders : mapping
        Name to function; each is called a few times first to warm up.
    seconds : float
        Time for each contender; each has at least five turns, however long that takes.
    """
    calls = {name: _calls_a_turn(function) for name, function in contenders.items()}
    turns: dict[str, list[float]] = {name: [] for name in contenders}
    end = perf_counter() + seconds * len(contenders)
    while perf_counter() < end or len(turns[next(iter(turns))]) < _MIN_TURNS:
        for name, function in contenders.items():
            turns[name].append(_time(function, calls[name]))
    return {name: Timing(median(times), min(times), calls[name] * len(times)) for name, times in turns.items()}


def _calls_a_turn(function: Callable[[], object]) -> int:
    """Warm a function up and find how many calls fill one turn."""
    calls = 1
    while (taken := _time(function, calls) * calls) < _TURN / 2:
        calls *= 2 if taken * 8 > _TURN else 8
    return max(1, round(calls * _TURN / taken))


def _time(function: Callable[[], object], calls: int) -> float:
    start = perf_counter()
    for _ in range(calls):
        function()
    return (perf_counter() - start) / calls
