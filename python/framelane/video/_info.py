"""What a video file says about itself, checked where it can be."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ._colour import Colour
from ._names import AnyPath, native, printable
from ._rotation import Orientation
from ._structure import is_cut_off

if TYPE_CHECKING:
    import av

_SECONDS = 1e-6  # AV_TIME_BASE
_LONGEST = 10 * 365 * 86400.0


@dataclass(frozen=True, slots=True)
class SoundTrack:
    """One sound track: its codec, samples a second, channels and, where it is given, language."""

    codec: str
    sample_rate: int
    channels: int
    language: str | None = None


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What is known of a video before all of it is read.

    Attributes
    ----------
    path : str
        The file, printable.
    container, codec, pixel_format : str
        FFmpeg's names.
    width, height : int
        Size upright, in pixels.
    stored_size : (int, int)
        Width and height before it is turned upright.
    orientation : str
        How the file asks for it to be turned.
    rate : Fraction
        Frames a second, nominally.
    duration : float or None
        Seconds; None where it is unknown or cannot be.
    frame_count : int or None
        Frames, as the file claims; None where it does not, or claims what cannot be.
    counted : bool
        Whether the file counts its frames; else `frame_count` follows from its length.
    bits : int
        Bits of one component of a pixel.
    alpha : bool
        Whether pixels have an alpha channel.
    pixel_aspect : Fraction
        Width of a pixel over its height, upright.
    interlaced : bool
        Whether the first pictures are made of two fields.
    colour : str
        Matrix and range, in words.
    sound : tuple of SoundTrack
        The sound tracks.
    subtitles : int
        Number of subtitle tracks.
    metadata : dict
        Title and the like.
    """

    path: str
    container: str
    codec: str
    pixel_format: str
    width: int
    height: int
    stored_size: tuple[int, int]
    orientation: str
    rate: Fraction
    duration: float | None
    frame_count: int | None
    bits: int
    alpha: bool
    pixel_aspect: Fraction
    interlaced: bool
    colour: str
    counted: bool = False
    sound: tuple[SoundTrack, ...] = ()
    subtitles: int = 0
    metadata: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as what JSON can hold; fractions as floats."""
        plain = asdict(self)
        return {key: float(value) if isinstance(value, Fraction) else value for key, value in plain.items()}


def bits_of(frame: av.VideoFrame) -> int:
    """Return the bits of one component of a pixel."""
    return max((component.bits for component in frame.format.components), default=8)


def has_alpha(pixel_format: str) -> bool:
    """Whether a pixel format has an alpha channel."""
    return pixel_format.startswith(("rgba", "bgra", "argb", "abgr", "gbrap", "yuva", "ya8", "ya16", "pal8", "ayuv"))


def sound_tracks(container: Any) -> tuple[SoundTrack, ...]:
    """Return what sound a container holds."""
    tracks = []
    for stream in container.streams:
        if stream.type == "audio":
            context = stream.codec_context
            name = context.codec.canonical_name if context is not None else "unknown"
            rate, channels = (context.sample_rate, context.layout.nb_channels) if context is not None else (0, 0)
            tracks.append(SoundTrack(name, rate or 0, channels, stream.metadata.get("language")))
    return tuple(tracks)


def duration_of(container: Any, stream: Any) -> float | None:
    """Return how long the pictures last by the container's word, in seconds; None if it gives none or a silly one."""
    seconds: float | None = None
    if stream.duration is not None and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        seconds = container.duration * _SECONDS
    return seconds if seconds is not None and 0 < seconds < _LONGEST else None


def estimated_frames(
    container: Any, stream: Any, indexed: int, path: AnyPath, rate: Fraction
) -> tuple[int | None, bool]:
    """Return about how many frames a file has, and whether it counts them; None where nothing believable says so.

    An index that was read is believed over a number in a header: recorders that were cut off leave any number there.
    """
    if container.format.name.endswith("_pipe"):  # one picture
        return 1, True
    claim = max(int(stream.frames or 0), 0)
    most = os.path.getsize(path) // 4
    if claim:
        # AVI counts the empty places between frames as well; its index does not, which lies at its end.
        if not indexed or is_cut_off(native(path), container.format.name):
            believed = min(claim, round(claim / stream.average_rate * rate)) if stream.average_rate else claim
        else:
            believed = min(claim, indexed)
        return (believed, True) if believed <= most and claim <= 2 * believed else (None, False)
    seconds = duration_of(container, stream)
    frames = round(seconds * rate) if seconds else 0
    return (frames if 0 < frames <= most else None), False


def pixel_aspect_of(stream: Any) -> Fraction:
    """Return the width of a stored pixel over its height; 1 if it is not given or silly."""
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return Fraction(aspect) if aspect and Fraction(1, 50) <= aspect <= 50 else Fraction(1)


def describe(
    path: AnyPath, container: Any, stream: Any, indexed: int, frame: av.VideoFrame, rate: Fraction
) -> VideoInfo:
    """Return the information on a file of which the first picture is decoded."""
    aspect = pixel_aspect_of(stream)
    count, counted = estimated_frames(container, stream, indexed, path, rate)
    info = VideoInfo(
        path=printable(path),
        container=container.format.name,
        codec=stream.codec_context.codec.canonical_name,
        rate=rate,
        duration=duration_of(container, stream),
        frame_count=count,
        counted=counted,
        pixel_aspect=1 / aspect if Orientation.of(frame).swaps_sides else aspect,
        sound=sound_tracks(container),
        subtitles=sum(stream.type == "subtitle" for stream in container.streams),
        metadata=dict(container.metadata),
        **_of_picture(frame, Colour.of(frame, stream.codec_context)),
    )
    coded_alpha = stream.metadata.get("alpha_mode") == "1" and info.codec in ("vp8", "vp9")
    return replace(info, alpha=info.alpha or coded_alpha)


def describe_picture(path: AnyPath, frame: av.VideoFrame, rate: Fraction, count: int) -> VideoInfo:
    """Return the information on a series of pictures of which the first is decoded."""
    return VideoInfo(
        path=printable(path),
        container="pictures",
        codec="pictures",
        rate=rate,
        duration=float(count / rate),
        frame_count=count,
        counted=True,
        pixel_aspect=Fraction(1),
        **_of_picture(frame, Colour.of(frame)),
    )


def _of_picture(frame: av.VideoFrame, colour: Colour) -> dict[str, Any]:
    orientation = Orientation.of(frame)
    stored = (frame.width, frame.height)
    width, height = stored[::-1] if orientation.swaps_sides else stored
    return {
        "pixel_format": frame.format.name,
        "width": width,
        "height": height,
        "stored_size": stored,
        "orientation": str(orientation),
        "bits": bits_of(frame),
        "alpha": has_alpha(frame.format.name),
        "interlaced": frame.interlaced_frame,
        "colour": str(colour),
    }
