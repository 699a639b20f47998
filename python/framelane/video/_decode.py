"""Decoded pictures of a file, one after the other, whatever is damaged on the way."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

import av
import av.error

from framelane._errors import VideoError

from ._names import AnyPath, printable
from ._open import open_input, reason_of, video_stream

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

# FFmpeg's own decoders of these drop the alpha channel; the libraries' do not.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}

# More decoder threads than this only hold more frames in memory.
_MOST_THREADS = 16


class _Careful(Exception):  # noqa: N818 - a change of course, not a fault
    """Decode again with one thread: with several, PyAV loses the good frames that come out along with an error."""


@dataclass
class Damage:
    """What could not be read.

    Attributes
    ----------
    packets : int
        Coded pictures that could not be decoded.
    frames : int
        Decoded pictures that the decoder marked as damaged.
    broken_off : str
        Why reading ended before the end of the file; empty if it did not.
    """

    packets: int = 0
    frames: int = 0
    broken_off: str = ""


class Pictures(Protocol):
    """What decoded pictures come from: a file, or a series of pictures."""

    damage: Damage
    time_base: Fraction

    def frames(self) -> Generator[av.VideoFrame]:
        """Yield the pictures in their order, each with its time base."""
        ...

    def close(self) -> None:
        """Let go of the files."""
        ...


class FilePictures:
    """The pictures of one video file.

    Parameters
    ----------
    path : path-like
        The file.
    threads : int, optional
        Decoder threads; as many as there are cores if left out.
    alpha : bool
        Whether the alpha channel is wanted where another decoder is needed for it.
    """

    def __init__(self, path: AnyPath, threads: int | None = None, *, alpha: bool = False) -> None:
        self.path = path
        self.damage = Damage()
        self._alpha = alpha
        self._threads = threads if threads else min(os.cpu_count() or 1, _MOST_THREADS)
        self._container: Any = None
        self.time_base: Fraction = Fraction(1, 1000)

    def frames(self) -> Generator[av.VideoFrame]:
        """Yield every picture that can be decoded, in picture order."""
        done = 0
        try:
            for frame in self._frames(self._threads):
                yield frame
                done += 1
        except _Careful:
            self.damage = Damage()
            # Decoding is repeatable, so the first `done` pictures are those that were handed out already.
            for number, frame in enumerate(self._frames(1)):
                if number >= done:
                    yield frame

    def close(self) -> None:
        """Close the file."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def _frames(self, threads: int) -> Iterator[av.VideoFrame]:
        self.close()
        self._container = container = open_input(self.path)
        stream = video_stream(container, self.path)
        self.time_base = stream.time_base or self.time_base
        context = self._context(stream)
        context.thread_type = "AUTO"
        context.thread_count = threads
        for packet in self._packets(container, stream):
            for frame in self._decoded(context, packet, careful=threads == 1):
                self.damage.frames += frame.is_corrupt
                yield frame
        self.close()

    def _context(self, stream: Any) -> Any:
        library = _ALPHA_DECODERS.get(stream.codec_context.name)
        if self._alpha and library and stream.metadata.get("alpha_mode") == "1":
            try:
                return av.CodecContext.create(library, "r")
            except (av.error.FFmpegError, ValueError):
                return stream.codec_context
        return stream.codec_context

    def _packets(self, container: Any, stream: Any) -> Iterator[Any]:
        """Yield the packets, then None; go on after an error as long as there is something behind it."""
        fruitless = 0
        while True:
            try:
                for packet in container.demux(stream):
                    if packet.size:
                        fruitless = 0
                        yield packet
                break
            except (av.error.FFmpegError, OSError) as error:
                fruitless += 1
                self.damage.broken_off = reason_of(error)
                if fruitless > 2:
                    break
        yield None

    def _decoded(self, context: Any, packet: Any, *, careful: bool) -> list[av.VideoFrame]:
        try:
            frames: list[av.VideoFrame] = context.decode(packet)
        except (av.error.FFmpegError, EOFError) as error:
            if not careful:
                raise _Careful from error
            self.damage.packets += packet is not None
            return []
        return frames


def no_picture(path: AnyPath, damage: Damage) -> VideoError:
    """Return the error for a file of which not one picture could be decoded."""
    why = "it is damaged or cut off" if damage.packets or damage.broken_off else "its video is empty or cut off"
    return VideoError(f"{printable(path)} has no picture that can be decoded: {why}")
