"""Whether a file breaks off before the end that its own structure announces."""

from __future__ import annotations

import os
from typing import IO

_MOST_BOXES = 10_000


def is_cut_off(path: str, container: str) -> bool:
    """Whether the outermost part of a file reaches beyond the file's end; False where that cannot be told.

    Parameters
    ----------
    path : str
        The file.
    container : str
        FFmpeg's names of its container.
    """
    names = set(container.split(","))
    try:
        size = os.path.getsize(path)
        with open(path, "rb") as file:
            if names & {"mov", "mp4"}:
                return _last_box_is_open(file, size)
            if names & {"matroska", "webm"}:
                return _segment_is_open(file, size)
            if "avi" in names:
                return _riff_is_open(file, size)
            if "gif" in names:
                file.seek(-1, os.SEEK_END)
                return file.read(1) != b";"
    except OSError:
        return False
    return False


def _last_box_is_open(file: IO[bytes], size: int) -> bool:
    """ISO/IEC 14496-12, 4.2: a box is its size, its type and its content."""
    place = 0
    for _ in range(_MOST_BOXES):
        file.seek(place)
        head = file.read(16)
        if len(head) < 8:
            return bool(head)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length == 0:
            return False
        if length < 8:
            return True
        place += length
        if place > size:
            return True
        if place == size:
            return False
    return False


def _segment_is_open(file: IO[bytes], size: int) -> bool:
    """RFC 8794: an element is an identifier, a length and its content; the second one of a file is the segment."""
    file.seek(0)
    head = file.read(4096)
    if head[:4] != b"\x1a\x45\xdf\xa3":
        return False
    length, place = _length(head, 4)
    place += length or 0
    if head[place : place + 4] != b"\x18\x53\x80\x67":
        return False
    length, place = _length(head, place + 4)
    return length is not None and place + length > size


def _length(data: bytes, place: int) -> tuple[int | None, int]:
    """Return a variable-length number, None for "unknown", and the place behind it."""
    first = data[place] if place < len(data) else 0
    width = 9 - first.bit_length()
    value = int.from_bytes(data[place : place + width], "big") & ((1 << 7 * width) - 1)
    return (None if value == (1 << 7 * width) - 1 else value), place + width


def _riff_is_open(file: IO[bytes], size: int) -> bool:
    file.seek(0)
    head = file.read(8)
    return head[:4] == b"RIFF" and int.from_bytes(head[4:8], "little") + 8 > size
