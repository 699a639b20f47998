"""The folders of an LD_LIBRARY_PATH, and files seen from inside a container."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._process import Process

_LINKS = 40  # as many symbolic links as the kernel follows


@dataclass(frozen=True)
class SearchedFolder:
    """A folder of LD_LIBRARY_PATH and whether it is there now."""

    path: str
    exists: bool


def searched_folders(value: str, process: Process) -> tuple[SearchedFolder, ...]:
    """Split an LD_LIBRARY_PATH as the loader does: at colons and semicolons; an empty part is the current folder."""
    if not value:
        return ()
    parts = (part or "." for part in re.split("[:;]", value))
    current = process.current or "/"
    return tuple(SearchedFolder(part, inside(process.root, os.path.join(current, part)).is_dir()) for part in parts)


def inside(root: Path, path: str) -> Path:
    """Where a file that a process calls `path` is found from here.

    Through ``/proc/PID/root`` the kernel would follow an absolute link to our own files; so links are followed here.
    """
    if root == Path("/"):
        return Path(path)
    waiting = [part for part in path.split("/") if part not in ("", ".")][::-1]
    found: list[str] = []
    links = 0
    while waiting:
        part = waiting.pop()
        if part == "..":
            found = found[:-1]
            continue
        here = root.joinpath(*found, part)
        if links < _LINKS and os.path.islink(here):
            links += 1
            target = os.readlink(here)
            found = [] if target.startswith("/") else found
            waiting += [step for step in target.split("/") if step not in ("", ".")][::-1]
        else:
            found.append(part)
    return root.joinpath(*found)
