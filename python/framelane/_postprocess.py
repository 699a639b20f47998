"""From a network's output to a picture: read from the model, shown, and overridable by option."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._errors import ShapeError
from ._geometry import Geometry, Size, Window, window
from ._output_picture import color_of, output_fields
from ._picture_axes import DTYPES, TensorLike, axes_for
from ._picture_numbers import CHANNELS, LAYOUTS, Color, Layout, Normalization, one_of, per_channel
from ._pixel_formats import pixel_format as pixel_format_of
from ._resize import resize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._preprocess import Preprocess


@dataclass(frozen=True, slots=True)
class UnpackPlan:
    """How outputs of one shape are unpacked.

    Attributes
    ----------
    window : Window
        Which part is the frame's. A picture that has not `window.size` as its size is to be scaled to it afterwards.
    color : str
        Order of the output's channels.
    pixel_format : str
        The shortest way's format of the picture: as many channels as the output has.
    shape, dtype : tuple of int, numpy.dtype
        Of the picture's array in that format.
    layout : str
        Of the output.
    spec : _core.UnpackSpec
        For the native unpack.
    """

    window: Window
    color: Color
    pixel_format: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    layout: Layout
    spec: _core.UnpackSpec


@dataclass(frozen=True, kw_only=True)
class Postprocess:
    """How an output of a network becomes a picture again: what `Preprocess` did, undone.

    Parameters
    ----------
    output : str, optional
        Name of the output; the only one otherwise.
    color : str, optional
        Order of its channels; as the output's number of channels says (gray, `input_color` or that with alpha) if left
        out.
    scale, mean, std : float, or one float a channel
        What its numbers are: ``(value * scale - mean) / std`` of a pixel's value from 0 to 255.
    layout : str
        Order of its axes.
    dtype : str
        float32, float16 or uint8.
    restore : bool
        Whether a letterbox or a stretch is undone: bars cut off and the picture scaled back to the frame's own size,
        times what the network enlarges by. Of a crop, only the middle comes back. False leaves the network's size, but
        still takes bars and padding away.
    input_color : str
        What the network's input has; decides `color` where that is left out.
    other_pictures, data : tuple of str
        Names of the outputs that are pictures, too, and of those that are not.

    Raises
    ------
    ShapeError
        An option that does not exist or does not fit another.
    """

    output: str | None = None
    color: Color | None = None
    scale: float = 1 / 255
    mean: float | tuple[float, ...] = 0.0
    std: float | tuple[float, ...] = 1.0
    layout: Layout = "NCHW"
    dtype: str = "float32"
    restore: bool = True
    input_color: Color = "rgb"
    other_pictures: tuple[str, ...] = ()
    data: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        one_of(self.layout, LAYOUTS, "layout")
        one_of(self.dtype, DTYPES, "dtype")
        self.normalization(self.color or "rgb").check()

    @classmethod
    def from_model(cls, outputs: Sequence[TensorLike], preprocess: Preprocess, **options: Any) -> Postprocess:
        """Read from a model's outputs which one is the picture, and what its numbers are.

        An output is taken for a picture when it has 1, 3 or 4 channels and a height and a width, and its numbers for
        the input's: 0..1 where the input is 0..1. Of several, colour goes before gray, and the input's size before
        others.

        Parameters
        ----------
        outputs : sequence
            The model's outputs, as `Session.outputs`.
        preprocess : Preprocess
            What the input is.
        **options
            Fields of this class that the caller decides; None is as good as left out.

        Raises
        ------
        ShapeError
            No output looks like a picture: then they are data. Or an option does not fit the output.
        """
        return cls(**output_fields(outputs, preprocess, options), input_color=preprocess.color)

    def normalization(self, color: str) -> Normalization:
        """Return scale, mean and std for the channels of `color`."""
        return Normalization(self.scale, *(per_channel(getattr(self, name), color, name) for name in ("mean", "std")))

    def plan(self, geometry: Geometry, shape: tuple[int, ...], *, planar: bool | None = None) -> UnpackPlan:
        """Plan how outputs of this shape are unpacked.

        Parameters
        ----------
        geometry : Geometry
            Of the input: `PackPlan.geometry`.
        shape : tuple of int
            The output's.
        planar : bool, optional
            Whether the picture's format has planes; as the output's layout if left out.

        Raises
        ------
        ShapeError
            The output is no picture of this layout, or not as many channels as `color` says.
        """
        axes = axes_for(shape, self.layout)
        channels, output = axes.channels or 0, Size(axes.width or 0, axes.height or 0)
        if min(output) < 1 or channels < 1:
            raise ShapeError(f"output {self.output!r} of shape {shape} is an empty picture")
        color: Any = self.color or color_of(channels, self.input_color)
        if CHANNELS[color] != channels:
            raise ShapeError(
                f"output {self.output!r} of shape {shape} has {channels} channels, and color={color!r} has "
                f"{CHANNELS[color]}; leave color= out, or name the order of the output's channels"
            )
        found = window(geometry, output)
        if not self.restore:
            found = Window(found.part, Size(found.part.width, found.part.height))
        numbers = self.normalization(color)
        spec = _core.UnpackSpec(color=color, scale=self.scale, mean=numbers.mean, std=numbers.std, part=found.part)
        kind = pixel_format_of(self._pixel_format(channels, color, planar))
        shape = kind.shape(found.part.width, found.part.height)
        return UnpackPlan(found, color, kind.name, shape, kind.dtype, self.layout, spec)

    def unpack(self, tensor: Any, geometry: Geometry, *, pixel_format: str | None = None, index: int = 0) -> Any:
        """Make a picture of one output, scaled back to the frame's size if need be (then PyAV is needed).

        Parameters
        ----------
        tensor : array
            The output.
        geometry : Geometry
            Of the input: `PackPlan.geometry`.
        pixel_format : str, optional
            Of the picture; interleaved, with as many channels as the output has, if left out.
        index : int
            Which picture of a batch.

        Returns
        -------
        numpy.ndarray
            uint8 (uint16 for a format of more than 8 bits).
        """
        plan = self.plan(geometry, np.shape(tensor), planar=False)
        kind = pixel_format_of(pixel_format or plan.pixel_format)
        picture = np.empty(kind.shape(plan.window.part.width, plan.window.part.height), kind.dtype)
        _core.unpack(
            tensor, picture, plan.spec, pixel_format=kind.name, layout=plan.layout, batch_index=index, threads=1
        )
        return resize(picture, plan.window.size, pixel_format=kind.name)

    def describe(self) -> str:
        """Say in a few words which output is the picture, and what becomes of the others."""
        name = "The network's output" if self.output is None else f"Output {self.output!r}"
        color = {None: "channels as they come", "gray": "gray"}.get(self.color, (self.color or "").upper())
        numbers = self.normalization(self.color or "rgb").describe()
        lines = [f"{name} becomes the picture: {self.dtype} {self.layout}, {color}, {numbers}."]
        if self.other_pictures:
            names = ", ".join(repr(other) for other in self.other_pictures)
            lines.append(f"Pictures, too, and left aside: {names} (output= chooses).")
        if self.data:
            lines.append(f"Not pictures, and left aside: {', '.join(repr(other) for other in self.data)}.")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as values that JSON knows."""
        values = asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    def _pixel_format(self, channels: int, color: str, planar: bool | None) -> str:
        if channels == 1:
            return "gray"
        if planar or (planar is None and not self.layout.endswith("C")):
            return "gbrp" if channels == 3 else "gbrap"
        return {"rgb": "rgb24", "bgr": "bgr24"}.get(color, color)
