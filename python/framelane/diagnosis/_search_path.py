"""Where the loader looks for a library that an object needs, folder by folder, and in which order."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ._loader_host import LoaderHost

# Braces, or no letter, digit or underscore behind the name.
_TOKEN = re.compile(r"\$(?:\{(ORIGIN|LIB|PLATFORM)\}|(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_]))")


class Rule(StrEnum):
    """Why the loader looked where it found a library; the order is that of ld.so(8)."""

    LOADED = "already loaded"
    PATH = "named by its path"
    RPATH = "RPATH"
    LD_LIBRARY_PATH = "LD_LIBRARY_PATH"
    RUNPATH = "RUNPATH"
    CACHE = "ld.so.cache"
    DEFAULT = "default folder"


@dataclass(frozen=True)
class Place:
    """A folder that the loader searches.

    Attributes
    ----------
    folder : str
        With ``$ORIGIN`` and the like put in.
    rule : Rule
        Why.
    source : str
        File whose RPATH or RUNPATH it is; empty for other rules.
    """

    folder: str
    rule: Rule
    source: str = ""

    def __str__(self) -> str:
        return f"{self.folder} ({self.rule}{f' of {self.source}' if self.source else ''})"


def expand(text: str, origin: str | None, host: LoaderHost) -> str | None:
    """Put the values of ``$ORIGIN``, ``$LIB`` and ``$PLATFORM`` into an entry.

    Returns
    -------
    str or None
        None where the origin is asked for and not known: the loader drops such an entry.
    """
    values = {"ORIGIN": origin, "LIB": host.library_folder, "PLATFORM": host.platform}
    names = [match[1] or match[2] for match in _TOKEN.finditer(text)]
    if any(values[name] is None for name in names):
        return None
    return _TOKEN.sub(lambda match: str(values[match[1] or match[2]]), text)


def folders_of(entries: Iterable[str], origin: str | None, host: LoaderHost, current: str) -> Iterator[str]:
    """Return the folders that the entries of a path name, each once; an empty entry is the current folder."""
    seen = set()
    for entry in entries:
        expanded = expand(entry, origin, host)
        if expanded is None:
            continue
        folder = os.path.join(current, expanded)
        folder = folder.rstrip("/") or "/"
        if folder not in seen:
            seen.add(folder)
            yield folder


def library_path_entries(value: str) -> list[str]:
    """Split an LD_LIBRARY_PATH as the loader does: at colons and semicolons, an empty one being none at all."""
    return re.split("[:;]", value) if value else []


def candidates(place: Place, name: str, host: LoaderHost) -> Iterator[str]:
    """Return the files that are tried in a folder: first those for this CPU's levels, then the plain one."""
    for level in host.hwcaps:
        yield f"{place.folder}/glibc-hwcaps/{level}/{name}"
    yield f"{place.folder}/{name}"
