"""The Python stacks of another process, read by py-spy without stopping it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LIMIT = 15.0  # seconds


@dataclass(frozen=True)
class Stacks:
    """The stacks of a process.

    Attributes
    ----------
    frames : mapping
        By thread, the innermost function first, each as ``put (queues.py:94)``.
    unnumbered : mapping
        The same by the threads' names, where Python (before 3.11) does not tell their numbers.
    unknown : str or None
        Why there are none.
    """

    frames: dict[int, tuple[str, ...]]
    unnumbered: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: str | None = None


def python_stacks(pid: int) -> Stacks:
    """Read the stacks of one Python process."""
    program = find_py_spy()
    if program is None:
        return Stacks({}, unknown="py-spy is not installed: pip install py-spy")
    command = [program, "dump", "--nonblocking", "--json", "--pid", str(pid)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return Stacks({}, unknown=f"py-spy had no answer within {_LIMIT:.0f} s")
    except OSError as error:
        return Stacks({}, unknown=f"py-spy does not start ({error.strerror}): {program}")
    if done.returncode != 0:
        return Stacks({}, unknown=_refusal(done.stderr.decode(errors="replace")))
    try:
        return _stacks(pid, json.loads(done.stdout))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Stacks({}, unknown="py-spy's answer is of a form that is not known here; try another version of it")


def find_py_spy() -> str | None:
    """Find the program beside our own Python, else on PATH."""
    beside = Path(sys.executable).parent / "py-spy"
    return str(beside) if beside.exists() else shutil.which("py-spy")


def _stacks(pid: int, threads: list[dict[str, Any]]) -> Stacks:
    found = Stacks({})
    for thread in threads:
        number, name = thread["os_thread_id"], thread["thread_name"]
        if number is None and name == "MainThread":  # its number is that of the process
            number = pid
        if number is not None:
            found.frames[number] = _frames(thread["frames"])
        else:
            found.unnumbered[name or f"{thread['thread_id']:#x}"] = _frames(thread["frames"])
    return found


def _frames(frames: list[dict[str, object]]) -> tuple[str, ...]:
    return tuple(f"{one['name']} ({one.get('short_filename') or one['filename']}:{one['line']})" for one in frames)


def _refusal(complaint: str) -> str:
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    if "ermission" in complaint or "not permitted" in complaint:
        return "py-spy was refused: reading another process's memory needs sudo here"
    return f"py-spy could not read it ({lines[0].removeprefix('Error: ') if lines else 'it gave no reason'})"
