"""Where the command's words go: results to stdout, all else to stderr."""

from __future__ import annotations

import io
import json
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any, TextIO

from framelane._printable import printable as printable

if TYPE_CHECKING:
    from rich.console import RenderableType


class Console:
    """Prints what a sub-command has to say, in the form that its options ask for.

    Parameters
    ----------
    quiet : bool
        Say nothing but errors (and the JSON object, where that is asked for).
    as_json : bool
        The result is one JSON object on stdout; `result` is silent.
    """

    def __init__(self, *, quiet: bool = False, as_json: bool = False) -> None:
        self.quiet = quiet
        self.as_json = as_json

    def say(self, text: str) -> None:
        """Print a sentence for the person who watches."""
        if not self.quiet:
            _print(_wrapped(text, sys.stderr), sys.stderr)

    def warn(self, text: str) -> None:
        """Print a sentence that the person who watches should not miss."""
        self.say(f"warning: {text}")

    def error(self, text: str) -> None:
        """Print why the command fails; never silent."""
        _print(_wrapped(f"framelane: error: {text}", sys.stderr), sys.stderr)

    def result(self, renderable: RenderableType) -> None:
        """Print a result (text or anything that rich draws) to stdout."""
        if not self.quiet and not self.as_json:
            _print(_rendered(renderable, sys.stdout), sys.stdout)

    def text(self, lines: str) -> None:
        """Print a result that is laid out already to stdout: its long lines are kept, so that they can be copied."""
        if not self.quiet and not self.as_json:
            _print("\n".join(printable(line) for line in lines.split("\n")), sys.stdout)

    def json(self, value: dict[str, Any]) -> None:
        """Print the JSON object, if that is asked for."""
        if self.as_json:
            _print(json.dumps(value, indent=2, default=str), sys.stdout)


def _print(text: str, stream: TextIO) -> None:
    encoding = stream.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)


def _wrapped(text: str, stream: TextIO) -> str:
    if not stream.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(
        textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False, subsequent_indent="  ")
        if len(line) > width and not line.startswith(" ")  # an indented line is laid out already
        else line
        for line in text.splitlines()
    )


def _rendered(renderable: RenderableType, stream: TextIO) -> str:
    from rich.console import Console as RichConsole

    target = io.StringIO()
    console = RichConsole(file=target, force_terminal=stream.isatty(), markup=False, highlight=False, emoji=False)
    console.print(renderable)
    return "\n".join(line.rstrip() for line in target.getvalue().splitlines())
