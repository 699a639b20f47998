"""Decides how pictures are encoded: codec, pixel format, size, colours; and says what it had to decide."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from framelane._errors import VideoError

from ._colour import Colour
from ._encode import TICKS, Encoding
from ._info import has_alpha
from ._names import AnyPath, printable
from ._pixels import LAYOUTS
from ._targets import TARGETS, Target, encoder_of, formats_of, needs_even_size

if TYPE_CHECKING:
    import av


@dataclass(frozen=True)
class Wishes:
    """What the caller asked of a writer."""

    codec: str | None = None
    crf: float | None = None
    bitrate: int | None = None
    pixel_format: str | None = None
    rate: Fraction | float | None = None
    audio: bool | AnyPath = True
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """How one size and format of frames is encoded.

    Attributes
    ----------
    encoding : Encoding
        For the encoder; its size may be one larger than that of frames.
    notes : tuple of str
        What had to be decided.
    """

    encoding: Encoding
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Origin:
    """What the source of frames says about them."""

    rate: Fraction = Fraction(25)
    colour: Colour | None = None
    pixel_aspect: Fraction = Fraction(1)
    steady: bool = True
    seconds: float | None = None

    @classmethod
    def of(cls, source: Any, wishes: Wishes) -> Origin:
        """Return what is known of a source; of one that is no reader, nothing."""
        info = getattr(source, "info", None)
        rate = wishes.rate or getattr(source, "rate", None) or Fraction(25)
        rate = Fraction(rate).limit_denominator(100_000)
        if info is None:
            return cls(rate)
        return cls(rate, source.colour, source.pixel_aspect, source.steady, info.duration)


def plan_for(
    path: AnyPath, target: Target, wishes: Wishes, origin: Origin, width: int, height: int, pixel_format: str
) -> Plan:
    """Return how frames of this size and format are encoded.

    Raises
    ------
    VideoError
        They have alpha and the container cannot hold it, or the encoder is missing or does not take the format.
    """
    layout = LAYOUTS[pixel_format]
    if layout.alpha and target.alpha is None and wishes.codec is None:
        holding = ", ".join(kind for kind, other in TARGETS.items() if other.alpha)
        raise VideoError(
            f"cannot write {printable(path)}: the frames have transparency, which it cannot hold; "
            f"use one of {holding}, or a folder of pictures"
        )
    usual = (target.codec, target.pixel_format)
    default_codec, default_format = target.alpha if layout.alpha and target.alpha else usual
    codec = encoder_of(wishes.codec or default_codec)
    chosen = wishes.pixel_format or _default_format(codec, default_format, deep=layout.bits > 8, alpha=layout.alpha)
    taken = formats_of(codec)
    if layout.alpha and not has_alpha(chosen):
        formats = [name for name in taken if has_alpha(name)]
        cure = f"it can in {', '.join(formats)}" if formats else "use another codec"
        raise VideoError(
            f"cannot write {printable(path)}: the frames have transparency, which {codec.name} does not keep in "
            f"{chosen}; {cure}"
        )
    if taken and chosen not in taken:
        raise VideoError(f"the encoder {codec.name} does not take {chosen}; it takes {', '.join(taken)}")
    chosen, width_to, height_to, notes = _fitted(codec, chosen, taken, wishes, width, height)
    colour = origin.colour or Colour.by_height(height)
    if chosen.startswith("yuvj"):
        colour = replace(colour, full_range=True)
    encoding = Encoding(
        codec=codec.name,
        pixel_format=chosen,
        width=width_to,
        height=height_to,
        rate=origin.rate,
        colour=colour,
        pixel_aspect=origin.pixel_aspect,
        options=_options(codec.name, chosen, wishes, reorder=origin.steady and not target.grid),
        bitrate=wishes.bitrate,
        time_base=_time_base(target, origin),
    )
    return Plan(encoding, notes)


def _time_base(target: Target, origin: Origin) -> Fraction:
    if target.grid:
        return 1 / origin.rate
    # The distance of two pictures in .mp4 is a number of 31 bits.
    long = origin.seconds is not None and origin.seconds * TICKS >= 1 << 31
    return Fraction(1, 10_000 if long else TICKS)


def _default_format(codec: av.Codec, default: str, *, deep: bool, alpha: bool) -> str:
    taken = formats_of(codec)
    wanted = ["yuva444p10le", "rgba64be"] if alpha and deep else []
    wanted += ["bgra", "rgba", "argb", "yuva444p10le", "yuva420p"] if alpha else []
    wanted += ["yuv420p10le", "yuv422p10le", "rgb48be"] if deep and not alpha else []
    wanted += [default, "yuv420p", "yuvj420p", "rgb24", "bgr0", "yuv422p10le"]
    if alpha and default in taken:
        return default
    return next((name for name in wanted if name in taken), taken[0] if taken else default)


def _fitted(
    codec: av.Codec, chosen: str, taken: list[str], wishes: Wishes, width: int, height: int
) -> tuple[str, int, int, tuple[str, ...]]:
    """Return a format and size that the encoder takes: exact in 4:4:4, or with one column or row more."""
    even_width, even_height = needs_even_size(codec.name, chosen)
    odd_width, odd_height = even_width and width % 2 == 1, even_height and height % 2 == 1
    if not odd_width and not odd_height:
        return chosen, width, height, ()
    full = chosen.replace("420", "444").replace("422", "444")
    if wishes.pixel_format is None and full in taken:
        note = (
            f"The size {width}x{height} is odd, which 4:2:0 cannot hold; it is written exactly, in 4:4:4 ({full}). "
            f"pixel_format={chosen!r}, which more players know, repeats the last column or row once instead."
        )
        return full, width, height, (note,)
    what = " and ".join(["the last column"] * odd_width + ["the last row"] * odd_height)
    to = (width + odd_width, height + odd_height)
    return chosen, *to, (f"The size {width}x{height} is odd; {what} is repeated once, giving {to[0]}x{to[1]}.",)


_CRF = {"libx264": "14", "libx265": "16", "libvpx-vp9": "18", "libvpx": "8", "libsvtav1": "22"}
_SPEED = {
    "libx264": {"preset": "fast"},
    "libx265": {"preset": "veryfast", "x265-params": "log-level=none"},
    "libvpx-vp9": {"deadline": "good", "cpu-used": "4", "row-mt": "1"},
    "libvpx": {"deadline": "good", "cpu-used": "4"},
    "libsvtav1": {"preset": "8"},
    "prores_ks": {"profile": "4444"},
}


def _options(codec: str, pixel_format: str, wishes: Wishes, *, reorder: bool) -> dict[str, str]:
    options = dict(_SPEED.get(codec, {}))
    if not reorder and codec in ("libx264", "libx265"):
        # No B-frames: AVI has no display times, and at an uneven rate each packet then has the duration of its picture.
        options["bf"] = "0"
    if codec == "libx264" and "444" in pixel_format:
        options["x264-params"] = "chroma-qp-offset=-6"  # x264 saves on the chroma of 4:4:4, of which there is more
    if wishes.crf is not None and codec not in _CRF:
        raise VideoError(f"the encoder {codec} has no constant quality (crf); it is for {', '.join(_CRF)}")
    if wishes.bitrate is None and codec in _CRF:
        options["crf"] = str(wishes.crf) if wishes.crf is not None else _CRF[codec]
    return options | wishes.options
