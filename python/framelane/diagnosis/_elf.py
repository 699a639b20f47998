"""What a library or a program says about itself in its ELF headers, read the way the loader reads them.

Everything is found through the program headers and the dynamic table, never through the section headers, which the
loader does not look at and which may be stripped. Layouts are those of the System V ABI (gABI 4.1) and, for the symbol
versions, of the Linux Standard Base; pyelftools has both.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from framelane._errors import LoadError
from framelane._printable import printable

from ._elf_reader import ElfDamage, ElfReader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KINDS = {"ET_DYN": "library", "ET_EXEC": "program", "ET_REL": "object file", "ET_CORE": "core dump"}


class ElfError(LoadError):
    """A file is no ELF file, or a damaged one; the text is one sentence that names it.

    Attributes
    ----------
    reason : str
        The sentence without the file's name.
    """

    reason: str = ""


@dataclass(frozen=True)
class ElfFile:
    """What stands in the headers of an ELF file.

    Attributes
    ----------
    path : Path
        Where it was read, as it was given.
    size : int
        Bytes of the file.
    announced_size : int
        Bytes that it should have at least by its own headers; more than `size` in a file that is cut off.
    bits : int
        32 or 64.
    machine : str
        Architecture, such as ``"x86-64"`` or ``"AArch64"``.
    kind : str
        ``"library"`` (position-independent programs are that too), ``"program"``, ``"object file"``, ``"core dump"``.
    dynamic : bool
        Whether it has a dynamic table; without one the loader refuses it.
    soname : str or None
        The name by which others ask for it.
    interpreter : str or None
        The loader that a program asks for, such as ``/lib64/ld-linux-x86-64.so.2``.
    needed : tuple of str
        What it asks the loader for, in order.
    rpath, runpath : tuple of str
        Entries of DT_RPATH and DT_RUNPATH, with ``$ORIGIN`` and the like as they stand.
    has_runpath : bool
        Whether there is a DT_RUNPATH, be it empty, which takes all RPATHs out of the search.
    no_default_folders : bool
        Linked with ``-z nodefaultlib``: not even the system's folders are searched.
    versions_needed : mapping
        Of each needed library that has versions: those asked for, such as ``{"libc.so.6": ("GLIBC_2.34",)}``.
    versions_defined : frozenset of str
        The versions that it offers itself.
    """

    path: Path
    size: int
    announced_size: int
    bits: int
    machine: str
    kind: str
    dynamic: bool = False
    soname: str | None = None
    interpreter: str | None = None
    needed: tuple[str, ...] = ()
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    has_runpath: bool = False
    no_default_folders: bool = False
    versions_needed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    versions_defined: frozenset[str] = frozenset()

    @property
    def architecture(self) -> str:
        """Machine and word size, which both have to be those of the process that loads it."""
        return f"{self.machine} ({self.bits} bit)"

    def newest_needed(self, family: str) -> str | None:
        """Return the newest version of a family that it asks for.

        Parameters
        ----------
        family : str
            ``"GLIBC"``, ``"GLIBCXX"`` or ``"CXXABI"``.

        Returns
        -------
        str or None
            Such as ``"2.34"``; None when it needs none.
        """
        asked = [version for versions in self.versions_needed.values() for version in versions]
        return newest_version(asked, family)


def newest_version(versions: list[str], family: str) -> str | None:
    """Return the highest number among the versions of a family, such as ``"2.34"`` of ``GLIBC``."""
    numbers = [version.removeprefix(f"{family}_") for version in versions if version.startswith(f"{family}_")]
    counted = [number for number in numbers if all(part.isdecimal() for part in number.split("."))]
    return max(counted, key=lambda number: [int(part) for part in number.split(".")], default=None)


def read_elf(path: Path) -> ElfFile:
    """Read the headers of a file; nothing of it is loaded or run.

    Parameters
    ----------
    path : Path
        Any file; a FIFO or a device is refused without being opened.

    Raises
    ------
    ElfError
        It cannot be read, is no ELF file, or is damaged.
    """
    try:
        with open_regular(path) as stream:
            return _read(path, stream)
    except ElfDamage as damage:
        raise elf_error(path, str(damage)) from None
    except OSError as error:
        raise elf_error(path, f"cannot be read: {error.strerror or error}") from None
    except RecursionError:
        raise
    except Exception as error:  # pyelftools meets whatever a damaged file may hold
        raise elf_error(path, f"is a damaged ELF file ({type(error).__name__} in its headers)") from None


def is_elf(path: Path) -> bool:
    """Whether a file is a whole ELF file."""
    try:
        read_elf(path)
    except ElfError:
        return False
    return True


def elf_error(path: Path, reason: str) -> ElfError:
    """Return the error for a file, with its reason."""
    error = ElfError(f"{printable(path)} {reason}")
    error.reason = reason
    return error


def open_regular(path: Path) -> IO[bytes]:
    """Open a file for reading; a FIFO, device, socket or folder is an OSError, and never waited for."""
    kind = os.stat(path).st_mode
    if not stat.S_ISREG(kind):
        raise OSError(0, f"it is {_kind_of(kind)}, not a file")
    return open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")


def _kind_of(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _read(path: Path, stream: IO[bytes]) -> ElfFile:
    reader = ElfReader(stream)
    facts = reader.facts()
    if facts.loaded_size > reader.size:
        raise ElfDamage(f"is cut off: it has {reader.size} bytes, and its headers announce {facts.announced_size}")
    tags = reader.tags()
    flags = tags.first("DT_FLAGS_1") or 0
    runpath = tags.string("DT_RUNPATH")
    return ElfFile(
        path=path,
        size=reader.size,
        announced_size=facts.announced_size,
        bits=facts.bits,
        machine=facts.machine,
        kind=KINDS.get(facts.kind, "file of an unknown kind"),
        dynamic=tags.present,
        soname=tags.string("DT_SONAME"),
        interpreter=facts.interpreter,
        needed=tuple(tags.strings("DT_NEEDED")),
        # "If both are given, DT_RPATH is ignored": ld.so(8).
        rpath=_entries(tags.string("DT_RPATH")) if runpath is None else (),
        runpath=_entries(runpath),
        has_runpath=runpath is not None,
        no_default_folders=bool(flags & 0x800),
        versions_needed=reader.versions_needed(tags),
        versions_defined=reader.versions_defined(tags),
    )


def _entries(path: str | None) -> tuple[str, ...]:
    return tuple(path.split(":")) if path else ()
