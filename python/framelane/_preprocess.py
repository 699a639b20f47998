"""From a frame to a network's input: read from the model, shown, and overridable by option."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._errors import ShapeError
from ._geometry import Geometry, ResizeMode, Size, fit
from ._input_picture import input_fields
from ._picture_axes import DTYPES, Shape, TensorLike
from ._picture_numbers import CHANNELS, LAYOUTS, Color, Layout, Normalization, one_of, per_channel
from ._pixel_formats import pixel_format as pixel_format_of
from ._resize import resize

if TYPE_CHECKING:
    from collections.abc import Sequence

_RESIZE_MODES = ("letterbox", "stretch", "crop")


@dataclass(frozen=True, slots=True)
class PackPlan:
    """How frames of one size are packed.

    Attributes
    ----------
    geometry : Geometry
        Where the picture lies. A frame that has not `geometry.scaled` as its size is to be scaled to it first.
    shape : tuple of int
        Shape of the input's tensor for one frame.
    dtype, layout : str
        Of that tensor.
    spec : _core.PackSpec
        For the native pack.
    """

    geometry: Geometry
    shape: tuple[int, ...]
    dtype: str
    layout: Layout
    spec: _core.PackSpec


@dataclass(frozen=True, kw_only=True)
class Preprocess:
    """How frames become the input of a network.

    Each value of a pixel, 0 to 255, becomes ``(value * scale - mean) / std`` (see `pack`, which gives the exact bits).

    Parameters
    ----------
    input : str, optional
        Name of the input that gets the picture; the only one otherwise.
    color : str
        Order of the network's channels: rgb, bgr, gray, rgba, bgra. A network with four channels gets the file's alpha.
    scale, mean, std : float, or one float a channel
        In the order of `color`; alpha is only scaled unless given its own.
    layout : str
        Order of the input's axes: NCHW, NHWC, CHW, HWC, NHW, HW.
    dtype : str
        float32, float16 or uint8.
    size : (int or None, int or None), optional
        Width and height of the input; None is free, and the frame's own.
    resize : str
        How a frame gets to a size that is not its own: ``letterbox`` (bars), ``stretch`` or ``crop`` (the middle).
    multiple_of : int
        For networks that need sides in multiples of 16, 32 or the like: frames are filled up at the right and bottom
        with their own edge repeated, and an output picture loses that part again.
    border_color : tuple of int
        Of a letterbox's bars: 0 to 255 a channel, in the order of `color`.
    shape : tuple, optional
        The input's shape as the model has it.
    notes : tuple of str
        Sentences on what was assumed.

    Raises
    ------
    ShapeError
        An option that does not exist or does not fit another.
    """

    input: str | None = None
    color: Color = "rgb"
    scale: float = 1 / 255
    mean: float | tuple[float, ...] = 0.0
    std: float | tuple[float, ...] = 1.0
    layout: Layout = "NCHW"
    dtype: str = "float32"
    size: tuple[int | None, int | None] | None = None
    resize: ResizeMode = "letterbox"
    multiple_of: int = 1
    border_color: tuple[int, ...] = (0, 0, 0)
    shape: Shape | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        one_of(self.color, tuple(CHANNELS), "color")
        one_of(self.layout, LAYOUTS, "layout")
        one_of(self.dtype, DTYPES, "dtype")
        one_of(self.resize, _RESIZE_MODES, "resize")
        for option in ("mean", "std"):
            object.__setattr__(self, option, per_channel(getattr(self, option), self.color, option))
        self.normalization.check()
        if "C" not in self.layout and self.color != "gray":
            raise ShapeError(
                f"layout={self.layout!r} has no channels, so that color={self.color!r} cannot be; use gray"
            )
        if any(side is not None and side < 1 for side in self.box):
            raise ShapeError(f"size={self.size} has to be a width and a height of at least 1")
        if self.multiple_of < 1:
            raise ShapeError(f"multiple_of={self.multiple_of} has to be at least 1")
        if not all(0 <= value <= 255 for value in self.border_color):
            raise ShapeError(f"border_color={self.border_color} has to be numbers from 0 to 255")

    @classmethod
    def from_model(cls, inputs: Sequence[TensorLike], metadata: Any = None, **options: Any) -> Preprocess:
        """Read from a model's inputs how a frame gets into it.

        Parameters
        ----------
        inputs : sequence
            The model's inputs: objects with ``name``, ``dtype`` ("float32") and ``shape`` (a free axis is a str or
            None), as `Session.inputs`.
        metadata : ModelMetadata or mapping, optional
            What the model says about itself, as `Session.metadata`: ONNX's ``Image.BitmapPixelFormat`` and
            ``Image.NominalPixelRange``, and Ultralytics' ``stride``.
        **options
            Fields of this class that the caller decides; None is as good as left out.

        Raises
        ------
        ShapeError
            No input takes a picture, or the model does not say enough: names the option that decides it.
        """
        return cls(**input_fields(inputs, metadata, options))

    @property
    def channels(self) -> int:
        """Number of channels."""
        return CHANNELS[self.color]

    @property
    def normalization(self) -> Normalization:
        """Scale, mean and std."""
        return Normalization(self.scale, self.mean, self.std)  # type: ignore[arg-type]  # tuples since __post_init__

    @property
    def box(self) -> tuple[int | None, int | None]:
        """Width and height of the input; None where free."""
        return self.size or (None, None)

    def pixel_format(self, depth: int = 8) -> str:
        """Return the pixel format that frames have the shortest way from: planes for planes, at the source's depth.

        A gray network gets ``gray``: the video's own luma, brought to full range, rather than a mix of RGB.
        """
        depth = depth if depth in (10, 12, 14) else 8 if depth <= 8 else 16
        deep = f"{depth}le" if depth > 8 and self.dtype != "uint8" else ""
        if self.color == "gray":
            return f"gray{deep}"
        if self.layout.endswith("C") and not deep:
            return {"rgb": "rgb24", "bgr": "bgr24"}.get(self.color, self.color)
        return ("gbrap" if self.channels == 4 else "gbrp") + deep

    def plan(self, width: int, height: int, pixel_aspect: Fraction | float = 1) -> PackPlan:
        """Plan how frames of this size are packed; `pixel_aspect` is the width of a pixel by its height."""
        aspect = Fraction(pixel_aspect).limit_denominator(10_000)
        geometry = fit(Size(width, height), self.box, self.resize, multiple_of=self.multiple_of, pixel_aspect=aspect)
        sizes = {"N": 1, "C": self.channels, "H": geometry.tensor.height, "W": geometry.tensor.width}
        spec = _core.PackSpec(
            color=self.color,
            scale=self.scale,
            mean=self.normalization.mean,
            std=self.normalization.std,
            part=geometry.part,
            left=geometry.left,
            top=geometry.top,
            border="edge" if None in self.box else "constant",
            border_color=[*self.border_color, *(0, 0, 0, 0)][:4],
        )
        shape = tuple(sizes[axis] for axis in self.layout)
        return PackPlan(geometry, shape, self.dtype, self.layout, spec)

    def pack(self, image: Any, *, pixel_format: str = "rgb24", out: Any = None) -> Any:
        """Make a network's input of one picture, scaled first if need be (then PyAV is needed).

        Returns
        -------
        array
            `out`, or a new NumPy array of the input's shape.
        """
        image = np.asarray(image)
        plan = self.plan(*pixel_format_of(pixel_format).size(image.shape))
        image = resize(image, plan.geometry.scaled, pixel_format=pixel_format)
        if out is None:
            out = np.empty(plan.shape, plan.dtype)
        _core.pack(image, out, plan.spec, pixel_format=pixel_format, layout=plan.layout, batch_index=0, threads=1)
        return out

    def describe(self, width: int | None = None, height: int | None = None) -> str:
        """Say in a few words what happens to frames; to frames of one size, if it is given."""
        name = "the network" if self.input is None else f"input {self.input!r}"
        lines = [f"Frames go into {name} as {self._kind()}, {self._where(width, height)}."]
        return "\n".join([*lines, *self.notes])

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as values that JSON knows."""
        values = asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    def _kind(self) -> str:
        color = {"gray": "gray"}.get(self.color, self.color.upper())
        return f"{self.dtype} {self.layout}, {color}, {self.normalization.describe()}"

    def _where(self, width: int | None, height: int | None) -> str:
        multiples = f", sides filled up to multiples of {self.multiple_of} (edge repeated)"
        padded = multiples if self.multiple_of > 1 else ""
        if width is None or height is None:
            if self.box == (None, None):
                return "at their own size" + padded
            sides = "x".join("any" if side is None else str(side) for side in self.box)
            return f"{_MODE_WORDS[self.resize]} {sides}{padded}"
        geometry = self.plan(width, height).geometry
        if geometry.tensor == geometry.source:
            return f"at their own size, {geometry.source}"
        if geometry.scaled == geometry.source and self.multiple_of > 1:
            return f"{geometry.source} filled up to {geometry.tensor} (edge repeated)"
        return f"{geometry.source} {_MODE_WORDS[self.resize]} {geometry.tensor}{padded}"


_MODE_WORDS = {"letterbox": "letterboxed to", "stretch": "stretched to", "crop": "cropped to"}
