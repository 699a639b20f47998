"""Whether the loader takes a file that has the right name, goes on to the next folder, or gives up."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from ._elf import ElfError, read_elf

if TYPE_CHECKING:
    from pathlib import Path

    from ._elf import ElfFile

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.EACCES)


class Unusable(Exception):  # noqa: N818 - becomes a Missing
    """The loader gives up at this file."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} {reason}")
        self.path = path
        self.reason = reason


def usable_library(file: Path, architecture: tuple[str, int]) -> ElfFile | None:
    """Return the headers of a file that the loader takes; None where it goes on to the next folder.

    Parameters
    ----------
    file : Path
        Need not exist.
    architecture : tuple of str and int
        Machine and word size of the process: a library of another one is passed over in silence.

    Raises
    ------
    Unusable
        It gives up: an empty file, a text, a folder, a damaged library, a program.
    """
    try:
        os.stat(file)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise Unusable(str(file), f"cannot be read: {error.strerror}") from None
    except ValueError:  # a name that no file can have
        return None
    if not os.access(file, os.R_OK):
        return None
    try:
        elf = read_elf(file)
    except ElfError as error:
        raise Unusable(str(file), error.reason) from None
    if (elf.machine, elf.bits) != architecture:
        return None
    if elf.kind not in ("library", "program"):
        raise Unusable(str(file), f"is no library but {_article(elf.kind)}")
    if not elf.dynamic:
        raise Unusable(str(file), "has no dynamic table, so that nothing can load it")
    return elf


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
