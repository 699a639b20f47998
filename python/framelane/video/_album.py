"""Writes frames as pictures: into a folder, by a pattern of names, or as one file."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import av.error

from framelane._errors import ShapeError, VideoError

from ._colour import Colour
from ._convert import Converter
from ._names import AnyPath, counted, native, printable, suffix
from ._open import as_video_error
from ._output import check_folder, same_file
from ._pixels import LAYOUTS, frame_of
from ._plan import Origin, Wishes
from ._series import SUFFIXES, find, is_pattern

if TYPE_CHECKING:
    from ._pixels import Array

_DIGITS = 9
# What each suffix is encoded with, and the pixel formats for: colour, alpha, grey; the same with 16 bits.
_CODECS: dict[str, tuple[str, tuple[str | None, ...], dict[str, str]]] = {
    ".png": ("png", ("rgb24", "rgba", "gray", "rgb48be", "rgba64be", "gray16be"), {"compression_level": "3"}),
    ".jpg": ("mjpeg", ("yuvj444p", None, None, None, None, None), {"qmin": "2", "qmax": "2"}),
    ".tif": ("tiff", ("rgb24", "rgba", "gray", "rgb48le", "rgba64le", "gray16le"), {"compression_algo": "deflate"}),
    ".bmp": ("bmp", ("bgr24", None, "gray", None, None, None), {}),
    ".webp": ("libwebp", ("bgra", "bgra", None, None, None, None), {"lossless": "1"}),
    ".ppm": ("ppm", ("rgb24", None, None, "rgb48be", None, None), {}),
    ".jp2": ("jpeg2000", ("rgb24", "rgba", "gray", "rgb48le", "rgba64le", "gray16le"), {}),
}
_SAME = {".jpeg": ".jpg", ".tiff": ".tif", ".pgm": ".ppm", ".pnm": ".ppm"}


def is_album(path: AnyPath) -> bool:
    """Whether a name to write to means pictures: a folder, a pattern, or one picture."""
    name = native(path)
    return os.path.isdir(name) or name.endswith(os.sep) or suffix(name) in SUFFIXES


class Album:
    """Writes pictures into a folder of its own, from where they move to their names when all of them are whole."""

    def __init__(self, path: AnyPath, wishes: Wishes) -> None:
        name = native(path)
        self._shown = printable(path)
        self._is_folder = os.path.isdir(name) or name.endswith(os.sep)
        self._one = not self._is_folder and not is_pattern(name)
        self._pattern = os.path.join(name, f"%0{_DIGITS}d.png") if self._is_folder else name
        self._folder = os.path.abspath(name) if self._is_folder else os.path.dirname(os.path.abspath(name))
        self._parent = os.path.dirname(self._folder) if self._is_folder else self._folder
        self._wishes = wishes
        self._origin = Origin.of(None, wishes)
        self._temporary: str | None = None
        self._size: tuple[int, int] | None = None
        self._kind: tuple[bool, bool, bool] | None = None
        self._count = 0
        self.notes: list[str] = []
        self.first_time = 0.0
        check_folder(self._parent, self._shown)
        ending = suffix(self._pattern)
        if _SAME.get(ending, ending) not in _CODECS:
            known = ", ".join((*_CODECS, *_SAME))
            raise VideoError(f"cannot write {self._shown}: pictures are written as {known}")
        self._codec, self._formats, self._options = _CODECS[_SAME.get(ending, ending)]
        self._refuse_full_folder()

    @property
    def rate(self) -> Fraction:
        """Frames a second, nominally."""
        return self._origin.rate

    def _refuse_full_folder(self) -> None:
        if self._one or not os.path.isdir(self._folder):
            return
        try:
            files, _ = find(self._folder if self._is_folder else self._pattern)
        except VideoError:
            return
        raise VideoError(
            f"cannot write {self._shown}: {counted(len(files), 'picture')} would get mixed up with the new ones; "
            "remove them or give another name"
        )

    def open(self, source: Any) -> None:
        """Take over what the source says, and refuse to overwrite it."""
        self._origin = Origin.of(source, self._wishes)
        path = getattr(source, "path", None)
        if self._one and path is not None and same_file(self._pattern, path):
            raise VideoError(f"cannot write {self._shown}: it is the input itself; give the output another name")
        count = getattr(source, "frame_count", None)
        if self._one and count is not None and count > 1:
            raise self._too_many()
        if count is not None and not self._one and self._digits(count) > self._digits(1):
            self.notes.append(f"{count} pictures need numbers of {self._digits(count)} digits; they get them.")

    def _too_many(self) -> VideoError:
        stem, ending = os.path.splitext(self._shown)
        return VideoError(
            f"cannot write {self._shown}: it is one picture, and there are more frames; "
            f"use a pattern as {stem}_%06d{ending}, or a folder"
        )

    def prepare(self, width: int, height: int, pixel_format: str) -> None:
        """Open the encoder for frames of this size and format."""
        layout = LAYOUTS[pixel_format]
        self._kind = (layout.alpha, layout.channels == 1, layout.bits > 8)
        self._size = (width, height)
        chosen = self._wishes.pixel_format or self._format_for(*self._kind)
        colour = replace(self._origin.colour or Colour.by_height(height), full_range=True)
        if chosen.startswith("yuvj"):
            colour = replace(colour, matrix=5)  # JFIF
        self._convert = Converter(colour, width, height, chosen, decoding=False)
        with as_video_error(f"cannot write {self._shown}"):
            context: Any = av.CodecContext.create(self._codec, "w")
            context.width, context.height, context.pix_fmt = width, height, chosen
            context.time_base = Fraction(1, 1000)
            context.color_range = colour.range
            context.thread_count = 1  # so that each picture comes out at once
            context.options = {**self._options, **self._wishes.options}
            self._context = context

    def _format_for(self, alpha: bool, grey: bool, deep: bool) -> str:
        place = 1 if alpha else 2 if grey else 0
        chosen = (self._formats[place + 3] if deep else None) or self._formats[place]
        if chosen is None and alpha:
            holding = ", ".join(kind for kind, (_, formats, _) in _CODECS.items() if formats[1])
            raise VideoError(
                f"cannot write {self._shown}: the frames have transparency, which it cannot hold; use one of {holding}"
            )
        return chosen or str(self._formats[0])

    def write(self, image: Array, pixel_format: str, time: float, duration: float | None) -> None:
        """Write one picture."""
        del time, duration
        if self._one and self._count:
            raise self._too_many()
        picture = frame_of(image, pixel_format)
        size = (picture.width, picture.height)
        if self._size is None:
            self.prepare(*size, pixel_format)
        if size != self._size:
            was = "x".join(map(str, self._size or ()))
            raise ShapeError(f"a frame of {size[0]}x{size[1]} among pictures of {was}; resize it first")
        with as_video_error(f"cannot write {self._shown}"):
            if self._temporary is None:
                self._temporary = os.path.join(self._parent, f".framelane.{secrets.token_hex(4)}.partial")
                os.mkdir(self._temporary)
            converted = self._convert(picture)
            converted.pts, converted.time_base, converted.pict_type = self._count, Fraction(1, 1000), 0
            with open(self._temporary_name(self._count), "wb") as file:
                for packet in self._context.encode(converted):
                    file.write(bytes(packet))
        self._count += 1

    def _temporary_name(self, number: int) -> str:
        return os.path.join(self._temporary or "", f"{number:012d}{suffix(self._pattern)}")

    def _digits(self, count: int) -> int:
        """Return the digits of numbers so that names sort as numbers do."""
        form = re.search(r"%0(\d+)d", os.path.basename(self._pattern))
        if form is None:
            return 1  # without leading zeros, as asked for
        return max(int(form.group(1)), len(str(max(count - 1, 0))))

    def _name(self, number: int, digits: int, infix: str = "") -> str:
        folder, name = os.path.split(self._pattern)
        if not self._one:
            name = re.sub(r"%0?\d*d", f"{number:0{digits}d}", name.replace("%%", "\0")).replace("\0", "%")
        stem, ending = os.path.splitext(name)
        return os.path.join(folder, f"{stem}{infix}{ending}")

    def close(self) -> None:
        """Give the pictures their names."""
        if not self._count:
            raise VideoError(f"{self._shown} was not written: not one frame came")
        try:
            with as_video_error(f"cannot write {self._shown}"):
                os.makedirs(self._folder, exist_ok=True)
                self._move("")
        except BaseException:
            self._discard()
            raise

    def abort(self) -> str | None:
        """Keep the pictures that there are under other names."""
        if not self._count:
            self._discard()
            return None
        try:
            if self._is_folder:
                self._folder = self._pattern = self._folder.rstrip(os.sep) + ".partial"
                shutil.rmtree(self._folder, ignore_errors=True)
                os.mkdir(self._folder)
                self._pattern = os.path.join(self._folder, f"%0{_DIGITS}d.png")
                self._move("")
                return self._folder
            self._move(".partial")
            return self._name(0, self._digits(self._count), ".partial") if self._one else self._partial_pattern()
        except OSError:
            self._discard()
            return None

    def _partial_pattern(self) -> str:
        stem, ending = os.path.splitext(self._pattern)
        return f"{stem}.partial{ending}"

    def _move(self, infix: str) -> None:
        digits = self._digits(self._count)
        if digits > self._digits(1):
            self.notes.append(f"{self._count} pictures need numbers of {digits} digits, and got them.")
        for number in range(self._count):
            os.replace(self._temporary_name(number), self._name(number, digits, infix))
        self._discard()

    def _discard(self) -> None:
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None
