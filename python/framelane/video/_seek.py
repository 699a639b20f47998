"""Where in a file a frame is, found without decoding what lies before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import av.error

from ._open import open_input, video_stream

if TYPE_CHECKING:
    from ._names import AnyPath

# Before this many frames decoding from the beginning is quick enough.
_NEAR = 200
# Containers and codecs of which each packet is one picture with a time of its own.
_CONTAINERS = {"mov", "mp4", "matroska", "webm"}
_NOT_ONE_TO_ONE = {"vp8"}
# Pictures come at most this many packets later than they are shown.
_REORDERED = 64


@dataclass(frozen=True, slots=True)
class Landing:
    """A frame in a file.

    Attributes
    ----------
    index : int
        Its number.
    pts : int
        Its time in the stream's units.
    origin : float
        Time of the stream's first frame, in seconds.
    """

    index: int
    pts: int
    origin: float


def landing_at(path: AnyPath, start: float, tolerance: float) -> Landing | None:
    """Return the frame to start with; None where reading from the beginning is as good, or the only sure way.

    Parameters
    ----------
    path : path-like
        The file.
    start : float or int
        A time in seconds (float) or a number of a frame (int).
    tolerance : float
        Seconds by which a frame may lie before `start`.
    """
    with open_input(path) as container:
        stream = video_stream(container, path)
        names = set(container.format.name.split(","))
        if not names & _CONTAINERS or stream.codec_context.name in _NOT_ONE_TO_ONE:
            return None
        times = _times(container, stream, start)
        if times is None:
            return None
        unit = float(stream.time_base)
    if isinstance(start, int):
        index = start
    else:
        wanted = times[0] * unit + start - tolerance
        index = next((number for number, time in enumerate(times) if time * unit >= wanted), len(times))
    if not _NEAR <= index < len(times):
        return None
    return Landing(index, times[index], times[0] * unit)


def _times(container: Any, stream: Any, start: float) -> list[int] | None:
    """Return the times of all pictures up to the wanted one and a few more; None if they cannot be relied on."""
    times: list[int] = []
    unit = float(stream.time_base)
    beyond = 0
    try:
        for packet in container.demux(stream):
            if not packet.size:
                continue
            if packet.pts is None or packet.is_discard or packet.is_corrupt:
                return None
            times.append(packet.pts)
            past = len(times) > start if isinstance(start, int) else (packet.pts - times[0]) * unit > start
            beyond += past
            if beyond > _REORDERED:
                break
    except (av.error.FFmpegError, OSError):
        return None
    if len(set(times)) != len(times) or not times:
        return None
    times.sort()
    return times
