"""Reads a video, a folder of pictures or a numbered series of them as a stream of frames."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Self

from framelane._errors import VideoError
from framelane._frame import Frame

from ._deinterlace import Deinterlacer
from ._film_pictures import FilmPictures
from ._memory import keep_freed_memory
from ._names import AnyPath, native, printable
from ._picture import PictureMaker
from ._pictures import Missed, Pictures, no_picture
from ._pixels import layout_of
from ._reader_notes import note_on_end, notes_after, notes_before, notes_on_alpha
from ._seek import landing_at
from ._series import SeriesPictures, is_series
from ._span import TOLERANCE, Span
from ._timing import Clock, Stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._info import VideoInfo
    from ._seek import Landing


class VideoReader:
    """A video as an iterable of `Frame`: upright, in picture order, with strictly rising times.

    Each frame has one tensor, ``image``: ``[height, width, channels]`` for the interleaved formats and
    ``[channels, height, width]`` for the planar ones (``gbrp``: the planes are green, blue, red), which are the fastest
    on the way into a network. ``meta["pixel_format"]`` names the format. The array is a view of memory that belongs to
    the frame alone; rows may have a gap behind them.

    Parameters
    ----------
    path : path-like
        A video file, a folder of pictures, or a pattern as ``frames/%06d.png``. Any name of a file that exists is that
        file: never a protocol, an option or a pattern.
    format : str
        Pixel format of the frames: ``rgb24``, ``bgr24``, ``rgba``, ``bgra``, ``gray``, ``gbrp``, ``gbrap``, and with
        16 bits a component ``rgb48``, ``rgba64``, ``gray16``, ``gbrp10`` to ``gbrp16``, ``gbrap10`` to ``gbrap16``.
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
        Frames a second of pictures, and of a file that has no times of its own; without it the file's own claim, or 25.
    deinterlace : bool
        Make whole pictures of interlaced ones, each with the order of fields that it states.
    threads : int, optional
        Decoder threads; as many as there are cores if left out.

    Attributes
    ----------
    info : VideoInfo
        What the file says about itself.
    width, height : int
        Size of the frames.
    rate : Fraction
        Frames a second, nominally.
    notes : list of str
        Sentences on what was assumed, mended or left out; complete once all frames have been read.
    ends_early : (int, int) or None
        Frames that came and frames that the file announces, once it has ended before them.
    damaged : int
        Frames that could not be decoded, or only with damage.

    Raises
    ------
    VideoError
        The file is missing, damaged, has no video, or not one picture that can be decoded.
    ValueError
        An option that makes no sense.

    Notes
    -----
    Not thread-safe: one thread iterates. Every ``iter()`` begins anew. Reading a few frames ahead, which is how times
    are mended, begins when the reader is made.
    """

    name = "reader"
    helper_threads = True  # the decoder's

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
        deinterlace: bool = False,
        threads: int | None = None,
    ) -> None:
        if rate is not None and not 0.001 <= rate <= 1000:
            raise ValueError(f"rate must be between 0.001 and 1000 frames a second, not {rate}")
        if size is not None and not (len(size) == 2 and min(size) >= 1):
            raise ValueError(f"size must be a width and a height of 1 or more, not {size}")
        keep_freed_memory()
        self.path = native(path)
        self.pixel_format, self._layout = layout_of(format)
        self.span = Span(start, end, frames)
        self.ends_early: tuple[int, int] | None = None
        self.damaged = 0
        self._size = size
        self._rate = Fraction(rate).limit_denominator(100_000) if rate else None
        self._threads = threads
        self._deinterlace = deinterlace
        self._ready: Iterator[Stamp] | None = self._begin()
        self._describe()

    def _begin(self) -> Iterator[Stamp]:
        """Open the file and decode as far as the first frame, which alone can tell what the others will be."""
        landing = self._landing()
        try:
            return self._begin_at(landing)
        except Missed:
            return self._begin_at(None)

    def _landing(self) -> Landing | None:
        if self.span.start is None or is_series(self.path):
            return None
        return landing_at(self.path, self.span.start, TOLERANCE)

    def _begin_at(self, landing: Landing | None) -> Iterator[Stamp]:
        if is_series(self.path):
            self._pictures: Pictures = SeriesPictures(self.path, self._rate or Fraction(25))
        else:
            self._pictures = FilmPictures(self.path, self._threads, alpha=self._layout.alpha)
        pictures = self._pictures
        self._skipped = landing.index if landing else 0
        origin = landing.origin if landing else None
        self._clock = Clock(pictures.rates, self._rate, pictures.start, pictures.display_times, origin)
        stamps = self._clock.run(self._stamps(pictures, landing))
        try:
            first = next(stamps, None)
            if first is None:
                raise no_picture(self.path, pictures.damage)
        except BaseException:
            pictures.close()
            raise
        self._first = first
        return chain((first,), stamps)

    @staticmethod
    def _stamps(pictures: Pictures, landing: Landing | None) -> Iterator[Stamp]:
        for frame in pictures.frames(landing):
            unit = float(frame.time_base or pictures.time_base)
            shown, decoded = (None if t is None else t * unit for t in (frame.pts, frame.dts))
            yield Stamp(frame, shown, decoded, frame.duration * unit if frame.duration else None)

    def _describe(self) -> None:
        first = self._first.item
        self.colour = self._pictures.colour_of(first)
        self.info: VideoInfo = self._pictures.describe(first, self._clock.rate)
        self.width, self.height = self._size or (self.info.width, self.info.height)
        self.rate = self.info.rate
        # Scaled to another shape, pixels get one that shows the whole as it was.
        shape = Fraction(self.info.width * self.height, self.info.height * self.width)
        self.pixel_aspect = self.info.pixel_aspect * shape
        opaque = self.info.alpha and bool((PictureMaker("rgba", None)(first)[..., 3] == 255).all())
        self.notes = [
            *self._pictures.notes,
            *notes_before(first, self.info, self._clock, deinterlace=self._deinterlace),
            *notes_on_alpha(self.info, self.pixel_format, wanted=self._layout.alpha, opaque=opaque),
        ]
        self._notes_before = len(self.notes)

    @property
    def frame_count(self) -> int | None:
        """About how many frames will come; None if nobody knows."""
        total = self.info.frame_count
        return None if total is None else self.span.count(total, self.rate)

    @property
    def cut(self) -> bool:
        """Whether only a part of the file was asked for, so that sound must end with the pictures."""
        return self.span.has_end

    @property
    def steady(self) -> bool:
        """Whether the first frames come at even distances."""
        return self._clock.steady

    @property
    def sound_path(self) -> str | None:
        """The file that has the sound of these pictures; None if there is none to look for."""
        return None if is_series(self.path) else self.path

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
        stamps, self._ready = self._ready or self._begin(), None
        del self.notes[self._notes_before :]
        self.ends_early, self.damaged = None, 0
        return self._frames(stamps)

    def _frames(self, stamps: Iterator[Stamp]) -> Iterator[Frame]:
        meta: dict[str, object] = {"pixel_format": self.pixel_format}
        if self._size is None and self.info.pixel_aspect != 1:  # who chooses a size chooses the shape
            meta["pixel_aspect"] = self.info.pixel_aspect
        picture = PictureMaker(self.pixel_format, self._size, self.colour, separate=is_series(self.path))
        numbered = enumerate(stamps, self._skipped)
        if self._deinterlace:
            whole = Deinterlacer()
            numbered = enumerate(whole.run(stamp for _, stamp in numbered), self._skipped)
        sent = 0
        index = self._skipped - 1
        for index, stamp in numbered:
            if self.span.begins_after(index, stamp.time):
                continue
            if self.span.ends_before(index, stamp.time):
                break
            image = picture(stamp.item)
            yield Frame(index, stamp.time, {"image": image}, stamp.duration, meta.copy())
            sent += 1
            if sent == self.span.limit:
                break
        else:
            self._note_the_end(index + 1)
        damage = self._pictures.damage
        self.damaged = damage.packets + damage.frames
        self.notes += notes_after(self._clock, damage, picture, self.pixel_format)
        if not sent:
            raise VideoError(f"{printable(self.path)} has no frame at {self.span}, where to start")

    def _note_the_end(self, frames: int) -> None:
        expected = self._pictures.missing(frames, self.info)
        if expected is not None:
            self.ends_early = (frames, expected)
            self.notes.append(note_on_end(self.path, frames, expected, self.info))

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        self._ready = None
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
