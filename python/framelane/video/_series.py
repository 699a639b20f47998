"""A folder of pictures, or a numbered series of them, as the pictures of a video."""

from __future__ import annotations

import io
import os
import re
from typing import TYPE_CHECKING, cast

import av
import av.error

from framelane._errors import VideoError

from ._colour import Colour
from ._info import VideoInfo, describe_picture
from ._names import AnyPath, counted, native, printable, suffix
from ._open import open_leniently, reason_of
from ._pictures import Damage

if TYPE_CHECKING:
    from collections.abc import Generator
    from fractions import Fraction

    from ._seek import Landing

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".ppm", ".pgm", ".pnm", ".tga", ".jp2", ".exr")
"""Files of a folder that are taken for pictures."""

_PATTERN = re.compile(r"%(0?\d*)d")
_MOST_NAMED = 5


def is_series(path: AnyPath) -> bool:
    """Whether a name is a folder or a pattern of names, rather than a file. A file of that very name is a file."""
    name = native(path)
    return os.path.isdir(name) or (not os.path.lexists(name) and is_pattern(name))


def is_pattern(path: AnyPath) -> bool:
    """Whether the last part of a picture's name has one number left open, as ``%06d.png``."""
    return suffix(path) in SUFFIXES and len(_PATTERN.findall(os.path.basename(native(path)).replace("%%", ""))) == 1


class SeriesPictures:
    """The pictures of a folder or pattern, by number.

    Parameters
    ----------
    path : path-like
        A folder, or a pattern as ``frames/%06d.png``.
    rate : Fraction
        Frames a second.

    Raises
    ------
    VideoError
        There are none.
    """

    def __init__(self, path: AnyPath, rate: Fraction) -> None:
        self.damage = Damage()
        self.notes: list[str] = []
        self.time_base = 1 / rate
        self.rates: tuple[Fraction | None, ...] = (rate,)
        self.start: float | None = 0.0
        self.display_times = True
        self._path = path
        self._files, holes = find(native(path))
        if holes:
            self.notes.append(
                f"{printable(path)} has holes: {_ranges(holes)} missing; the others follow on each other."
            )

    def frames(self, landing: Landing | None = None) -> Generator[av.VideoFrame]:
        """Yield every picture that can be decoded."""
        del landing
        for number, file in enumerate(self._files):
            self.damage.seen += 1
            try:
                frame = first_picture(file)
            except (VideoError, av.error.FFmpegError, OSError, ValueError, EOFError) as error:
                self._note_damage(file, error)
                continue
            frame.pts, frame.time_base, frame.duration = number, self.time_base, 1
            yield frame

    def _note_damage(self, file: str, error: Exception) -> None:
        self.damage.packets += 1
        if len(self.damage.names) < _MOST_NAMED:
            text = f"{printable(file)} ({reason_of(error)})"
            self.damage.names = (*self.damage.names, text)

    def colour_of(self, first: av.VideoFrame) -> Colour:
        """Return how the pictures are to be read, once the first is decoded."""
        return Colour.of(first)

    def describe(self, first: av.VideoFrame, rate: Fraction) -> VideoInfo:
        """Return what is known once the first picture is decoded."""
        return describe_picture(self._path, first, rate, len(self._files))

    def missing(self, frames: int, info: VideoInfo) -> int | None:
        """Return None: what is not there was said before."""
        del frames, info
        return None

    def close(self) -> None:
        """Do nothing: each file is closed once it is read."""


def first_picture(file: str) -> av.VideoFrame:
    """Return the picture in a file, whatever its suffix says.

    Raises
    ------
    VideoError
        There is none in it.
    """
    with open(file, "rb") as opened:
        data = io.BytesIO(opened.read())
    # Bytes have no name that FFmpeg could take for a pattern.
    with open_leniently(data) as container:
        for stream in container.streams:
            if stream.type == "video" and stream.codec_context is not None:
                for frame in container.decode(stream):
                    return cast("av.VideoFrame", frame)
    raise VideoError(f"{printable(file)} has no picture in it")


def find(path: str) -> tuple[list[str], list[int]]:
    """Return the files of a folder or pattern in their order, and the numbers that are missing among them.

    Raises
    ------
    VideoError
        There are none.
    """
    if os.path.isdir(path):
        names = [name for name in os.listdir(path) if suffix(name) in SUFFIXES and not name.startswith(".")]
        names.sort(key=_natural)
        files, numbers = [os.path.join(path, name) for name in names], _numbers(names)
        what = f"the folder {printable(path)} has no pictures in it ({', '.join(SUFFIXES)})"
    else:
        found = _matching(path)
        files, numbers = list(found.values()), list(found)
        what = f"no file fits {printable(path)}"
    if not files:
        raise VideoError(f"cannot read {printable(path)}: {what}")
    known = set(numbers)
    few = known and max(known) - min(known) < 100 * len(known)
    return files, [number for number in range(min(known), max(known)) if number not in known] if few else []


def _matching(path: str) -> dict[int, str]:
    """Return the files that fit a pattern, by number and in its order."""
    folder, name = os.path.split(path)
    open_part = _PATTERN.search(name)
    assert open_part is not None
    form = open_part.group(1)
    ends = [re.escape(part.replace("%%", "%")) for part in (name[: open_part.start()], name[open_part.end() :])]
    fitting = re.compile(rf"{ends[0]}(\d+){ends[1]}", re.DOTALL)
    found = {}
    for entry in os.listdir(folder or ".") if os.path.isdir(folder or ".") else ():
        match = fitting.fullmatch(entry)
        if not match:
            continue
        number, digits = int(match.group(1)), len(match.group(1))
        # More digits than asked for are what `VideoWriter` gives to numbers that outgrow the pattern.
        if match.group(1) == f"{number:{form}d}" or (form.startswith("0") and digits > int(form)):
            found[number] = os.path.join(folder, entry)
    return dict(sorted(found.items()))


def _natural(name: str) -> tuple[object, ...]:
    """Sort by the numbers in a name, not by their digits; by the letters where the numbers are the same."""
    parts = re.split(r"(\d+)", name)
    return (*((int(part), "") if part.isdecimal() and part.isascii() else (-1, part) for part in parts), name)


def _numbers(names: list[str]) -> list[int]:
    """Return the number that tells the names apart; none if it is not one alone."""
    rows = [[int(number) for number in re.findall(r"[0-9]+", os.path.splitext(name)[0])] for name in names]
    if len({len(row) for row in rows}) != 1:
        return []
    columns = list(zip(*rows, strict=True))
    varying = [column for column in columns if len(set(column)) == len(rows)]
    return list(varying[0]) if varying else []


def _ranges(numbers: list[int]) -> str:
    """Return numbers in words, as "3 to 4, 7 are"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = [f"{a}" if a == b else f"{a} to {b}" for a, b in runs[:_MOST_NAMED]]
    more = f" and {counted(len(runs) - _MOST_NAMED, 'more hole')}" if len(runs) > _MOST_NAMED else ""
    return f"{', '.join(shown)}{more} {'is' if len(numbers) == 1 else 'are'}"
