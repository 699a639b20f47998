"""A video file that is being written: pictures, and the sound that goes with them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from framelane._errors import ShapeError, VideoError

from ._convert import Converter
from ._encode import Encoder
from ._matroska import write_pixel_aspect
from ._names import AnyPath, printable, url
from ._open import as_video_error
from ._output import OutputFile
from ._pixels import LAYOUTS, frame_of
from ._plan import Origin, Wishes, plan_for
from ._sound import Sound, check_sound
from ._tags import copy_chapters, copy_metadata
from ._targets import target_of

if TYPE_CHECKING:
    from fractions import Fraction

    from ._encode import Encoding


class Film:
    """Writes a video under a temporary name beside its own."""

    def __init__(self, path: AnyPath, wishes: Wishes) -> None:
        self._target = target_of(path)
        self._output = OutputFile(path)
        self._shown = printable(path)
        if isinstance(wishes.audio, str | bytes | os.PathLike):
            check_sound(wishes.audio)
        self._wishes = wishes
        self._origin = Origin.of(None, wishes)
        self._container: av.container.OutputContainer | None = None
        self._encoder: Encoder | None = None
        self._sound: Sound | None = None
        self._source: Any = None
        self._size = (0, 0)
        self._last = -1
        self.notes: list[str] = []
        self.first_time = 0.0

    @property
    def rate(self) -> Fraction:
        """Frames a second, nominally."""
        return self._origin.rate

    def open(self, source: Any) -> None:
        """Take over what the source says, and refuse to overwrite it."""
        self._source = source
        self._origin = Origin.of(source, self._wishes)
        self._output.refuse_inputs(path for path in (getattr(source, "path", None), self._sound_file) if path)

    @property
    def _sound_file(self) -> AnyPath | None:
        """The file that sound is taken from; None if there shall be none."""
        audio = self._wishes.audio
        if audio is True:
            return getattr(self._source, "sound_path", None)
        return audio or None

    def prepare(self, width: int, height: int, pixel_format: str) -> None:
        """Open the encoder for frames of this size and format."""
        plan = plan_for(self._shown, self._target, self._wishes, self._origin, width, height, pixel_format)
        self.notes.extend(plan.notes)
        self._size = (width, height)
        self._set_up(plan.encoding)

    def _set_up(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._convert = Converter(
            encoding.colour, encoding.width, encoding.height, encoding.pixel_format, decoding=False
        )
        # The shape of pixels is written into these when they are finished; see write_pixel_aspect.
        options: Any = {"container_options": {"write_crc32": "0"}} if self._adds_pixel_aspect else {}
        with as_video_error(f"cannot write {self._shown}"):
            container = av.open(url(self._output.temporary), "w", format=self._target.container, **options)
            encoder = Encoder(container, encoding)
        if self._sound_file is not None:
            self._sound = Sound(self._sound_file, container, self._target, self._clock_offset, self.notes)
            if self._wishes.audio is True:
                copy_metadata(self._sound.input, container)
        self._container, self._encoder = container, encoder

    @property
    def _padded(self) -> tuple[int, int]:
        return self._encoding.width, self._encoding.height

    @property
    def _adds_pixel_aspect(self) -> bool:
        return self._encoding.pixel_aspect != 1 and self._target.container in ("matroska", "webm")

    def _clock_offset(self, restarts: int) -> float | None:
        """Return what to add to the times of sound; see `Sound`."""
        if self._wishes.audio is not True:  # another file, which begins with the first frame
            return 0.0 if restarts == 0 else None
        offset: float | None = self._source.clock_offset(restarts)
        return None if offset is None else offset - self.first_time

    def write(self, image: np.ndarray[Any, Any], pixel_format: str, time: float, duration: float | None) -> None:
        """Encode one frame."""
        planar = LAYOUTS[pixel_format].planar
        height, width = image.shape[1:] if planar else image.shape[:2]
        if self._encoder is None:
            self.prepare(width, height, pixel_format)
        assert self._encoder is not None
        if (width, height) != self._size:
            was = "x".join(map(str, self._size))
            raise ShapeError(f"a frame of {width}x{height} in a video of {was}; resize it first")
        if self._padded != self._size:
            image = _padded(image, self._padded[0] - width, self._padded[1] - height, planar=planar)
        if self._last < 0 and self._sound is not None:
            self._sound.begin(-(self._clock_offset(0) or 0.0))
        tick = max(round(time / self._encoding.time_base), self._last + 1)
        self._check_gap(tick)
        self._last = tick
        length = max(round(duration / self._encoding.time_base), 1) if duration else None
        with as_video_error(f"cannot write {self._shown}"):
            self._encoder.encode(self._convert(frame_of(image, pixel_format)), tick, length)
            if self._sound is not None:
                self._sound.write(float(tick * self._encoding.time_base))

    def _check_gap(self, tick: int) -> None:
        """Refuse a pause between two frames that the container has no number for."""
        most = {"mp4": 1 << 31, "mov": 1 << 31, "avi": 60_000}.get(self._target.container)
        if most is not None and self._last >= 0 and tick - self._last >= most:
            seconds = float((tick - self._last) * self._encoding.time_base)
            raise VideoError(f"cannot write {self._shown}: it cannot hold a pause of {seconds:.0f} s; use .mkv")

    def close(self) -> None:
        """Finish the file and give it its name."""
        if self._last < 0:
            self.abort()
            raise VideoError(f"{self._shown} was not written: not one frame came")
        try:
            whole = self._wishes.audio is True and not getattr(self._source, "cut", True)
            self._finish(cut=not whole)
            self._output.commit()
        except BaseException:
            self._output.discard()
            raise

    def abort(self) -> str | None:
        """Finish what there is and keep it under another name."""
        if self._encoder is None:
            return None
        try:
            self._finish(cut=True)
            if self._last >= 0:
                return self._output.keep_partial()
        except (VideoError, OSError):
            pass
        self._output.discard()
        return None

    def _finish(self, *, cut: bool) -> None:
        assert self._encoder is not None
        assert self._container is not None
        with as_video_error(f"cannot write {self._shown}"):
            try:
                self._encoder.finish()
                end = float(self._encoder.end * self._encoding.time_base) if cut else None
                if self._sound is not None:
                    self._sound.write_rest(end)
                    if self._wishes.audio is True:
                        copy_chapters(self._sound.input, self._container, self._clock_offset(0) or 0.0, end)
            finally:
                self._container.close()
                if self._sound is not None:
                    self._sound.close()
            if self._adds_pixel_aspect:
                write_pixel_aspect(self._output.temporary, self._encoding.pixel_aspect, *self._padded)


def _padded(image: np.ndarray[Any, Any], right: int, below: int, *, planar: bool) -> np.ndarray[Any, Any]:
    """Return a picture with its last column and row repeated."""
    edges = [(0, below), (0, right)]
    if planar:
        edges.insert(0, (0, 0))
    elif image.ndim == 3:
        edges.append((0, 0))
    return np.pad(image, edges, mode="edge")
