"""Reads from a model which of its inputs takes the frame, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._errors import ShapeError
from ._picture_axes import DTYPES, axes_for, by_name, possible_layouts, show, show_all
from ._picture_numbers import CHANNELS, from_metadata, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._picture_axes import TensorLike
    from ._picture_numbers import Color, Layout

Sides = tuple[int | None, int | None]


def input_fields(inputs: Sequence[TensorLike], metadata: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a `Preprocess`: what the caller decides, else what the model says, else the usual."""
    given = {name: value for name, value in options.items() if value is not None}
    chosen = _choose_input(inputs, given)
    layout = given.get("layout") or _only_layout(chosen)
    axes = axes_for(chosen.shape or (None,) * len(layout), layout)
    said, notes = from_metadata(metadata)
    fields: dict[str, Any] = {"scale": 1.0 if chosen.dtype == "uint8" else 1 / 255}
    fields |= {name: said[name] for name in ("scale", "mean", "std") if name in said}
    size = _size(chosen, (axes.width, axes.height), given.get("size"))
    if None in (size or (None,)) and "multiple_of" in said:
        fields["multiple_of"] = said["multiple_of"]
    color = _color(chosen, axes.channels, given.get("color"), said.get("color"), notes)
    fields |= given | {"input": chosen.name, "layout": layout, "dtype": chosen.dtype, "shape": chosen.shape}
    return fields | {"color": color, "size": size, "notes": tuple(notes)}


def picture_inputs(inputs: Sequence[TensorLike]) -> list[TensorLike]:
    """Return the inputs that a picture fits."""
    return [tensor for tensor in inputs if tensor.dtype in DTYPES and possible_layouts(tensor.shape)]


def _choose_input(inputs: Sequence[TensorLike], given: Mapping[str, Any]) -> TensorLike:
    if (name := given.get("input")) is not None:
        chosen = by_name(inputs, name, "input")
    else:
        chosen = _only_picture(inputs, given)
    if chosen.dtype not in DTYPES:
        raise ShapeError(
            f"input {chosen.name!r} takes {chosen.dtype}, and pictures go in as {', '.join(DTYPES)}; add a Cast to the "
            "network"
        )
    return chosen


def _only_picture(inputs: Sequence[TensorLike], given: Mapping[str, Any]) -> TensorLike:
    if len(inputs) == 1 and "layout" in given:
        return inputs[0]
    found = picture_inputs(inputs)
    colored = [tensor for tensor in found if _channel_count(tensor) in (3, 4)]
    if len(found) > 1 and len(colored) == 1:  # a picture and its mask
        return colored[0]
    if len(found) == 1:
        return found[0]
    if not found and len(inputs) == 1 and inputs[0].dtype not in DTYPES:
        return inputs[0]
    if not found:
        raise ShapeError(
            f"no input of the network takes a picture (1, 3 or 4 channels, height and width): {show_all(inputs)}; if "
            "one does, name it with input= and the order of its axes with layout="
        )
    raise ShapeError(
        f"the network has {len(found)} inputs that a frame fits: {show_all(found)}; say with input= which one gets it, "
        "and feed the others by name"
    )


def _channel_count(tensor: TensorLike) -> int | None:
    layouts = possible_layouts(tensor.shape)
    return axes_for(tensor.shape or (), layouts[0]).channels if layouts else None


def _only_layout(tensor: TensorLike) -> Layout:
    layouts = possible_layouts(tensor.shape)
    if len(layouts) == 1:
        return layouts[0]  # type: ignore[return-value]
    if layouts:
        raise ShapeError(
            f"input {tensor.name!r} of shape {show(tensor.shape)} does not say where its channels are; say "
            + " or ".join(f"layout={layout!r}" for layout in layouts)
        )
    raise ShapeError(
        f"input {tensor.name!r} of shape {show(tensor.shape)} is no picture: one has 1, 3 or 4 channels, height and "
        "width; name the order of its axes with layout="
    )


def _color(tensor: TensorLike, channels: int | None, given: str | None, said: str | None, notes: list[str]) -> Color:
    if given is not None:
        one_of(given, tuple(CHANNELS), "color")
        if channels is not None and CHANNELS[given] != channels:
            fitting = " or ".join(repr(name) for name, count in CHANNELS.items() if count == channels)
            raise ShapeError(
                f"color={given!r} has {CHANNELS[given]} channels, and input {tensor.name!r} of shape "
                f"{show(tensor.shape)} has {channels}; use {fitting}"
            )
        return given  # type: ignore[return-value]
    if said is not None and channels in (None, CHANNELS[said]):
        return said  # type: ignore[return-value]
    if channels is None:
        notes.append(f"Input {tensor.name!r} leaves its number of channels open; taken as RGB (color= decides it).")
    return {1: "gray", 4: "rgba"}.get(channels or 3, "rgb")  # type: ignore[return-value]


def _size(tensor: TensorLike, fixed: Sides, given: Sides | None) -> Sides | None:
    if given is None:
        return None if fixed == (None, None) else fixed
    for wanted, side in zip(given, fixed, strict=True):
        if None not in (wanted, side) and wanted != side:
            raise ShapeError(
                f"size={tuple(given)} is not what input {tensor.name!r} of shape {show(tensor.shape)} takes: its "
                f"{'width and height are' if None not in fixed else 'fixed side is'} "
                f"{'x'.join(str(side) for side in fixed if side is not None)}; leave size= out"
            )
    return tuple(side if side is not None else wanted for wanted, side in zip(given, fixed, strict=True))  # type: ignore[return-value]
