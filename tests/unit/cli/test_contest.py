from __future__ import annotations

from time import sleep

from framelane.cli._contest import contest


def test_times_are_those_of_one_call():
    timings = contest({"slow": lambda: sleep(0.03), "fast": lambda: sleep(0.001)}, seconds=0.2)
    # A busy machine makes a call longer, never shorter.
    assert 0.03 <= timings["slow"].best <= timings["slow"].median
    assert 0.001 <= timings["fast"].best < 0.03
    assert timings["slow"].calls >= 1
    assert timings["fast"].calls > timings["slow"].calls


def test_very_short_calls_are_timed_many_at_once():
    timings = contest({"nothing": lambda: None}, seconds=0.05)
    assert timings["nothing"].median < 1e-5
    assert timings["nothing"].calls > 1000
