"""Whether OUT may be written, asked before any work is done."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ._console import printable
from ._exit import CommandError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RECORD_SUFFIXES = (".npz", ".jsonl")


def takes_records(out: Path) -> bool:
    """Whether OUT holds numbers, one record a frame, rather than pictures."""
    return out.suffix.lower() in RECORD_SUFFIXES


def check_output(out: Path, sources: Mapping[str, Path], *, overwrite: bool) -> None:
    """Refuse an OUT that would destroy something, or that has no folder to lie in.

    Parameters
    ----------
    out : Path
        What is to be written; ``null:`` is nothing.
    sources : mapping
        What the run reads: ``MODEL``, ``IN``. OUT may be none of them, by whatever name.
    overwrite : bool
        Whether a file that is there may be replaced. An empty one always may, as ``mktemp`` makes it.

    Raises
    ------
    CommandError
        With the exit status for output.
    """
    if str(out) == "null:":
        return
    name = printable(out)
    for role, source in sources.items():
        if _same_file(out, source):
            raise CommandError(
                f"OUT ({name}) is the same file as {role} ({printable(source)}), which writing would destroy; "
                "give OUT another name",
                ExitCode.OUTPUT,
            )
    if not out.parent.is_dir():
        raise CommandError(f"{name}: the folder {printable(out.parent)} does not exist; make it first", ExitCode.OUTPUT)
    if not os.access(out.parent, os.W_OK | os.X_OK):
        raise CommandError(f"{name}: no permission to write in {printable(out.parent)}", ExitCode.OUTPUT)
    if out.is_file() and out.stat().st_size and not overwrite:
        raise CommandError(f"{name} exists; add --overwrite to replace it", ExitCode.OUTPUT)


def _same_file(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:  # one of them does not exist, or is a pattern rather than a file
        return os.path.abspath(one) == os.path.abspath(other)
