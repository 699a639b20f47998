"""Reads from a model which of its outputs are pictures, and what their numbers are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._errors import ShapeError
from ._picture_axes import DTYPES, axes_for, by_name, possible_layouts, show, show_all
from ._picture_numbers import CHANNELS, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._picture_axes import Axes, Axis, Shape, TensorLike
    from ._preprocess import Preprocess


def split_outputs(outputs: Sequence[TensorLike], preprocess: Preprocess) -> tuple[list[TensorLike], list[TensorLike]]:
    """Tell a model's outputs that are pictures, the likeliest first, from those that are other data."""
    pictures = [tensor for tensor in outputs if picture_layout(tensor, preprocess) is not None]
    data = [tensor for tensor in outputs if tensor not in pictures]
    return sorted(pictures, key=lambda tensor: _unlikeliness(tensor, preprocess)), data


def output_fields(outputs: Sequence[TensorLike], preprocess: Preprocess, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a `Postprocess`: what the caller decides, else what the model says, else the usual."""
    given = {name: value for name, value in options.items() if value is not None}
    pictures, data = split_outputs(outputs, preprocess)
    chosen = _choose(outputs, pictures, given)
    layout = given.get("layout") or picture_layout(chosen, preprocess)
    if layout is None:
        raise ShapeError(
            f"output {chosen.name!r} of shape {show(chosen.shape)} does not look like a picture; if it is one, name "
            "the order of its axes with layout="
        )
    channels = axes_for(chosen.shape or (None,) * len(layout), layout).channels
    fields = _numbers(chosen, channels, preprocess) | given
    if (color := given.get("color")) is not None:
        _check_color(color, channels, chosen)
    elif channels is not None:
        fields["color"] = color_of(channels, preprocess.color)
    others = [tensor.name for tensor in outputs if tensor.name != chosen.name]
    fields["other_pictures"] = tuple(name for name in others if name in {tensor.name for tensor in pictures})
    fields["data"] = tuple(name for name in others if name in {tensor.name for tensor in data})
    return fields | {"output": chosen.name, "layout": layout, "dtype": chosen.dtype}


def color_of(channels: int, input_color: str) -> str:
    """Return the order of an output's channels: BGR in, BGR out."""
    backwards = input_color.startswith("bgr")
    return {1: "gray", 3: "bgr" if backwards else "rgb", 4: "bgra" if backwards else "rgba"}[channels]


def picture_layout(tensor: TensorLike, preprocess: Preprocess) -> str | None:
    """Return the layout of an output that looks like a picture, None for one that does not.

    With a batch axis in the input, four axes with one of 1, 3 or 4 (or a free one) for channels are a picture, and
    three that are (batch, height, width) by name or by the input's sizes. Without one, it is an axis less. A picture of
    one pixel, from an input that has more, is none.
    """
    shape = tensor.shape
    if shape is None or tensor.dtype not in DTYPES:
        return None
    batch = "N" if "N" in preprocess.layout else ""
    layouts = possible_layouts(shape)
    if len(shape) == len(batch) + 2:
        is_map = layouts == [batch + "HW"] or _same_sides(shape, preprocess)
        return batch + "HW" if is_map else None
    if not layouts or len(shape) != len(batch) + 3 or len(layouts[0]) != len(shape) or "C" not in layouts[0]:
        return None
    # An output that does not say has its channels where the input has them.
    layout = preprocess.layout if preprocess.layout in layouts else layouts[0]
    axes = axes_for(shape, layout)
    one_pixel = axes.width == axes.height == 1 and preprocess.box != (1, 1)
    return None if one_pixel else layout


def _sides(shape: Shape, layout: str) -> tuple[Axis, Axis]:
    return shape[layout.index("H")], shape[layout.index("W")]


def _same_sides(shape: Shape, preprocess: Preprocess) -> bool:
    """Whether the last two axes are the input's height and width, by size or by name."""
    if preprocess.shape is None:
        return False
    sides = _sides(preprocess.shape, preprocess.layout)
    return None not in sides and tuple(shape[-2:]) == sides


def _axes(tensor: TensorLike, preprocess: Preprocess) -> Axes:
    layout = picture_layout(tensor, preprocess) or preprocess.layout
    return axes_for(tensor.shape or (None,) * len(layout), layout)


def _unlikeliness(tensor: TensorLike, preprocess: Preprocess) -> tuple[bool, bool]:
    """Sort colour before gray, and the input's size before others; the model's own order decides the rest."""
    layout = picture_layout(tensor, preprocess)
    same = False
    if layout is not None and tensor.shape is not None and preprocess.shape is not None:
        same = _sides(tensor.shape, layout) == _sides(preprocess.shape, preprocess.layout)
    return _axes(tensor, preprocess).channels == 1, not same


def _choose(outputs: Sequence[TensorLike], pictures: Sequence[TensorLike], given: Mapping[str, Any]) -> TensorLike:
    if (name := given.get("output")) is not None:
        return _checked(by_name(outputs, name, "output"))
    if len(outputs) == 1 and "layout" in given:
        return _checked(outputs[0])
    if not pictures:
        raise ShapeError(
            f"no output of the network looks like a picture: {show_all(outputs)}; write them as data (.npz, .jsonl), "
            "or name one with output= and the order of its axes with layout="
        )
    return pictures[0]


def _checked(tensor: TensorLike) -> TensorLike:
    if tensor.dtype not in DTYPES:
        raise ShapeError(
            f"output {tensor.name!r} is {tensor.dtype}, and a picture comes out as {', '.join(DTYPES)}; add a Cast to "
            "the network, or write it as data (.npz, .jsonl)"
        )
    return tensor


def _check_color(color: str, channels: int | None, tensor: TensorLike) -> None:
    one_of(color, tuple(CHANNELS), "color")
    if channels is not None and CHANNELS[color] != channels:
        fitting = " or ".join(repr(name) for name, count in CHANNELS.items() if count == channels)
        raise ShapeError(
            f"color={color!r} has {CHANNELS[color]} channels, and output {tensor.name!r} of shape {show(tensor.shape)} "
            f"has {channels}; use {fitting}"
        )


def _numbers(tensor: TensorLike, channels: int | None, preprocess: Preprocess) -> dict[str, Any]:
    """Take an output's numbers to be what the input's are, as far as that can be."""
    if tensor.dtype == "uint8":
        return {"scale": 1.0}
    if preprocess.dtype == "uint8":
        return {"scale": 1 / 255}
    normalization = preprocess.normalization
    if normalization.uniform:
        return {"scale": preprocess.scale, "mean": normalization.mean[0], "std": normalization.std[0]}
    if channels is not None and channels >= 3:
        return {"scale": preprocess.scale, "mean": normalization.mean[:3], "std": normalization.std[:3]}
    return {"scale": preprocess.scale}
