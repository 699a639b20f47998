"""A diagnosis as text: a line a link, and below one that fails the command that mends it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from ._check import Status

if TYPE_CHECKING:
    from ._check import Check
    from ._doctor import Diagnosis

_COLOURS = {Status.PASSED: "green", Status.FAILED: "bold red", Status.NOT_CHECKABLE: "yellow"}
_STATUS_WIDTH = max(map(len, Status))


def as_text(diagnosis: Diagnosis, *, colour: bool = False) -> str:
    """Lay a diagnosis out, in colours where rich is installed and they are wanted."""
    width = max(len(_subject_and_link(check)[1]) for check in diagnosis.checks)
    lines: list[str] = []
    before = ""
    for check in diagnosis.checks:
        subject, link = _subject_and_link(check)
        if subject and subject != before:
            lines.append(f"{' ' * (_STATUS_WIDTH + 2)}{subject}")
        before = subject
        lines += _lines(check, link, width)
    text = "\n".join([*lines, "", _verdict(diagnosis)])
    return _coloured(text) if colour and find_spec("rich") else text


def _subject_and_link(check: Check) -> tuple[str, str]:
    """Split the name of a link into the file that it is of, which gets a line of its own, and the rest."""
    subject, _, link = check.name.rpartition(": ")
    return subject, link


def _lines(check: Check, link: str, width: int) -> list[str]:
    indent = " " * (_STATUS_WIDTH + 2)
    lines = [f"{check.status:<{_STATUS_WIDTH}}  {link:<{width}}  {check.seen}"]
    lines += [f"{indent}  {detail}" for detail in check.details]
    if check.fix:
        lines.append(f"{indent}fix: {check.fix}")
    return lines


def _verdict(diagnosis: Diagnosis) -> str:
    if diagnosis.healthy:
        unknown = sum(check.status is Status.NOT_CHECKABLE for check in diagnosis.checks)
        return f"healthy: {len(diagnosis.checks) - unknown} of {len(diagnosis.checks)} links hold"
    first = diagnosis.failures[0]
    return f"{len(diagnosis.failures)} of {len(diagnosis.checks)} links fail; start with the first: {first.name}"


def _coloured(text: str) -> str:
    import io

    from rich.console import Console
    from rich.text import Text

    target = io.StringIO()
    console = Console(file=target, force_terminal=True, highlight=False, markup=False, emoji=False)
    for line in text.splitlines():
        styled = Text(line)
        for status, colour in _COLOURS.items():
            if line.startswith(status):
                styled.stylize(colour, 0, len(status))
        if line.lstrip().startswith("fix: "):
            styled.stylize("bold")
        console.print(styled, soft_wrap=True)
    return target.getvalue().rstrip("\n")
