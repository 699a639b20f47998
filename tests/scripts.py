"""Runs a piece of Python in a process of its own: what blocks for ever, or is interrupted, must not be the tests'."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import framelane


def start(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Start the code with framelane on its path; close it, or use it as a context manager."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *arguments],
        env=os.environ | {"PYTHONPATH": str(Path(framelane.__file__).parents[1]), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(code: str, *arguments: str, timeout: float = 60) -> tuple[int, str, str]:
    """Run the code to its end; return exit code, stdout and stderr."""
    with start(code, *arguments) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return process.returncode, out, err
