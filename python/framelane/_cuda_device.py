"""Whether a CUDA device is there: the driver's own word."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ._errors import LibraryVersionError, NoDeviceError

if TYPE_CHECKING:
    from types import ModuleType


def require_device(native: ModuleType, device: str, index: int) -> None:
    """See that device number `index` can be used.

    Parameters
    ----------
    native : module
        ``_cuda12`` or ``_cuda13``.
    device : str
        As the user wrote it, for the text.
    index : int
        Its number.

    Raises
    ------
    NoDeviceError
        No driver, none for this device, or fewer devices.
    LibraryVersionError
        The driver is too old for this CUDA.
    """
    file, word, version, _ = native.driver()
    if not file:
        raise NoDeviceError(
            f"device {device!r} cannot be used: there is no NVIDIA driver here ({word}); CUDA's own libraries are all "
            "loaded. Install the driver, or start the container with its devices (docker run --gpus all)"
        )
    needs = native.runtime_version() // 1000
    if not word and version // 1000 < needs:
        raise LibraryVersionError(
            f"device {device!r} cannot be used: the driver ({file}) runs CUDA up to {_text(version)}, and the "
            f"libraries are those of CUDA {_text(native.runtime_version())}; install a newer driver"
        )
    try:
        count = native.device_count()
    except NoDeviceError as error:
        said = f"{file}: {word}; {error}" if word else f"{file}: {error}"
        raise NoDeviceError(f"device {device!r} cannot be used: the driver says {said}{_hidden()}") from error
    if not 0 <= index < count:
        last = f"cuda:{count - 1}"
        have = "one device, cuda:0" if count == 1 else f"{count} devices, cuda:0 to {last}"
        raise NoDeviceError(f"device {device!r} is not there: the driver has {have}{_hidden()}")


def _text(version: int) -> str:
    return f"{version // 1000}.{version % 1000 // 10}"


def _hidden() -> str:
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    return "" if shown is None else f" (CUDA_VISIBLE_DEVICES={shown!r} hides others from this process)"
