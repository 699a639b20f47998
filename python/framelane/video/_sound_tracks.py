"""Sound tracks and subtitles of a video that is being written: copied as they are, or encoded again."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

import av
import av.error
import numpy as np

if TYPE_CHECKING:
    from ._pixels import Array

# A gap or overlap of less than this is a rounding of the container's clock, not one of the sound.
_JITTER = 0.03
# A gap longer than this is left in the clock rather than filled with silence.
_LONGEST_SILENCE = 60.0


class Track(Protocol):
    """One stream besides the pictures."""

    def write(self, packet: Any, time: float) -> None:
        """Write a packet of the source that belongs at this time of the output."""
        ...

    def finish(self, end: float | None) -> None:
        """Write what is held back; nothing after `end` seconds."""
        ...


class CopiedTrack:
    """A track of which the packets are written as they are."""

    def __init__(self, container: Any, template: Any, *, keeps_before: bool) -> None:
        self._container = container
        self._stream = container.add_stream_from_template(template, opaque=True)
        keep_tags(template, self._stream)
        self._unit: Fraction = template.time_base
        self._keeps_before = keeps_before
        self._last: int | None = None
        self._held: Any = None

    def write(self, packet: Any, time: float) -> None:
        """Write a packet; one that lies before the beginning only where the container can cut it off exactly."""
        length = (packet.duration or 0) * float(self._unit)
        # One packet more than needed: what a decoder makes of a packet depends on the one before it.
        before = time + 2 * length <= 1e-6 if self._keeps_before else time < -length / 2 - 1e-6
        tick = round(time / self._unit)
        if before or (self._last is not None and tick <= self._last):
            return
        self._flush()
        self._last = tick
        packet.pts = packet.dts = tick
        self._held = packet

    def finish(self, end: float | None) -> None:
        """Write the last packet, shortened to the end."""
        packet = self._held
        if packet is not None and end is not None:
            left = round(end / self._unit) - packet.pts
            if left <= 0:
                self._held = None
            elif packet.duration:
                packet.duration = min(packet.duration, left)
        self._flush()

    def _flush(self) -> None:
        if self._held is not None:
            self._held.stream = self._stream
            self._container.mux(self._held)
            self._held = None


class EncodedTrack:
    """A sound track that is decoded, cut to the sample and encoded again."""

    def __init__(self, container: Any, source: Any, codec: str) -> None:
        self._container = container
        context = source.codec_context
        encoder = av.Codec(codec, "w")
        self._rate = _nearest_rate(encoder, context.sample_rate or 48000)
        self._layout = _layout(context.layout, codec)
        stream = container.add_stream(codec, rate=self._rate)
        stream.layout = self._layout
        stream.time_base = Fraction(1, self._rate)
        if codec in _BITRATES:
            stream.bit_rate = _BITRATES[codec] * max(len(stream.layout.channels), 1)
        keep_tags(source, stream)
        self._stream = stream
        self._decoder = context
        self._channels = len(stream.layout.channels)
        # Interleaved, because PyAV cannot make a frame of eight planes.
        self._resampler = av.AudioResampler(format="flt", layout=self._layout, rate=self._rate)
        self._written = 0
        self._shift: float | None = None
        self._first: float | None = None

    def write(self, packet: Any, time: float) -> None:
        """Decode a packet and encode what of it lies behind the beginning."""
        shift = time - packet.pts * float(packet.time_base) if packet.pts is not None else None
        for frame in self._decoded(packet):
            at = frame.pts * float(frame.time_base) + shift if frame.pts is not None and shift is not None else None
            self._add(frame, at)

    def finish(self, end: float | None) -> None:
        """Encode the rest, up to the end."""
        for frame in self._decoded(None):
            self._add(frame, None, end)
        self._add(None, None, end)
        self._container.mux(self._stream.encode(None))

    def cut_at(self, end: float) -> None:
        """Encode nothing that lies behind this time."""
        self._end = end

    def _decoded(self, packet: Any) -> list[Any]:
        try:
            frames: list[Any] = self._decoder.decode(packet)
        except (av.error.FFmpegError, EOFError, ValueError):
            return []  # a damaged packet is a gap, which is filled with silence
        return frames

    _end: float | None = None

    def _add(self, frame: Any, at: float | None, end: float | None = None) -> None:
        if frame is not None:
            frame.pts = None
        for piece in self._resampler.resample(frame):
            samples = piece.to_ndarray().reshape(-1, self._channels)
            samples = self._placed(samples, at)
            limit = self._end if end is None else end
            if limit is not None:
                samples = samples[: max(round(limit * self._rate) - self._written, 0)]
            self._encode(samples)
            at = None

    def _placed(self, samples: Array, at: float | None) -> Array:
        """Return the samples with silence before them, or without those that were written or lie too early."""
        if at is None:
            return samples
        ahead = round(at * self._rate) - self._written
        if abs(ahead) <= _JITTER * self._rate and self._written:
            return samples
        if ahead < 0:
            return samples[-ahead:]
        if ahead > _LONGEST_SILENCE * self._rate:
            self._written += ahead
            return samples
        return np.concatenate([np.zeros((ahead, self._channels), samples.dtype), samples])

    def _encode(self, samples: Array) -> None:
        if len(samples) == 0:
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), "flt", self._layout)
        frame.sample_rate = self._rate
        frame.pts, frame.time_base = self._written, Fraction(1, self._rate)
        self._written += len(samples)
        self._container.mux(self._stream.encode(frame))


_BITRATES = {"aac": 96_000, "libopus": 64_000, "libmp3lame": 96_000, "mp2": 128_000}
_MOST_CHANNELS = {"libmp3lame": 2, "mp2": 2, "aac": 8, "libopus": 8}


def _layout(layout: Any, codec: str) -> str:
    """Return the channel layout to encode: the source's, or a usual one with as many channels as the encoder takes."""
    channels = min(layout.nb_channels, _MOST_CHANNELS.get(codec, 8))
    if channels == layout.nb_channels and layout.name and "channels" not in layout.name:
        return str(layout.name)
    return _USUAL_LAYOUTS.get(channels, "stereo")


_USUAL_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


def _nearest_rate(encoder: Any, rate: int) -> int:
    """Return the encoder's sample rate that loses nothing, or its highest."""
    rates: list[int] = sorted(encoder.audio_rates or [rate])
    return next((known for known in rates if known >= rate), rates[-1])


def keep_tags(source: Any, target: Any) -> None:
    """Take over language, title and what a track is meant for."""
    for name in ("language", "title"):
        if name in source.metadata:
            target.metadata[name] = source.metadata[name]
    target.disposition = int(getattr(source.disposition, "value", source.disposition))
