"""Which suffix means which container, and what each container can hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import av

from framelane._errors import VideoError

from ._names import AnyPath, printable, suffix

if TYPE_CHECKING:
    from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Target:
    """A container that videos are written to.

    Attributes
    ----------
    container : str
        FFmpeg's name.
    codec, pixel_format : str
        What pictures are encoded with unless the caller says otherwise.
    alpha : (str, str) or None
        Codec and pixel format for pictures with transparency; None where there are none.
    sound : str or None
        What sound is encoded with where it cannot be copied; None where there is no sound.
    sound_codecs : frozenset of str
        Sound that is copied as it is, by the names of codecs.
    grid : bool
        Whether frames can only lie at multiples of one over the rate.
    """

    container: str
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    alpha: tuple[str, str] | None = None
    sound: str | None = "aac"
    sound_codecs: frozenset[str] = frozenset()
    grid: bool = False


_MPEG = frozenset({"aac", "ac3", "eac3", "mp2", "mp3"})
_MP4 = _MPEG | {"alac", "opus", "flac", "dts"}
_PCM = frozenset(f"pcm_{kind}" for kind in ("s16le", "s16be", "s24le", "s24be", "s32le", "s32be", "f32le", "u8"))
_ANY = _MP4 | _PCM | {"vorbis", "truehd", "wavpack", "tta", "mlp", "wmav2", "wmav1"}
_PRORES = ("prores_ks", "yuva444p10le")

TARGETS = {
    ".mp4": Target("mp4", sound_codecs=_MP4),
    ".m4v": Target("mp4", sound_codecs=_MP4),
    ".mov": Target("mov", alpha=_PRORES, sound_codecs=_MPEG | _PCM | {"alac"}),
    ".mkv": Target("matroska", alpha=("ffv1", "bgra"), sound_codecs=_ANY),
    ".webm": Target(
        "webm",
        "libvpx-vp9",
        alpha=("libvpx-vp9", "yuva420p"),
        sound="libopus",
        sound_codecs=frozenset({"opus", "vorbis"}),
    ),
    ".avi": Target("avi", sound="libmp3lame", sound_codecs=frozenset({"mp3", "ac3", "mp2", "pcm_s16le"}), grid=True),
    ".ts": Target("mpegts", sound_codecs=_MPEG),
    ".mts": Target("mpegts", sound_codecs=_MPEG),
    ".m2ts": Target("mpegts", sound_codecs=_MPEG),
    ".flv": Target("flv", sound_codecs=frozenset({"aac", "mp3"})),
    ".mpg": Target("mpeg", "mpeg2video", sound="mp2", sound_codecs=frozenset({"mp2", "ac3"}), grid=True),
    ".mpeg": Target("mpeg", "mpeg2video", sound="mp2", sound_codecs=frozenset({"mp2", "ac3"}), grid=True),
    ".gif": Target("gif", "gif", "rgb8", sound=None),
    ".apng": Target("apng", "apng", "rgb24", alpha=("apng", "rgba"), sound=None),
}
"""Containers by suffix."""

_ALIASES = {
    "h264": "libx264",
    "avc": "libx264",
    "h265": "libx265",
    "hevc": "libx265",
    "vp8": "libvpx",
    "vp9": "libvpx-vp9",
    "av1": "libsvtav1",
    "prores": "prores_ks",
}
_EVEN = ("libx264", "libx265", "libsvtav1", "mpeg2video", "h264_", "hevc_", "av1_")


def target_of(path: AnyPath) -> Target:
    """Return the container for a name.

    Raises
    ------
    VideoError
        Its suffix is none that can be written.
    """
    kind = suffix(path)
    if kind not in TARGETS:
        what = f"the suffix {kind} names no video" if kind else "it has no suffix, which names the kind of video"
        raise VideoError(
            f"cannot write {printable(path)}: {what}; use one of {', '.join(TARGETS)}, or a folder with / at its end "
            "for pictures"
        )
    return TARGETS[kind]


def encoder_of(name: str) -> av.Codec:
    """Return the encoder of a codec, by FFmpeg's name or a common one.

    Raises
    ------
    VideoError
        This FFmpeg has no such encoder.
    """
    try:
        codec = av.Codec(_ALIASES.get(name, name), "w")
    except ValueError as error:
        known = ", ".join(sorted({*_ALIASES} - {"avc", "h265"}))
        raise VideoError(f"this FFmpeg has no encoder {name!r}; try one of {known}, or FFmpeg's name of one") from error
    if codec.type != "video":
        raise VideoError(f"{name!r} encodes {codec.type}, not pictures")
    return codec


def formats_of(codec: av.Codec) -> list[str]:
    """Return the pixel formats that an encoder takes; empty if it takes any."""
    return [video_format.name for video_format in codec.video_formats or ()]


def needs_even_size(codec: str, pixel_format: str) -> tuple[bool, bool]:
    """Whether an encoder refuses an odd width, and an odd height, in this pixel format."""
    if not codec.startswith(_EVEN):
        return False, False
    halved = "420" in pixel_format or pixel_format in ("nv12", "nv21", "p010le") or codec == "libsvtav1"
    return halved or "422" in pixel_format or pixel_format in ("nv16", "nv20le"), halved


def time_base_of(target: Target, rate: Fraction) -> Fraction | None:
    """Return the unit of time for a container that has a grid; None where it can be chosen."""
    return 1 / rate if target.grid else None
