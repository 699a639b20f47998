"""Moves video frames through ONNX models: bounded rings, zero-copy frames, and proof of where every node ran."""

from __future__ import annotations

from ._core import FramePool, Ring, Tensor
from ._errors import (
    DeviceMemoryError,
    FramelaneError,
    LibraryVersionError,
    LoadError,
    MissingLibraryError,
    ModelError,
    NoDeviceError,
    PeerDied,
    PlacementError,
    RingClosed,
    RingError,
    RingFull,
    RingTimeout,
    RuntimeNotInstalledError,
    ShapeError,
    StageError,
    StallError,
    VideoError,
)
from ._frame import Frame
from ._npz import NpzWriter
from ._pack import pack, unpack
from ._records import JsonlWriter
from ._ring import Overflow, RingStats

__version__ = "0.1.0"

__all__ = [
    "DeviceMemoryError",
    "Frame",
    "FramePool",
    "FramelaneError",
    "JsonlWriter",
    "LibraryVersionError",
    "LoadError",
    "MissingLibraryError",
    "ModelError",
    "NoDeviceError",
    "NpzWriter",
    "Overflow",
    "PeerDied",
    "PlacementError",
    "Ring",
    "RingClosed",
    "RingError",
    "RingFull",
    "RingStats",
    "RingTimeout",
    "RuntimeNotInstalledError",
    "ShapeError",
    "StageError",
    "StallError",
    "Tensor",
    "VideoError",
    "pack",
    "unpack",
]

for _name in __all__:
    if isinstance(_public := globals()[_name], type):
        _public.__module__ = __name__
del _name, _public
