"""The errors that framelane raises. ``src/core/error.hpp`` has the same tree, class by class.

::

    FramelaneError
      LoadError                  a library or model could not be loaded
        MissingLibraryError        a library is nowhere to be found
        LibraryVersionError        a library is there in the wrong version
        NoDeviceError              the libraries are there, the device is not
        RuntimeNotInstalledError   no ONNX Runtime, or a broken one
        ModelError                 the model is missing, damaged or not supported
      PlacementError             nodes are not where they were asked to be
      RingError
        RingClosed                 put after close, or get after the last item
        RingFull                   put into a full ring with overflow=RAISE
        RingTimeout                a put or get waited too long (also TimeoutError)
        PeerDied                   the process at the other end is gone
      StageError                 a stage raised; the original is __cause__
      StallError                 a stage is stuck
      ShapeError                 a tensor does not fit (also ValueError)
      VideoError                 a video, picture or sound could not be read or written
      DeviceMemoryError          no memory left (also MemoryError)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._placement import Placement


class FramelaneError(Exception):
    """Base of all errors that framelane raises on purpose."""


class LoadError(FramelaneError):
    """A library or model could not be loaded; the text names the file and the cure."""


class MissingLibraryError(LoadError):
    """A library is nowhere to be found."""


class LibraryVersionError(LoadError):
    """A library is there, but in a version that does not fit."""


class NoDeviceError(LoadError):
    """The libraries are there, the device is not."""


class RuntimeNotInstalledError(LoadError):
    """ONNX Runtime is not installed, or its installation is broken."""


class ModelError(LoadError):
    """The model is missing, damaged, or of a kind that the runtime does not support."""


class PlacementError(FramelaneError):
    """Nodes of the model are not on the device that was asked for.

    Attributes
    ----------
    placement : Placement or None
        Where all of them are; None where that could not be found out.
    """

    placement: Placement | None = None


class RingError(FramelaneError):
    """Base of what a ring raises."""


class RingClosed(RingError):  # noqa: N818 - a state, not a fault
    """The ring is closed: nothing can be put, or nothing is left to get."""


class RingFull(RingError):  # noqa: N818
    """The ring is full and its overflow policy is RAISE."""


class RingTimeout(RingError, TimeoutError):  # noqa: N818
    """A put or get waited longer than its timeout."""


class PeerDied(RingError):  # noqa: N818
    """The process at the other end of a shared ring is gone."""


class StageError(FramelaneError):
    """A stage of a pipeline raised; the original exception is ``__cause__``.

    Attributes
    ----------
    stage : str
        Name of the stage.
    frame_index : int or None
        Index of the frame that it was working on; None when it was on none.
    """

    stage: str = ""
    frame_index: int | None = None


class StallError(FramelaneError):
    """A stage of a pipeline is stuck: no frame left it and it used no processor time.

    Attributes
    ----------
    stage : str
        Name of the stage.
    seconds : float
        How long it has been stuck.
    frame_index : int or None
        Index of the frame that it is working on.
    """

    stage: str = ""
    seconds: float = 0.0
    frame_index: int | None = None


class ShapeError(FramelaneError, ValueError):
    """A tensor has the wrong name, rank, size, dtype or layout."""


class VideoError(FramelaneError):
    """A video, a picture or its sound could not be read or written; the text names the file and the cure."""


class DeviceMemoryError(FramelaneError, MemoryError):
    """A device has no memory left.

    Attributes
    ----------
    asked, free, total : int
        Bytes.
    """

    asked: int = 0
    free: int = 0
    total: int = 0
