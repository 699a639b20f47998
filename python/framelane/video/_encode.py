"""Encodes pictures into a container: real times, and every packet with its duration."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import av

    from ._colour import Colour

TICKS = 90_000
"""Parts of a second that times are kept to. All common rates are whole numbers of them, or nearly so."""


@dataclass(frozen=True)
class Encoding:
    """How pictures are encoded.

    Attributes
    ----------
    codec, pixel_format : str
        FFmpeg's names.
    width, height : int
        Size in pixels.
    rate : Fraction
        Frames a second, nominally.
    colour : Colour
        What the numbers mean; written as tags.
    pixel_aspect : Fraction
        Width of a pixel over its height.
    options : dict
        The encoder's own options.
    bitrate : int or None
        Bits a second.
    time_base : Fraction
        Unit of times.
    """

    codec: str
    pixel_format: str
    width: int
    height: int
    rate: Fraction
    colour: Colour
    pixel_aspect: Fraction = Fraction(1)
    options: dict[str, str] = field(default_factory=dict)
    bitrate: int | None = None
    time_base: Fraction = Fraction(1, TICKS)


class Encoder:
    """One stream of pictures in a container that is being written."""

    def __init__(self, container: av.container.OutputContainer, encoding: Encoding) -> None:
        self._container = container
        self._time_base = encoding.time_base
        stream: Any = container.add_stream(encoding.codec, rate=encoding.rate, options=dict(encoding.options))
        stream.width, stream.height, stream.pix_fmt = encoding.width, encoding.height, encoding.pixel_format
        stream.time_base = encoding.time_base
        context = stream.codec_context
        context.time_base = encoding.time_base
        context.sample_aspect_ratio = encoding.pixel_aspect
        if encoding.bitrate:
            context.bit_rate = encoding.bitrate
        colour = encoding.colour
        context.color_range, context.colorspace = colour.range, colour.matrix
        context.color_primaries, context.color_trc = colour.primaries, colour.transfer
        context.open()  # PyAV 19 crashes when an encoder that could not be opened is asked for its last packets
        self.stream = stream
        self._nominal = max(round(1 / encoding.rate / encoding.time_base), 1)
        self._end = 0
        self._schedule = Schedule(self._nominal)
        self._waiting: deque[Any] = deque()

    @property
    def end(self) -> int:
        """When the last picture ends, in units of the time base."""
        return self._end

    def encode(self, picture: av.VideoFrame, time: int, duration: int | None) -> None:
        """Encode one picture, which must lie behind the one before; times in units of the time base."""
        self._schedule.add(time)
        self._end = time + (duration or self._nominal)
        picture.pts, picture.time_base = time, self._time_base
        picture.pict_type = 0  # a decoder's choice of key frames is not ours
        self._waiting.extend(self.stream.encode(picture))
        self._write(until=self._schedule.newest)

    def finish(self) -> None:
        """Write what the encoder holds back."""
        if self._schedule.newest is None:
            return
        self._waiting.extend(self.stream.encode(None))
        self._schedule.add(self._end)
        while len(self._waiting) > 1:
            self._mux(self._waiting.popleft())
        if self._waiting:
            self._mux(self._waiting.popleft(), end=self._end)

    def _write(self, until: int | None) -> None:
        """Write the packets of which the duration is known: that of the newest picture depends on the next."""
        while self._waiting and self._waiting[0].pts != until:
            self._mux(self._waiting.popleft())

    def _mux(self, packet: Any, end: int | None = None) -> None:
        packet.dts, packet.duration = self._schedule.place(packet.pts, packet.dts, end)
        self._container.mux(packet)


class Schedule:
    """Decoding times and durations that stay true at variable rates.

    An encoder with B-frames takes as decoding time of a packet the display time of an earlier picture. Where the rate
    varies, the length of the whole then comes out wrong in .mp4, which adds up the distances of decoding times. Here
    packet number i is decoded when picture number i is shown, less a fixed delay, and never after it must be shown
    itself: the same as the encoder's at a constant rate, and of the right length at any.

    Parameters
    ----------
    nominal : int
        Usual distance of two pictures.
    """

    def __init__(self, nominal: int) -> None:
        self._nominal = nominal
        self._times: deque[int] = deque()  # of pictures, from the number of the next packet on
        self._unsent: deque[int] = deque()  # times of the pictures that have not been sent, rising
        self._durations: dict[int, int] = {}
        self._delay: int | None = None
        self._last: int | None = None
        self.newest: int | None = None
        """Time of the last picture that was added."""

    def add(self, time: int) -> None:
        """Tell the time of the next picture; of the end, after the last one."""
        if self.newest is not None:
            self._durations[self.newest] = time - self.newest
        self.newest = time
        self._times.append(time)
        self._unsent.append(time)

    def place(self, shown: int, decoded: int | None, end: int | None) -> tuple[int, int]:
        """Return decoding time and duration of the next packet; `end` is given for the last one."""
        if self._delay is None:
            self._delay = min(max(shown - (shown if decoded is None else decoded), 0), 4 * self._nominal)
        time = min(self._times.popleft() - self._delay, self._unsent[0])
        if self._last is not None and shown != self._unsent[0] and time >= self._unsent[0]:
            # Others must be decoded before this time as well: leave room for them.
            time = self._last + (self._unsent[0] - self._last) // 2
        time = time if self._last is None else max(time, self._last + 1)
        self._last = time
        self._unsent.remove(shown)
        duration = self._durations.pop(shown)
        if end is not None:
            duration = max(duration, end - self._delay - time)
        return time, duration
