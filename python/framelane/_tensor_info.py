"""An input or output of a model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TensorInfo:
    """An input or output of a model.

    Attributes
    ----------
    name : str
        As the model has it.
    dtype : str
        NumPy's name of the element type ("float32"), or "bfloat16".
    shape : tuple or None
        An int where the size is fixed, a str where the model names a free size, None where it does not; the whole
        is None where even the rank is free.
    """

    name: str
    dtype: str
    shape: tuple[int | str | None, ...] | None

    def __str__(self) -> str:
        if self.shape is None:
            return f"{self.name}: {self.dtype} of any rank"
        sizes = ["?" if size is None else str(size) for size in self.shape]
        return f"{self.name}: {self.dtype} ({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
