"""``framelane inspect``: whether that running process really uses the GPU."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ._exit import CommandError, ExitCode
from ._extras import need_extra

if TYPE_CHECKING:
    from ._console import Console

NAME = "inspect"
SUMMARY = "tell whether a running process uses the GPU, and if not, why"
DESCRIPTION = """\
Look at a running process and its children: have they loaded ONNX Runtime, its CUDA provider and cuDNN, do they have a
CUDA context, with which LD_LIBRARY_PATH were they started, what does each thread wait for, and does the memory grow.
Nothing in them is attached to, stopped or changed. With py-spy installed the Python stacks are shown too."""
EPILOG = "The exit status is 0 where the process uses the GPU, 1 where it does not."
_LONGEST = 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``framelane inspect``."""
    parser.add_argument("pid", type=_pid, metavar="PID", help="number of the process, as `ps` and `nvidia-smi` show it")
    parser.add_argument(
        "--seconds", type=_seconds, default=3.0, help="how long to watch memory, processors and GPU (default 3)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")


def execute(args: argparse.Namespace, console: Console) -> int:
    """Look at the process, and say whether it uses the GPU."""
    need_extra("elftools", extra="doctor")
    from framelane.diagnosis._inspect import inspect
    from framelane.diagnosis._inspect_text import as_dict, as_text
    from framelane.diagnosis._process import ProcessError

    try:
        inspection = inspect(args.pid, args.seconds)
    except ProcessError as error:
        raise CommandError(str(error), ExitCode.INPUT) from error
    console.text(as_text(inspection))
    console.json(as_dict(inspection))
    return ExitCode.DONE if inspection.healthy else ExitCode.FAILED


def _pid(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**31):
        raise argparse.ArgumentTypeError(f"{text!r} is no process; write its number, as `ps aux` shows it")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write seconds, from 0.1 to {_LONGEST:.0f}")
    return seconds
