"""Opens a file of moving pictures, and says in one sentence what is wrong where it cannot be opened."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import av
import av.error

from framelane._errors import VideoError

from ._names import AnyPath, native, printable, url

if TYPE_CHECKING:
    from collections.abc import Iterator

_PYAV_MAJOR = int(av.__version__.partition(".")[0])

# Characters for which FFmpeg's picture demuxer takes a name for a pattern of names.
_PATTERN = set("%*?{}[]")


class _Nameless:
    """A file without a name, so that FFmpeg cannot read a pattern or a protocol into it."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "rb")  # noqa: SIM115 - closed with the container
        self.read = self._file.read
        self.seek = self._file.seek
        self.tell = self._file.tell

    def __del__(self) -> None:
        self._file.close()


def check_readable(path: AnyPath) -> str:
    """Return the native name of a file that is there and not empty.

    Raises
    ------
    VideoError
        It is missing, a folder, not readable or empty.
    """
    name = native(path)
    try:
        if os.path.isdir(name):
            raise VideoError(f"{printable(path)} is a folder; expected a file")
        with open(name, "rb") as file:
            if not file.read(1):
                raise VideoError(f"{printable(path)} is empty (0 bytes); copy or download it again")
    except OSError as error:
        raise VideoError(f"cannot read {printable(path)}: {error.strerror or error}") from error
    return name


def open_input(path: AnyPath, **options: Any) -> Any:
    """Open a container for reading.

    Raises
    ------
    VideoError
        The file cannot be read, or holds nothing that FFmpeg knows.
    """
    name = check_readable(path)
    file = _Nameless(name) if _PATTERN & set(os.path.basename(name)) else url(name)
    with as_video_error(f"cannot read {printable(path)}"):
        return open_leniently(file, **options)


def open_leniently(file: Any, **options: Any) -> Any:
    """Open with PyAV, whatever code page an old recorder wrote the title in."""
    if _PYAV_MAJOR < 19:  # later ones decode leniently by themselves
        options["metadata_errors"] = "replace"
    return av.open(file, mode="r", **options)


@contextmanager
def as_video_error(what: str, cure: str = "") -> Iterator[None]:
    """Turn what FFmpeg and the system raise into a `VideoError` that begins with `what`."""
    try:
        yield
    except (av.error.FFmpegError, OSError, ValueError, EOFError, MemoryError) as error:
        raise VideoError(f"{what}: {reason_of(error)}{cure}") from error


def reason_of(error: BaseException) -> str:
    """Return in words why FFmpeg or the system refused."""
    if isinstance(error, av.error.InvalidDataError):
        return "it is damaged, cut off, or not a video"
    if isinstance(error, MemoryError):
        return "no memory left"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def video_stream(container: Any, path: AnyPath) -> Any:
    """Return the stream of moving pictures; covers and thumbnails are none.

    Raises
    ------
    VideoError
        There is none, or none that can be decoded.
    """
    name = printable(path)
    streams = [stream for stream in container.streams if stream.type == "video"]
    films = [stream for stream in streams if not is_attached_picture(stream)]
    # Asking PyAV for frames of a stream without a decoder ends the process with a signal (PyAV up to 18.0.0).
    for stream in films:
        if stream.codec_context is not None:
            return stream
    if films:
        raise VideoError(
            f"cannot read {name}: its video has no codec that this FFmpeg knows; the file is cut off, "
            "or needs another PyAV"
        )
    sounds = [stream for stream in container.streams if stream.type == "audio"]
    found = "only sound" if sounds and not streams else "only a cover picture" if streams else "no stream of pictures"
    raise VideoError(f"{name} has no video: there is {found} in it")


def is_attached_picture(stream: Any) -> bool:
    """Whether a stream is a cover or thumbnail rather than a film."""
    disposition = getattr(stream, "disposition", 0)
    return bool(int(getattr(disposition, "value", disposition)) & 0x0400)
