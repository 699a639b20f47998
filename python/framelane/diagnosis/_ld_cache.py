"""Reads ``/etc/ld.so.cache``, where ldconfig has written down what lies in the system's library folders.

Both layouts are known, those of ``sysdeps/generic/dl-cache.h`` of glibc: ``ld.so-1.7.0`` (with or without a new one
behind it) and ``glibc-ld.so.cache1.1``, with its extension that names the glibc-hwcaps subfolders.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ._elf import open_regular

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_CACHE = Path("/etc/ld.so.cache")

_OLD_MAGIC = b"ld.so-1.7.0\0"
_NEW_MAGIC = b"glibc-ld.so.cache1.1"
_OLD_HEADER = struct.Struct("=12sI")
_OLD_ENTRY = struct.Struct("=iII")
_NEW_HEADER = struct.Struct("=20sIIBxxxI12x")
_NEW_ENTRY = struct.Struct("=iIIIQ")
_EXTENSION_MAGIC = 0xEAA42174  # (uint32_t) -358342284
_HWCAPS_SECTION = 1
_HWCAP_EXTENSION = 1 << 62
_LARGEST = 64 << 20

# FLAG_ELF_LIBC6 with the architecture's own flag.
_FLAGS = {("x86-64", 64): 0x0303, ("AArch64", 64): 0x0A03, ("x86", 32): 0x0003, ("ARM", 32): 0x0903}


@dataclass(frozen=True)
class CacheEntry:
    """A library of the cache: its name, its file, and the glibc-hwcaps subfolder that it is for ("" for any CPU)."""

    flags: int
    name: str
    path: str
    hwcaps: str = ""


class LdCache:
    """The libraries of a cache by name.

    Parameters
    ----------
    entries : sequence of CacheEntry
        In the cache's order.
    """

    def __init__(self, entries: Sequence[CacheEntry]) -> None:
        self._entries: dict[tuple[int, str], list[CacheEntry]] = {}
        for entry in entries:
            self._entries.setdefault((entry.flags, entry.name), []).append(entry)

    def __len__(self) -> int:
        return sum(map(len, self._entries.values()))

    def find(self, name: str, machine: str, bits: int, hwcaps: Sequence[str] = ()) -> str | None:
        """Return the file of a library for an architecture: the one for the best CPU level that this CPU has.

        Parameters
        ----------
        name : str
            As it stands in NEEDED.
        machine, bits : str, int
            As `ElfFile` has them.
        hwcaps : sequence of str
            The levels of this CPU, best first, such as ``("x86-64-v3", "x86-64-v2")``.
        """
        order = {level: rank for rank, level in enumerate((*hwcaps, ""))}
        entries = self._entries.get((_FLAGS.get((machine, bits), -1), name), [])
        usable = [entry for entry in entries if entry.hwcaps in order]
        return min(usable, key=lambda entry: order[entry.hwcaps]).path if usable else None


def read_cache(path: Path = DEFAULT_CACHE) -> LdCache:
    """Read a cache; one that is missing, unreadable or damaged is empty, as it is for the loader."""
    try:
        with open_regular(path) as stream:
            data = stream.read(_LARGEST)
        return LdCache(_entries(data))
    except (OSError, struct.error, ValueError, IndexError):
        return LdCache(())


def _entries(data: bytes) -> list[CacheEntry]:
    if data.startswith(_NEW_MAGIC):
        return _new_entries(data, data)
    if not data.startswith(_OLD_MAGIC):
        return []
    _, count = _OLD_HEADER.unpack_from(data)
    strings = _OLD_HEADER.size + count * _OLD_ENTRY.size
    behind = (strings + 7) & ~7
    if data[behind:].startswith(_NEW_MAGIC):
        return _new_entries(data[behind:], data)
    rows = (_OLD_ENTRY.unpack_from(data, _OLD_HEADER.size + i * _OLD_ENTRY.size) for i in range(count))
    return [CacheEntry(flags, _text(data, strings + key), _text(data, strings + value)) for flags, key, value in rows]


def _new_entries(data: bytes, whole: bytes) -> list[CacheEntry]:
    """Read the new layout: its names are counted from its own start, its extensions from that of the whole file."""
    _, count, _, _, extension = _NEW_HEADER.unpack_from(data)
    levels = [_text(data, place) for place in _hwcaps_levels(whole, extension)]
    found = []
    for index in range(count):
        flags, key, value, _, hwcap = _NEW_ENTRY.unpack_from(data, _NEW_HEADER.size + index * _NEW_ENTRY.size)
        if not hwcap:
            found.append(CacheEntry(flags, _text(data, key), _text(data, value)))
        elif hwcap >> 32 == _HWCAP_EXTENSION >> 32:
            level = levels[hwcap & 0xFFFFFFFF]
            found.append(CacheEntry(flags, _text(data, key), _text(data, value), level))
        # else one of the old hardware subfolders, which no glibc since 2.37 looks at
    return found


def _hwcaps_levels(data: bytes, extension: int) -> list[int]:
    if not extension:
        return []
    magic, sections = struct.unpack_from("=II", data, extension)
    if magic != _EXTENSION_MAGIC:
        return []
    for index in range(sections):
        tag, _, offset, size = struct.unpack_from("=IIII", data, extension + 8 + index * 16)
        if tag == _HWCAPS_SECTION:
            return list(struct.unpack_from(f"={size // 4}I", data, offset))
    return []


def _text(data: bytes, offset: int) -> str:
    return os.fsdecode(data[offset : data.index(b"\0", offset)])
