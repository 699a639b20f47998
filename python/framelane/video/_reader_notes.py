"""What a reader has to say: before the first frame, and after the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._names import AnyPath, counted, printable
from ._rotation import Orientation

if TYPE_CHECKING:
    import av

    from ._info import VideoInfo
    from ._picture import PictureMaker
    from ._pictures import Damage
    from ._timing import Clock

# Formats and codecs that always have an alpha channel, used or not.
_ALWAYS_ALPHA = ("gif", "png", "apng", "webp", "pictures", "qtrle")


def notes_before(first: av.VideoFrame, info: VideoInfo, clock: Clock, *, deinterlace: bool) -> list[str]:
    """Return what is to be said about pictures of which the first is decoded."""
    notes = []
    orientation = Orientation.of(first)
    if not orientation.upright:
        how = "" if orientation.exact else ", to the nearest quarter turn"
        notes.append(f"The picture is stored lying: it is {orientation} to stand upright{how}.")
    if info.interlaced and not deinterlace:
        notes.append(
            "The pictures are interlaced: each is made of two fields of different times. They are used as they are; "
            "the option deinterlace makes whole pictures of them."
        )
    if not clock.has_times:
        notes.append(f"The file has no times; {float(info.rate):g} frames a second are taken. The option rate sets it.")
    return notes


def notes_on_alpha(info: VideoInfo, pixel_format: str, *, wanted: bool, opaque: bool) -> list[str]:
    """Return what is to be said about transparency.

    Parameters
    ----------
    info : VideoInfo
        The file.
    pixel_format : str
        Of frames.
    wanted : bool
        Whether frames have an alpha channel.
    opaque : bool
        Whether no pixel of the first picture is transparent.
    """
    if wanted and not info.alpha:
        return ["The file has no transparency; every pixel is taken as opaque."]
    if not wanted and info.alpha and not (opaque and info.codec in _ALWAYS_ALPHA):
        return [f"The file has transparency, which frames of {pixel_format} do not have."]
    return []


def notes_after(clock: Clock, damage: Damage, picture: PictureMaker, pixel_format: str) -> list[str]:
    """Return what was mended, fitted and left out."""
    notes = []
    if clock.mended and clock.has_times:
        notes.append(f"The times of {counted(clock.mended, 'frame')} were missing or wrong and were mended.")
    if clock.restarts:
        notes.append(f"The file's clock starts again {counted(clock.restarts, 'time')}; frames follow on.")
    if picture.fitted:
        size = "x".join(map(str, picture.size or ()))
        notes.append(f"{counted(picture.fitted, 'picture')} of another size fitted into {size}.")
    if len(picture.kinds) > 1:
        kinds = ", ".join(sorted(picture.kinds))
        notes.append(f"The pictures are of several kinds ({kinds}); all were brought to {pixel_format}.")
    if damage.packets:
        names = f": {', '.join(damage.names)}" if damage.names else ""
        notes.append(f"{counted(damage.packets, 'picture')} could not be decoded and left out{names}.")
    if damage.frames:
        notes.append(f"{counted(damage.frames, 'frame')} came out damaged.")
    return notes


def note_on_end(path: AnyPath, frames: int, expected: int, info: VideoInfo) -> str:
    """Return what is to be said of a file that ends before its end."""
    about = "" if info.counted else "about "
    return f"{printable(path)} ends early: {frames} of {about}{expected} frames."
