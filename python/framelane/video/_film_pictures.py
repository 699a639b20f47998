"""Decoded pictures of a video file, one after the other, whatever is damaged on the way."""

from __future__ import annotations

import os
from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import av.error

from ._colour import Colour
from ._info import VideoInfo, describe
from ._names import AnyPath, native
from ._open import open_input, reason_of, video_stream
from ._pictures import Damage, Missed
from ._structure import is_cut_off

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from ._seek import Landing

# FFmpeg's own decoders of these drop the alpha channel; the libraries' do not.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}

_MOST_STREAMS = 100

# More decoder threads than this only hold more frames in memory.
_MOST_THREADS = 16

_KEYS_REMEMBERED = 500


class _Careful(Exception):  # noqa: N818 - a change of course, not a fault
    """Decode again with one thread: with several, PyAV loses the good frames that come out along with an error."""


class _Progress:
    """How far reading has come, to go on from there in another way."""

    def __init__(self) -> None:
        self.frames = 0
        self.last: int | None = None  # time of the last frame
        self.last_packet: int | None = None
        self._rising = True
        self._keys: deque[int] = deque(maxlen=_KEYS_REMEMBERED)

    def add_packet(self, packet: Any) -> None:
        self.last_packet = packet.dts if packet.dts is not None else self.last_packet
        if packet.is_keyframe and packet.pts is not None:
            self._keys.append(packet.pts)

    def add_frame(self, frame: Any) -> None:
        self.frames += 1
        self._rising = self._rising and frame.pts is not None and (self.last is None or frame.pts > self.last)
        self.last = frame.pts

    @property
    def key(self) -> int | None:
        """Time of a key frame from which the frames behind the last one can be decoded; None if there is no knowing."""
        if not self._rising or self.last is None:
            return None
        return max((key for key in self._keys if key <= self.last), default=None)


class FilmPictures:
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
        self.display_times = "avi" not in self._container.format.name
        self.start = float(stream.start_time * self.time_base) if stream.start_time is not None else None

    def frames(self, landing: Landing | None = None) -> Generator[av.VideoFrame]:
        """Yield every picture that can be decoded, in picture order; from a place on, if one is given.

        Raises
        ------
        Missed
            Seeking did not lead to that place.
        """
        progress = _Progress()
        try:
            yield from self._counted(self._from(landing, self._decoded(self._threads, progress)), progress)
        except _Careful:
            yield from self._carefully(landing, progress)

    def _carefully(self, landing: Landing | None, progress: _Progress) -> Iterator[av.VideoFrame]:
        """Yield with one decoder thread what comes behind the last frame."""
        self._open()
        key, last, done = progress.key, progress.last, progress.frames
        if key is not None and last is not None and self._seek(key):
            frames = (frame for frame in self._decoded(1, progress) if frame.pts is not None and frame.pts > last)
        else:
            # Decoding is repeatable, so the first pictures are those that were handed out already.
            self.damage = Damage()
            progress.last_packet = None
            everything = enumerate(self._from(landing, self._decoded(1, progress)))
            frames = (frame for number, frame in everything if number >= done)
        yield from self._counted(frames, progress)

    def _counted(self, frames: Iterator[av.VideoFrame], progress: _Progress) -> Iterator[av.VideoFrame]:
        for frame in frames:
            progress.add_frame(frame)
            self.damage.frames += frame.is_corrupt
            yield frame

    def colour_of(self, first: av.VideoFrame) -> Colour:
        """Return how the pictures are to be read, once the first is decoded."""
        return Colour.of(first, self._stream.codec_context)

    def describe(self, first: av.VideoFrame, rate: Fraction) -> VideoInfo:
        """Return what is known once the first picture is decoded."""
        return describe(self.path, self._container, self._stream, self._indexed, first, rate)

    def missing(self, frames: int, info: VideoInfo) -> int | None:
        """Return how many frames there should have been; None if that is all of them."""
        expected = info.frame_count
        if expected is None or frames >= expected:
            return None
        # Pictures that are there and cannot be decoded are damage, not a file that ends early.
        here = info.counted and self.damage.seen >= expected
        return expected if not here and (self.damage.broken_off or self._is_cut_off()) else None

    def _is_cut_off(self) -> bool:
        return is_cut_off(native(self.path), self._container.format.name if self._container else "")

    def close(self) -> None:
        """Close the file."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def _from(self, landing: Landing | None, frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        """Yield the frames from a place on, which must be among them."""
        if landing is not None:
            if self._container is None:
                self._open()
            if not self._seek(landing.pts):
                raise Missed
        for frame in frames:
            if landing is not None and (frame.pts is None or frame.pts < landing.pts):
                continue
            if landing is not None and frame.pts != landing.pts:
                raise Missed
            landing = None
            yield frame

    def _seek(self, pts: int) -> bool:
        try:
            self._container.seek(pts, stream=self._stream, backward=True)
        except (av.error.FFmpegError, OSError):
            return False
        return True

    def _decoded(self, threads: int, progress: _Progress) -> Iterator[av.VideoFrame]:
        if self._container is None:
            self._open()
        context = self._context()
        context.thread_type, context.thread_count = "AUTO", threads
        packets = frames = 0
        for packet in self._packets(progress):
            packets += packet is not None
            for frame in self._decode(context, packet, careful=threads == 1):
                frames += 1
                yield frame
        # At the end PyAV may swallow an error, and with it the frames behind it.
        doubtful = progress.key is not None or self.damage.broken_off or self._is_cut_off()
        if threads > 1 and frames < packets and doubtful:
            raise _Careful

    def _context(self) -> Any:
        context = self._stream.codec_context
        library = _ALPHA_DECODERS.get(context.codec.canonical_name)
        if self._alpha and library and self._stream.metadata.get("alpha_mode") == "1":
            try:
                return av.CodecContext.create(library, "r")
            except (av.error.FFmpegError, ValueError):
                self.notes.append(f"The file's transparency is left out: this FFmpeg has no {library}.")
        return context

    def _packets(self, progress: _Progress) -> Iterator[Any]:
        """Yield the packets, then None; go on after an error as long as there is something behind it."""
        fruitless = 0
        seen = progress.last_packet  # in an earlier run
        while True:
            try:
                for packet in self._container.demux(self._stream):
                    if packet.size:
                        fruitless = 0
                        self.damage.seen += seen is None or (packet.dts is not None and packet.dts > seen)
                        progress.add_packet(packet)
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

    def _decode(self, context: Any, packet: Any, *, careful: bool) -> list[av.VideoFrame]:
        try:
            frames: list[av.VideoFrame] = context.decode(packet)
        except (av.error.FFmpegError, EOFError, ValueError) as error:
            if not careful:
                raise _Careful from error
            self.damage.packets += packet is not None
            return []
        return frames
