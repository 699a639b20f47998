"""How large the items of a tensor are."""

from __future__ import annotations

from ._errors import ShapeError

_SIZES = {
    "bool": 1,
    "uint8": 1,
    "int8": 1,
    "uint16": 2,
    "int16": 2,
    "float16": 2,
    "bfloat16": 2,
    "uint32": 4,
    "int32": 4,
    "float32": 4,
    "uint64": 8,
    "int64": 8,
    "float64": 8,
}


def item_size(dtype: str) -> int:
    """Bytes of one element of a dtype, by its name. Raises `ShapeError` for what a tensor cannot have."""
    try:
        return _SIZES[dtype]
    except KeyError:
        raise ShapeError(f"dtype {dtype!r} is none that a tensor has; use one of: {', '.join(_SIZES)}") from None
