"""Writes frames as a video, a folder of pictures or a numbered series of them, or only converts them (``null:``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from framelane._frame import Frame

from ._album import Album, is_album
from ._film import Film
from ._names import AnyPath, counted, native, printable
from ._null import Null
from ._pixels import pixel_format_of
from ._plan import Wishes

if TYPE_CHECKING:
    from fractions import Fraction

    import numpy as np


class VideoWriter:
    """A video as a sink of frames.

    Parameters
    ----------
    path : path-like
        The file to be; its suffix names the container. It appears only when it is whole. A folder (with a slash at its
        end if it does not exist) or a pattern as ``frames/%06d.png`` gets pictures, numbered from 0 with as many digits
        as it takes for names to sort as numbers do. ``null:`` converts every frame to what an encoder would get, and
        drops it.
    codec : str, optional
        FFmpeg's name of an encoder, or h264, hevc, vp9, av1, prores. By default H.264, or what the container is for.
    crf : float, optional
        Constant quality, of the encoders that know it; 18 for H.264 by default.
    bitrate : int, optional
        Bits a second instead of constant quality.
    pixel_format : str, optional
        Format to encode in. By default 4:2:0 with 8 bits, or what keeps alpha, 16 bits or an odd size of 4:4:4 sources.
    rate : Fraction or float, optional
        Frames a second where frames carry no times.
    audio : bool or path-like
        True copies the sound tracks of the source, cut with the picture; False writes none; a path takes the sound from
        that file.
    options : dict, optional
        Further options of the encoder, as ``{"preset": "slow"}``.

    Attributes
    ----------
    frames : int
        Frames written so far.
    notes : list of str
        Sentences on what was decided or could not be kept.

    Raises
    ------
    VideoError
        The suffix names no container, the folder is missing, an encoder is missing, or the output is an input.

    Notes
    -----
    Not thread-safe: one thread writes. As a sink of a `Pipeline` it gets the source through `open`, and with it times,
    colours, pixel shape and sound.
    """

    name = "writer"
    helper_threads = True  # the encoder's

    def __init__(
        self,
        path: AnyPath,
        *,
        codec: str | None = None,
        crf: float | None = None,
        bitrate: int | None = None,
        pixel_format: str | None = None,
        rate: Fraction | float | None = None,
        audio: bool | AnyPath = True,
        options: dict[str, str] | None = None,
    ) -> None:
        self.path = native(path)
        self.notes: list[str] = []
        self.frames = 0
        wishes = Wishes(codec, crf, bitrate, pixel_format, rate, audio, dict(options or {}))
        self._backend: Film | Album | Null
        if self.path == "null:":
            self._backend = Null(wishes)
        else:
            self._backend = Album(self.path, wishes) if is_album(self.path) else Film(self.path, wishes)
        self._backend.notes = self.notes
        self._first_time: float | None = None
        self._last_time = -1.0
        self._nudged = 0
        self._closed = False
        self._source: Any = None

    def open(self, source: Any = None) -> None:
        """Learn from the source of the frames: times, colours, pixel shape, sound.

        Raises
        ------
        VideoError
            The output is the source itself.
        """
        self._source = source
        self._backend.open(source)

    def prepare(self, width: int, height: int, pixel_format: str = "rgb24") -> None:
        """Decide how frames of this size and format are encoded, before the first comes; `notes` then say so."""
        self._backend.prepare(width, height, pixel_format)

    def write(self, frame: Frame | np.ndarray[Any, Any]) -> None:
        """Append one frame; the first tensor of it is the picture.

        Raises
        ------
        ShapeError
            It is no picture, or has another size than the first.
        VideoError
            It cannot be encoded or written.
        ValueError
            The writer is closed.
        """
        if self._closed:
            raise ValueError(f"{printable(self.path)}: the writer is closed")
        frame = frame if isinstance(frame, Frame) else Frame(self.frames, None, {"image": frame})
        hint = frame.meta.get("pixel_format")
        image, pixel_format = pixel_format_of(frame.image, hint)
        self._backend.write(image, pixel_format, self._time_of(frame), frame.duration)
        self.frames += 1

    __call__ = write

    def _time_of(self, frame: Frame) -> float:
        """Return the frame's time from the first one written; later than the one before, whatever it says."""
        step = float(1 / self._backend.rate)
        if self._first_time is None:
            self._first_time = frame.timestamp or 0.0
            self._backend.first_time = self._first_time
        if frame.timestamp is None:
            time = self._last_time + step if self.frames else 0.0
        else:
            time = frame.timestamp - self._first_time
            if time <= self._last_time:
                time = self._last_time + step
                self._nudged += 1
        self._last_time = time
        return time

    def close(self) -> None:
        """Finish the file and give it its name. Idempotent.

        Raises
        ------
        VideoError
            It could not be finished; then there is no file of that name, or still the old one.
        """
        if self._closed:
            return
        self._closed = True
        if self._nudged:
            frames = counted(self._nudged, "frame")
            self.notes.append(f"{frames} came with a time that was not later than the one before and got a later one.")
        self._backend.close()

    def abort(self) -> str | None:
        """Stop; keep what is whole as ``NAME.partial.SUFFIX``.

        Returns
        -------
        str or None
            The file that was kept and its number of frames; None where there was nothing to keep.
        """
        if self._closed:
            return None
        self._closed = True
        kept = self._backend.abort()
        return None if kept is None else f"{printable(kept)} ({counted(self.frames, 'frame')})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()
