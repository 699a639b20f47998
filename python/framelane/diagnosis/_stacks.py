"""The Python stacks of another process, read by py-spy without stopping it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_LIMIT = 15.0  # seconds


@dataclass(frozen=True)
class Stacks:
    """`frames` by thread, the innermost first, each as ``put (queues.py:94)``; `unknown` says why there are none."""

    frames: dict[int, tuple[str, ...]]
    unknown: str | None = None


def python_stacks(pid: int) -> Stacks:
    """Read the stacks of one Python process."""
    program = find_py_spy()
    if program is None:
        return Stacks({}, "py-spy is not installed: pip install py-spy")
    command = [program, "dump", "--nonblocking", "--json", "--pid", str(pid)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return Stacks({}, f"py-spy had no answer within {_LIMIT:.0f} s")
    except OSError as error:
        return Stacks({}, f"py-spy does not start ({error.strerror}): {program}")
    if done.returncode != 0:
        return Stacks({}, _refusal(done.stderr.decode(errors="replace")))
    try:
        return Stacks({thread["os_thread_id"]: _frames(thread["frames"]) for thread in json.loads(done.stdout)})
    except (ValueError, KeyError, TypeError):
        return Stacks({}, "py-spy's answer is of a form that is not known here; try another version of it")


def find_py_spy() -> str | None:
    """Find the program beside our own Python, else on PATH."""
    beside = Path(sys.executable).parent / "py-spy"
    return str(beside) if beside.exists() else shutil.which("py-spy")


def _frames(frames: list[dict[str, object]]) -> tuple[str, ...]:
    return tuple(f"{one['name']} ({one.get('short_filename') or one['filename']}:{one['line']})" for one in frames)


def _refusal(complaint: str) -> str:
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    if "ermission" in complaint or "not permitted" in complaint:
        return "py-spy was refused: reading another process's memory needs sudo here"
    return f"py-spy could not read it ({lines[0].removeprefix('Error: ') if lines else 'it gave no reason'})"
