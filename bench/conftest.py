"""Prints, under pytest-benchmark's table, each benchmark's ratio to the baseline of its group.

A group's baseline is the benchmark whose `benchmark.extra_info["baseline"]` is true; without one, each whose name
contains "baseline"; without any, the first of the group.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest


def is_baseline(bench: Any) -> bool:
    return bool(bench.extra_info.get("baseline")) or "baseline" in bench.name


def ratio_lines(benchmarks: list[Any]) -> list[str]:
    """One line for each benchmark and each baseline of its group; above 1 means faster than the baseline."""
    groups = defaultdict(list)
    for bench in benchmarks:
        groups[bench.group or ""].append(bench)
    lines = []
    for group, members in groups.items():
        baselines = [bench for bench in members if is_baseline(bench)] or members[:1]
        for bench in members:
            for base in baselines:
                if bench in baselines:
                    continue
                time, other = bench.stats.median, base.stats.median
                lines.append(
                    f"{group}: {bench.name} takes {time / other:.3f}x the time of {base.name},"
                    f" {other / time:.2f}x as fast (medians {time * 1e6:,.2f} us, {other * 1e6:,.2f} us)"
                )
    return lines


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    session = getattr(config, "_benchmarksession", None)
    benchmarks = [bench for bench in getattr(session, "benchmarks", []) if bench]
    if lines := ratio_lines(benchmarks):
        terminalreporter.section("ratios to the baseline")
        for line in lines:
            terminalreporter.write_line(line)
