"""Reads a video, a folder of pictures or a numbered series of them as a stream of frames."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Self

from framelane._errors import VideoError
from framelane._frame import Frame

from ._colour import Colour
from ._convert import Converter
from ._decode import FilePictures, no_picture
from ._info import VideoInfo, describe, has_alpha
from ._names import AnyPath, counted, native, printable
from ._open import open_input, video_stream
from ._pixels import array_of, layout_of
from ._rotation import Orientation, Turner
from ._timing import Clock, Stamp

if TYPE_CHECKING:
    from collections.abc import Iterator


# A time in seconds is written with few digits; it means the frame whose time rounds to it.
_TOLERANCE = 0.0005


class VideoReader:
    """A video as an iterable of `Frame`: upright, in picture order, with strictly rising times.

    Each frame has one tensor, ``image``: ``[height, width, channels]`` for the interleaved formats and
    ``[channels, height, width]`` for the planar ones (``gbrp``: the planes are green, blue, red), which are the fastest
    on the way into a network. ``meta["pixel_format"]`` names the format. The array is a view of memory that belongs to
    the frame alone; rows may have a gap behind them.

    Parameters
    ----------
    path : path-like
        The file. Any name is a file: never a protocol, an option or a pattern.
    format : str
        Pixel format of the frames: ``rgb24``, ``bgr24``, ``rgba``, ``bgra``, ``gray``, ``gbrp``, ``gbrap``, and with
        16 bits a component ``rgb48``, ``rgba64``, ``gray16``, ``gbrp10`` to ``gbrp16``, ``gbrap16``.
    size : (int, int), optional
        Width and height to scale to, in the same pass as the conversion of colours; the file's own if left out.
    start : float or int, optional
        Where to begin: a float is a time in seconds, an int the index of a frame. The first frame is the first one
        that does not begin before that time (to half a millisecond), so 1.3 s at 25 frames a second is frame 33.
    end : float or int, optional
        Where to stop, in the same units; the frame at this very place is no longer read.
    frames : int, optional
        How many frames to read at most.
    rate : Fraction or float, optional
        Frames a second of a file that has no times of its own; without it the file's own claim, else 25.
    threads : int, optional
        Decoder threads; as many as there are cores if left out.

    Attributes
    ----------
    info : VideoInfo
        What the file says about itself.
    notes : list of str
        Sentences on what was assumed, mended or left out; complete once all frames have been read.
    frame_count : int or None
        About how many frames will come; None if nobody knows.

    Raises
    ------
    VideoError
        The file is missing, damaged, has no video, or not one picture that can be decoded.
    ValueError
        An option that makes no sense.

    Notes
    -----
    Not thread-safe: one thread iterates. Every ``iter()`` begins anew.
    """

    name = "reader"

    def __init__(
        self,
        path: AnyPath,
        *,
        format: str = "rgb24",  # noqa: A002 - FFmpeg's and PyAV's word for it
        size: tuple[int, int] | None = None,
        start: float | None = None,
        end: float | None = None,
        frames: int | None = None,
        rate: Fraction | float | None = None,
        threads: int | None = None,
    ) -> None:
        self.path = native(path)
        self.pixel_format, self._layout = layout_of(format)
        self.start, self.end, self.limit = start, end, frames
        self.notes: list[str] = []
        self._size = size
        self._rate = Fraction(rate).limit_denominator(100_000) if rate else None
        self._pictures = FilePictures(path, threads, alpha=self._layout.alpha)
        self._clock = Clock(())
        self._look()

    def _look(self) -> None:
        """Decode the first picture, which is the only one to tell what the frames are."""
        container = open_input(self.path)
        try:
            stream = video_stream(container, self.path)
            self._rates = (stream.average_rate, stream.guessed_rate, stream.base_rate)
            frames = self._pictures.frames()
            first = next(frames, None)
            if first is None:
                raise no_picture(self.path, self._pictures.damage)
            frames.close()
            self._orientation = Orientation.of(first)
            self.colour = Colour.of(first, stream.codec_context)
            self._stream_start = None
            if stream.start_time is not None and stream.time_base:
                self._stream_start = float(stream.start_time * stream.time_base)
            rate = Clock(self._rates, self._rate)
            rate.choose_rate_from(first, self._pictures.time_base)
            self.info = describe(self.path, container, stream, first, self._orientation, self.colour, rate.rate)
        finally:
            container.close()
            self._pictures.close()
        self.width, self.height = self._size or (self.info.width, self.info.height)
        self.rate = self.info.rate
        self.pixel_aspect = self.info.pixel_aspect
        self._note_what_is_seen()

    def _note_what_is_seen(self) -> None:
        if not self._orientation.upright:
            self.notes.append(f"The picture is stored so that it must be {self._orientation}; frames are upright.")
        if self.info.alpha and not self._layout.alpha:
            self.notes.append(f"The file has transparency, which frames of {self.pixel_format} do not have.")
        if self._layout.alpha and not self.info.alpha:
            self.notes.append("The file has no transparency; every pixel is taken as opaque.")

    @property
    def frame_count(self) -> int | None:
        """About how many frames will come; None if nobody knows."""
        return self.info.frame_count

    @property
    def cut(self) -> bool:
        """Whether only a part of the file was asked for, so that sound must end with the pictures."""
        return self.end is not None or self.limit is not None

    def clock_offset(self, restarts: int = 0) -> float | None:
        """Return what to add to the file's own times, in seconds, to get timestamps of frames.

        Parameters
        ----------
        restarts : int
            How often the file's clock has begun anew before; each time another offset holds.

        Returns
        -------
        float or None
            None as long as no frame from there has been read.
        """
        return self._clock.offset(restarts)

    def __iter__(self) -> Iterator[Frame]:
        self._clock = Clock(self._rates, self._rate, self._stream_start)
        turn = Turner(self._orientation)
        convert = Converter(self.colour, self.width, self.height, self.pixel_format, decoding=True)
        sent = 0
        index = -1
        for index, stamp in enumerate(self._clock.run(self._stamps())):
            if self._before_start(index, stamp.time):
                continue
            if self._after_end(index, stamp.time, sent):
                break
            pixels = convert(turn(stamp.item))
            image = array_of(pixels)
            meta = {"pixel_format": self.pixel_format}
            yield Frame(index, stamp.time, {"image": image}, stamp.duration, meta)
            sent += 1
        else:
            self._note_the_end(index + 1)
        if not sent:
            raise VideoError(f"{printable(self.path)} has no frame to begin with at {self._place(self.start)}")

    def _stamps(self) -> Iterator[Stamp]:
        for frame in self._pictures.frames():
            unit = float(frame.time_base or self._pictures.time_base)
            shown, decoded = (None if t is None else t * unit for t in (frame.pts, frame.dts))
            yield Stamp(frame, shown, decoded, frame.duration * unit if frame.duration else None)

    def _before_start(self, index: int, time: float) -> bool:
        if self.start is None:
            return False
        return index < self.start if isinstance(self.start, int) else time < self.start - _TOLERANCE

    def _after_end(self, index: int, time: float, sent: int) -> bool:
        if self.limit is not None and sent >= self.limit:
            return True
        if self.end is None:
            return False
        return index >= self.end if isinstance(self.end, int) else time >= self.end - _TOLERANCE

    def _place(self, place: float | None) -> str:
        return f"frame {place}" if isinstance(place, int) else f"{place} s"

    def _note_the_end(self, frames: int) -> None:
        clock, damage = self._clock, self._pictures.damage
        if clock.mended:
            self.notes.append(f"The times of {counted(clock.mended, 'frame')} were missing or wrong and were mended.")
        if clock.restarts:
            self.notes.append(f"The file's clock starts again {counted(clock.restarts, 'time')}; frames follow on.")
        if damage.packets or damage.frames:
            self.notes.append(
                f"{counted(damage.packets, 'picture')} could not be decoded, "
                f"{counted(damage.frames, 'frame')} came out damaged."
            )
        expected = self.info.frame_count
        if expected is not None and frames < expected:
            self.notes.append(f"{printable(self.path)} ends early: {frames} of {expected} frames.")

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        self._pictures.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def probe(path: AnyPath) -> VideoInfo:
    """Return what a video file says about itself.

    Raises
    ------
    VideoError
        As `VideoReader`.
    """
    with VideoReader(path) as reader:
        return reader.info


__all__ = ["VideoReader", "has_alpha", "probe"]
