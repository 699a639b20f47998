"""What `import framelane` adds to `import numpy`, in fresh processes: under 60 ms."""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from time import perf_counter

import pytest

BUDGET = 0.060  # seconds


def import_in_a_fresh_process(module: str) -> None:
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)


def seconds_to_import(module: str) -> float:
    begin = perf_counter()
    import_in_a_fresh_process(module)
    return perf_counter() - begin


@pytest.mark.benchmark(group="import")
@pytest.mark.parametrize("module", ["numpy", "framelane"])
def test_import(benchmark, module):
    benchmark.extra_info["baseline"] = module == "numpy"
    benchmark.pedantic(import_in_a_fresh_process, args=(module,), rounds=15, warmup_rounds=2)


def test_import_stays_within_its_budget():
    import_in_a_fresh_process("framelane")  # compiles what is not compiled yet
    differences = [seconds_to_import("framelane") - seconds_to_import("numpy") for _ in range(15)]
    assert median(differences) < BUDGET
