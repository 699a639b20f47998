"""Scale, mean, std and the order of channels: what a network's numbers mean, and how to say it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ._errors import ShapeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Color = Literal["gray", "rgb", "bgr", "rgba", "bgra"]
Layout = Literal["NCHW", "NHWC", "CHW", "HWC", "NHW", "HW"]

CHANNELS: dict[str, int] = {"gray": 1, "rgb": 3, "bgr": 3, "rgba": 4, "bgra": 4}
LAYOUTS = ("NCHW", "NHWC", "CHW", "HWC", "NHW", "HW")


def one_of(value: str, names: Sequence[str], option: str) -> str:
    """Return a value that is one of the names.

    Raises
    ------
    ShapeError
        It is not; the text lists them.
    """
    if value not in names:
        raise ShapeError(f"{option}={value!r} is not one of: {', '.join(names)}")
    return value


def per_channel(value: float | Sequence[float], color: str, option: str) -> tuple[float, ...]:
    """Return one number a channel; a single one stands for all channels but alpha.

    Raises
    ------
    ShapeError
        As many numbers as there are channels, or as there are colours, were not given.
    """
    numbers = (float(value),) if isinstance(value, int | float) else tuple(float(number) for number in value)
    count = CHANNELS[one_of(color, tuple(CHANNELS), "color")]
    if len(numbers) == 1:
        return numbers * min(count, 3)
    if len(numbers) not in (count, min(count, 3)):
        raise ShapeError(
            f"{option} has {len(numbers)} numbers, and color={color!r} has {count} channels; give one number, or one a "
            "channel"
        )
    return numbers


@dataclass(frozen=True, slots=True)
class Normalization:
    """What stands for a pixel's value of 0 to 255: (value * scale - mean) / std."""

    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def check(self) -> None:
        """Raise a ShapeError for numbers that no pixel can come back from."""
        if not math.isfinite(self.scale) or self.scale == 0:
            raise ShapeError(f"scale={self.scale} has to be a number other than 0; 1/255 brings pixels to 0..1")
        if not all(math.isfinite(mean) for mean in self.mean):
            raise ShapeError(f"mean={self.mean} has to be finite numbers")
        if not all(math.isfinite(std) and std != 0 for std in self.std):
            raise ShapeError(f"std={self.std} has to be numbers other than 0; 1 leaves the values as they are")

    @property
    def uniform(self) -> bool:
        """Whether all channels are treated alike."""
        return len(set(self.mean)) == 1 and len(set(self.std)) == 1

    def describe(self) -> str:
        """Say which values a network sees: "0..1", or the formula where channels differ."""
        if self.uniform:
            ends = [(value * self.scale - self.mean[0]) / self.std[0] for value in (0, 255)]
            return "{:.4g}..{:.4g}".format(*(round(end, 6) + 0.0 for end in ends))
        mean, std = (", ".join(f"{number:g}" for number in numbers) for numbers in (self.mean, self.std))
        scaled = "value / 255" if math.isclose(self.scale, 1 / 255) else f"value * {self.scale:.6g}"
        return f"({scaled} - mean) / std with mean {mean} and std {std}"


def from_metadata(metadata: Any) -> tuple[dict[str, Any], list[str]]:
    """Read what a model says about its pictures: ONNX's ``Image.*`` keys, and Ultralytics' ``stride``.

    Returns
    -------
    options : dict
        Fields of `Preprocess` that the model decides: color, scale, mean, std, multiple_of.
    notes : list of str
        Sentences on what it says and nobody can follow.

    Notes
    -----
    https://onnx.ai/onnx/repo-docs/MetadataProps.html: keys and values are case insensitive.
    """
    entries: Mapping[str, str] = getattr(metadata, "custom", metadata) or {}
    lower = {str(key).lower(): str(value).strip().lower() for key, value in entries.items()}
    options: dict[str, Any] = {}
    colors: dict[str, str] = {"gray8": "gray", "rgb8": "rgb", "bgr8": "bgr", "rgba8": "rgba", "bgra8": "bgra"}
    if color := colors.get(lower.get("image.bitmappixelformat", "")):
        options["color"] = color
    options |= _RANGES.get(lower.get("image.nominalpixelrange", ""), {})
    if (stride := lower.get("stride", "")).isdecimal() and int(stride) > 0:
        options["multiple_of"] = int(stride)
    notes = []
    if lower.get("image.colorspacegamma") == "linear":
        notes.append("The model asks for linear light; frames are given as they are, with their own gamma.")
    return options, notes


_RANGES: dict[str, dict[str, Any]] = {
    "nominalrange_0_255": {"scale": 1.0, "mean": 0.0, "std": 1.0},
    "normalized_0_1": {"scale": 1 / 255, "mean": 0.0, "std": 1.0},
    "normalized_1_1": {"scale": 1 / 255, "mean": 0.5, "std": 0.5},
    "nominalrange_16_235": {"scale": 219 / 255, "mean": -16.0, "std": 1.0},
}
