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
        self.stream = stream
        self._nominal = max(round(1 / encoding.rate / encoding.time_base), 1)
        self._times: deque[int] = deque()
        self._durations: dict[int, int] = {}
        self._waiting: deque[Any] = deque()

    def encode(self, picture: av.VideoFrame, time: int, duration: int | None) -> None:
        """Encode one picture, which must lie behind the one before; times in units of the time base."""
        if self._times:
            before = self._times.popleft()
            self._durations[before] = time - before
        self._times.append(time)
        self._last_duration = duration or self._nominal
        picture.pts, picture.time_base = time, self._time_base
        picture.pict_type = 0  # a decoder's choice of key frames is not ours
        self._waiting.extend(self.stream.encode(picture))
        self._write()

    def finish(self) -> None:
        """Write what the encoder holds back."""
        if self._times:
            self._durations[self._times.popleft()] = self._last_duration
        self._waiting.extend(self.stream.encode(None))
        self._write()
        while self._waiting:
            self._container.mux(self._waiting.popleft())

    def _write(self) -> None:
        """Write the packets of which the duration is known: that of the newest picture depends on the next."""
        while self._waiting and self._waiting[0].pts in self._durations:
            packet = self._waiting.popleft()
            packet.duration = self._durations.pop(packet.pts)
            self._container.mux(packet)
