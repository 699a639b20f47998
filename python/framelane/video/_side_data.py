"""What travels beside the pixels of a decoded frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from av.sidedata.sidedata import Type

if TYPE_CHECKING:
    from enum import Enum

    import av


def display_matrix(frame: av.VideoFrame) -> bytes | None:
    """Return the nine numbers that say how the picture is to be turned, as FFmpeg keeps them; None without any.

    Not for every frame of a video: PyAV keeps frame and side data in a cycle of references, so that the frame's memory
    is not free before Python's garbage collector runs.
    """
    try:
        found = _find(frame)
    except ValueError:
        _name_unknown_kinds()
        found = _find(frame)
    return found if found is not None and len(found) >= 36 else None


def _find(frame: Any) -> bytes | None:
    try:
        return bytes(frame.side_data["DISPLAYMATRIX"])
    except KeyError:
        return None


def _name_unknown_kinds() -> None:
    """Let PyAV hand out side data although some of it is of a kind that it has no name for.

    PyAV 17 and 18 list FFmpeg's kinds as they were, and refuse all side data of a frame that has a newer one: every
    picture with EXIF data, for one.
    """

    def nameless(cls: Any, value: object) -> Enum:
        member: Enum = object.__new__(cls)
        member._name_, member._value_ = f"KIND_{value}", value
        known: Enum = cls._value2member_map_.setdefault(value, member)
        return known

    kinds: Any = Type
    kinds._missing_ = classmethod(nameless)
