"""Run a few lines of Python in a process of their own."""

import subprocess
import sys
import textwrap


def run(program, *options, timeout=60):
    return subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=timeout
    )
