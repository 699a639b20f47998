"""What a video file says about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._facts import Facts

if TYPE_CHECKING:
    from pathlib import Path

    from framelane.video import SoundTrack, VideoInfo


def video_facts(path: Path) -> Facts:
    """Read a video's facts.

    Raises
    ------
    VideoError
        The file is missing, damaged, has no video, or not one picture that can be decoded.
    """
    from framelane.video import VideoReader

    with VideoReader(path) as reader:
        values = {"kind": "video", **reader.info.to_dict(), "notes": list(reader.notes)}
        return Facts(values["path"], values, video_lines(reader.info))


def video_lines(info: VideoInfo) -> dict[str, str]:
    """Put a video's facts into words, one line a subject."""
    picture = f"{info.width}x{info.height}, {info.codec} {info.pixel_format}, {info.colour}"
    if info.pixel_aspect != 1:
        picture += f", pixels {info.pixel_aspect.numerator}:{info.pixel_aspect.denominator}"
    if info.interlaced:
        picture += ", interlaced"
    length = f"{float(info.rate):g} frames a second"
    if info.duration is not None:
        length = f"{_clock(info.duration)}, {length}"
    if info.frame_count is not None:
        length = f"about {info.frame_count:,} frames, {length}"
    lines = {"container": info.container, "picture": picture, "length": length}
    if info.orientation not in ("", "upright"):
        lines["turned"] = f"stored as {info.stored_size[0]}x{info.stored_size[1]}, {info.orientation}"
    lines["sound"] = "; ".join(map(_sound, info.sound)) or "none"
    if info.subtitles:
        lines["subtitles"] = str(info.subtitles)
    if info.metadata:
        lines["metadata"] = "\n".join(f"{key}: {value}" for key, value in info.metadata.items())
    return lines


def _sound(track: SoundTrack) -> str:
    language = "" if track.language in (None, "und") else f", {track.language}"
    return f"{track.codec}, {track.sample_rate} Hz, {track.channels} channel{'s' * (track.channels != 1)}{language}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return f"{rest:.6g} s"
    return f"{int(minutes // 60)}:{int(minutes % 60):02}:{rest:05.2f}"
