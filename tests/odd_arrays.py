"""Arrays that a naive copy of memory gets wrong: each, made of a contiguous float32 array."""

from __future__ import annotations

import numpy as np

ODD_ARRAYS = {
    "transposed": lambda a: a.transpose(0, 1, 3, 2),
    "every second column": lambda a: a[..., ::2],
    "reversed": lambda a: a[:, ::-1, ::-1],
    "Fortran": np.asfortranarray,
    "broadcast": lambda a: np.broadcast_to(a[:, :, :1], a.shape),
    "misaligned": lambda a: np.frombuffer(b"\0" + a.tobytes(), np.uint8)[1:].view(np.float32).reshape(a.shape),
    "read-only": lambda a: np.frombuffer(a.tobytes(), np.float32).reshape(a.shape),
    "float64": lambda a: a.astype(np.float64),
    "big-endian": lambda a: a.astype(">f4"),
    "big-endian float64": lambda a: a.astype(">f8"),
    "float16": lambda a: a.astype(np.float16),
    "int8": lambda a: a.astype(np.int8),
}
IN_PLACE = {"read-only"}  # these need no copy
REFUSED = {"float64", "big-endian", "big-endian float64", "float16", "int8"}  # these are no float32
