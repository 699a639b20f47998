"""Writes the shape of pixels into a finished .mkv or .webm, for codecs that cannot carry it themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

# Identifiers of RFC 9559.
_SEGMENT, _SEEK_HEAD, _SEEK, _POSITION = 0x18538067, 0x114D9B74, 0x4DBB, 0x53AC
_VOID, _TRACKS, _TRACK, _VIDEO = 0xEC, 0x1654AE6B, 0xAE, 0xE0
_DISPLAY_WIDTH, _DISPLAY_HEIGHT, _DISPLAY_UNIT = 0x54B0, 0x54BA, 0x54B2
_HEAD = 1 << 16


@dataclass(frozen=True, slots=True)
class _Element:
    """Where an element lies: its identifier, its first byte, its length field, its content and the end of it."""

    id: int
    start: int
    length: int
    content: int
    end: int


def write_pixel_aspect(path: str, aspect: Fraction, width: int, height: int) -> bool:
    """Say in the header at which size the pictures are to be shown. Return whether there was room for it.

    FFmpeg writes this from a field that PyAV does not set. The room is taken from the space that FFmpeg leaves free
    behind the table of contents: what lies between moves to the front by as many bytes.

    Parameters
    ----------
    path : str
        A file that FFmpeg wrote, without checksums.
    aspect : Fraction
        Width of a pixel over its height.
    width, height : int
        Size in pixels.
    """
    with open(path, "r+b") as file:
        data = bytearray(file.read(_HEAD))
        if not _insert(data, round(width * aspect), height):
            return False
        file.seek(0)
        file.write(data)
    return True


def _insert(data: bytearray, width: int, height: int) -> bool:
    segment = next((part for part in _parts(data, 0, len(data)) if part.id == _SEGMENT), None)
    if segment is None:
        return False
    top = {part.id: part for part in _parts(data, segment.content, min(segment.end, len(data)))}
    parents = _path_to_video(data, top.get(_TRACKS))
    void = top.get(_VOID)
    if void is None or not parents or void.start > parents[0].start:
        return False
    if any(part.id == _DISPLAY_WIDTH for part in _parts(data, parents[-1].content, parents[-1].end)):
        return False
    for part in _parts(data, parents[-1].content, parents[-1].end):
        if part.id == _DISPLAY_UNIT:  # "unknown", which .mkv says where it knows no size
            data[part.content : part.end] = bytes(part.end - part.content)
    added = b"".join(
        number.to_bytes(2, "big") + b"\x84" + value.to_bytes(4, "big")
        for number, value in ((_DISPLAY_WIDTH, width), (_DISPLAY_HEIGHT, height))
    )
    tracks, end = parents[0], parents[-1].end
    if not all(_grow(data, part, len(added)) for part in parents[1:]):
        return False
    size = (tracks.end - tracks.content + len(added) | 1 << 28).to_bytes(4, "big")
    moved = data[void.end : tracks.length] + size + data[tracks.content : end] + added
    by = len(moved) - (end - void.end)
    if void.end - void.content < by:
        return False
    for seek in _parts(data, top[_SEEK_HEAD].content, top[_SEEK_HEAD].end) if _SEEK_HEAD in top else ():
        _move_target(data, seek, segment.content, void.end, end, by)
    _grow(data, void, -by)
    data[void.end - by : end] = moved
    return True


def _path_to_video(data: bytearray, tracks: _Element | None) -> list[_Element]:
    """Return the elements from the tracks down to what describes the pictures of the first video track."""
    if tracks is None or tracks.end > len(data):
        return []
    for track in _parts(data, tracks.content, tracks.end):
        for part in _parts(data, track.content, track.end) if track.id == _TRACK else ():
            if part.id == _VIDEO:
                return [tracks, track, part]
    return []


def _parts(data: bytearray, place: int, end: int) -> list[_Element]:
    parts = []
    while place < end:
        length = place + 9 - data[place].bit_length()
        if length >= len(data):
            break
        content = length + 9 - data[length].bit_length()
        size = int.from_bytes(data[length:content], "big") & ((1 << 7 * (content - length)) - 1)
        parts.append(_Element(int.from_bytes(data[place:length], "big"), place, length, content, content + size))
        place = content + size
    return parts


def _grow(data: bytearray, part: _Element, by: int) -> bool:
    """Change the length of an element in its place; False if the field is too short for it."""
    width = part.content - part.length
    size = part.end - part.content + by
    if size >= (1 << 7 * width) - 1:
        return False
    data[part.length : part.content] = ((1 << 7 * width) | size).to_bytes(width, "big")
    return True


def _move_target(data: bytearray, seek: _Element, origin: int, first: int, last: int, by: int) -> None:
    """Correct the position of an element that moves to the front."""
    for part in _parts(data, seek.content, seek.end) if seek.id == _SEEK else ():
        if part.id == _POSITION:
            place = int.from_bytes(data[part.content : part.end], "big")
            if first <= place + origin < last:
                data[part.content : part.end] = (place - by).to_bytes(part.end - part.content, "big")
