"""Decoded pictures of a file, one after the other, whatever is damaged on the way."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

import av
import av.error

from framelane._errors import VideoError

from ._info import VideoInfo, describe
from ._names import AnyPath, native, printable
from ._open import open_input, reason_of, video_stream
from ._structure import is_cut_off

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from ._seek import Landing

# FFmpeg's own decoders of these drop the alpha channel; the libraries' do not.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}

_MOST_STREAMS = 100

# More decoder threads than this only hold more frames in memory.
_MOST_THREADS = 16


class _Careful(Exception):  # noqa: N818 - a change of course, not a fault
    """Decode again with one thread: with several, PyAV loses the good frames that come out along with an error."""


class Missed(Exception):  # noqa: N818
    """Seeking did not lead to the wanted frame: decode from the beginning."""


@dataclass
class Damage:
    """What could not be read.

    Attributes
    ----------
    seen : int
        Coded pictures that were found.
    packets : int
        Of these, those that could not be decoded.
    frames : int
        Decoded pictures that the decoder marked as damaged.
    broken_off : str
        Why reading ended before the end of the file; empty if it did not.
    names : list of str
        The damaged ones of a series of files.
    """

    seen: int = 0
    packets: int = 0
    frames: int = 0
    broken_off: str = ""
    names: tuple[str, ...] = ()


class Pictures(Protocol):
    """What decoded pictures come from: a file, or a series of pictures."""

    damage: Damage
    time_base: Fraction
    rates: tuple[Fraction | None, ...]
    start: float | None
    notes: list[str]

    def frames(self, landing: Landing | None = None) -> Generator[av.VideoFrame]:
        """Yield the pictures in their order, each with its time base; from a place on, if one is given."""
        ...

    def describe(self, first: av.VideoFrame, rate: Fraction) -> VideoInfo:
        """Return what is known once the first picture is decoded."""
        ...

    def missing(self, frames: int, info: VideoInfo) -> int | None:
        """Return how many frames there should have been, after reading so many; None if that is all of them."""
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
        self.notes: list[str] = []
        self._alpha = alpha
        self._threads = threads if threads else min(os.cpu_count() or 1, _MOST_THREADS)
        self._container: Any = None
        self._open()

    def _open(self) -> None:
        self.close()
        self._container = open_input(self.path)
        try:
            self._stream = stream = video_stream(self._container, self.path)
        except BaseException:
            self.close()
            raise
        # Reading adds to the index of some formats; what is there at first is what the file itself counts.
        self._indexed = len(getattr(stream, "index_entries", ()))
        self.time_base: Fraction = stream.time_base or Fraction(1, 1000)
        self.rates: tuple[Fraction | None, ...] = (stream.average_rate, stream.guessed_rate, stream.base_rate)
        self.start = float(stream.start_time * self.time_base) if stream.start_time is not None else None

    def frames(self, landing: Landing | None = None) -> Generator[av.VideoFrame]:
        """Yield every picture that can be decoded, in picture order; from a place on, if one is given.

        Raises
        ------
        Missed
            Seeking did not lead to that place.
        """
        done = 0
        try:
            for frame in self._frames(self._threads, landing):
                yield frame
                done += 1
        except _Careful:
            self.damage = Damage()
            self._open()
            # Decoding is repeatable, so the first `done` pictures are those that were handed out already.
            for number, frame in enumerate(self._frames(1, landing)):
                if number >= done:
                    yield frame

    def describe(self, first: av.VideoFrame, rate: Fraction) -> VideoInfo:
        """Return what is known once the first picture is decoded."""
        return describe(self.path, self._container, self._stream, self._indexed, first, rate)

    def missing(self, frames: int, info: VideoInfo) -> int | None:
        """Return how many frames there should have been; None if that is all of them."""
        expected = info.frame_count
        if expected is None or frames >= expected:
            return None
        if info.counted:
            # Pictures that are there and cannot be decoded are damage, not a file that ends early.
            return expected if self.damage.seen < expected else None
        cut = bool(self.damage.broken_off) or is_cut_off(native(self.path), info.container)
        return expected if cut else None

    def close(self) -> None:
        """Close the file."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def _frames(self, threads: int, landing: Landing | None) -> Iterator[av.VideoFrame]:
        if self._container is None:
            self._open()
        if landing is not None:
            self._seek(landing)
        context = self._context()
        context.thread_type = "AUTO"
        context.thread_count = threads
        for packet in self._packets():
            for frame in self._decoded(context, packet, careful=threads == 1):
                if landing is not None and (frame.pts is None or frame.pts <= landing.pts):
                    if frame.pts != landing.pts:
                        continue
                elif landing is not None:
                    raise Missed
                landing = None
                self.damage.frames += frame.is_corrupt
                yield frame

    def _seek(self, landing: Landing) -> None:
        try:
            self._container.seek(landing.pts, stream=self._stream, backward=True)
        except (av.error.FFmpegError, OSError) as error:
            raise Missed from error

    def _context(self) -> Any:
        context = self._stream.codec_context
        library = _ALPHA_DECODERS.get(context.codec.canonical_name)
        if self._alpha and library and self._stream.metadata.get("alpha_mode") == "1":
            try:
                return av.CodecContext.create(library, "r")
            except (av.error.FFmpegError, ValueError):
                self.notes.append(f"The file's transparency is left out: this FFmpeg has no {library}.")
        return context

    def _packets(self) -> Iterator[Any]:
        """Yield the packets, then None; go on after an error as long as there is something behind it."""
        fruitless = 0
        while True:
            try:
                for packet in self._container.demux(self._stream):
                    if packet.size:
                        fruitless = 0
                        self.damage.seen += 1
                        yield packet
                break
            except IndexError:
                fruitless += 1  # PyAV does not know a stream that begins in the middle; asked again, it passes it over
                if fruitless > _MOST_STREAMS:
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
        except (av.error.FFmpegError, EOFError, ValueError) as error:
            if not careful:
                raise _Careful from error
            self.damage.packets += packet is not None
            return []
        return frames


def no_picture(path: AnyPath, damage: Damage) -> VideoError:
    """Return the error for a file of which not one picture could be decoded."""
    why = "it is damaged or cut off" if damage.packets or damage.broken_off else "its video is empty or cut off"
    return VideoError(f"{printable(path)} has no picture that can be decoded: {why}")
