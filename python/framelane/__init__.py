"""Moves video frames through ONNX models: bounded rings, zero-copy frames, and proof of where every node ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._core import BoundRun, FramePool, Ring, Tensor
from ._devices import Device, devices
from ._engine import Engine
from ._engine_stats import EngineStats
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
from ._frame_pool import FramePoolStats
from ._infer import Infer
from ._npz import NpzWriter
from ._pack import pack, unpack
from ._pipeline import Pipeline
from ._placement import CopyPlacement, NodePlacement, Placement, PlacementWarning
from ._postprocess import Postprocess
from ._preprocess import Preprocess
from ._records import JsonlWriter
from ._report import Report, RingReport, Snapshot, StageReport
from ._resize import resize
from ._ring import Overflow, RingStats
from ._session import ModelMetadata, Session, SessionStats
from ._session_options import SessionOptions
from ._shared_frame import SharedFrame, SharedSlot
from ._shared_ring import FrameFailure, SharedRing, SharedRingStats
from ._source import Zip
from ._stage import Stage
from ._tensor_info import TensorInfo

if TYPE_CHECKING:
    from .video import VideoReader, VideoWriter

__version__ = "0.1.0"

__all__ = [
    "BoundRun",
    "CopyPlacement",
    "Device",
    "DeviceMemoryError",
    "Engine",
    "EngineStats",
    "Frame",
    "FrameFailure",
    "FramePool",
    "FramePoolStats",
    "FramelaneError",
    "Infer",
    "JsonlWriter",
    "LibraryVersionError",
    "LoadError",
    "MissingLibraryError",
    "ModelError",
    "ModelMetadata",
    "NoDeviceError",
    "NodePlacement",
    "NpzWriter",
    "Overflow",
    "PeerDied",
    "Pipeline",
    "Placement",
    "PlacementError",
    "PlacementWarning",
    "Postprocess",
    "Preprocess",
    "Report",
    "Ring",
    "RingClosed",
    "RingError",
    "RingFull",
    "RingReport",
    "RingStats",
    "RingTimeout",
    "RuntimeNotInstalledError",
    "Session",
    "SessionOptions",
    "SessionStats",
    "ShapeError",
    "SharedFrame",
    "SharedRing",
    "SharedRingStats",
    "SharedSlot",
    "Snapshot",
    "Stage",
    "StageError",
    "StageReport",
    "StallError",
    "Tensor",
    "TensorInfo",
    "VideoError",
    "VideoReader",
    "VideoWriter",
    "Zip",
    "devices",
    "pack",
    "resize",
    "unpack",
]

# Public names that are imported at their first use, because they need what an extra installs.
_LAZY = {"VideoReader": "framelane.video", "VideoWriter": "framelane.video"}


def _published(value: Any) -> Any:
    """Let a class say that it is framelane's, not a private module's."""
    if isinstance(value, type):
        value.__module__ = __name__
    return value


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = _published(getattr(import_module(_LAZY[name]), name))
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


for _name in __all__:
    _published(globals().get(_name))
del _name
