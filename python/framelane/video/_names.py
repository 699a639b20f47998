"""Names of files: any bytes that the system allows are a file, never a protocol, an option or a pattern."""

from __future__ import annotations

import os

AnyPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]


def native(path: AnyPath) -> str:
    """Return the name as ``str``; bytes that are not UTF-8 are kept as Python keeps them (surrogates)."""
    return os.fsdecode(path)


def printable(path: AnyPath) -> str:
    """Return the name in a form that any terminal, log and JSON file can hold."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def url(path: AnyPath) -> str:
    """Return what FFmpeg must be given to open this file and nothing else."""
    return "file:" + os.path.abspath(native(path))


def suffix(path: AnyPath) -> str:
    """Return the suffix in lower case, with its dot; empty if there is none."""
    return os.path.splitext(native(path))[1].lower()


def counted(number: int, noun: str) -> str:
    """Return the number with its noun, in the plural where it must be.

    >>> counted(1, "frame"), counted(2, "frame")
    ('1 frame', '2 frames')
    """
    return f"{number} {noun}{'s' * (number != 1)}"
