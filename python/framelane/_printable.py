"""Spelling names that may hold anything."""

from __future__ import annotations

import os


def printable(name: object) -> str:
    """Spell a path, or any name, on one line: control characters and bytes that are no UTF-8 are escaped."""
    text = os.fsdecode(name) if isinstance(name, os.PathLike | bytes) else str(name)
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
