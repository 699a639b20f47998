"""The devices that a session can run on: found, listed, and made ready."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from . import _core
from ._errors import LoadError, NoDeviceError
from ._placement import CPU_PROVIDER
from ._provider_packages import ProviderPackage, installed_packages, register
from ._runtime import ensure_runtime

CUDA_PROVIDERS = {
    "cuda": ("CUDAExecutionProvider",),
    "tensorrt": ("TensorrtExecutionProvider", "CUDAExecutionProvider"),
}
_NAME = re.compile(r"([a-z0-9_]+)(?::(\d{1,3}))?")


@dataclass(frozen=True, slots=True)
class Device:
    """A device that a `Session` can run on, or cannot and why.

    Attributes
    ----------
    name : str
        What to give as ``device=``: ``"cpu"``, ``"webgpu:0"``.
    provider : str
        ONNX Runtime's name of what runs networks there.
    hardware : {"cpu", "gpu", "npu", ""}
        What it is; a provider in software says ``"cpu"``. Empty where it is not known.
    vendor : str
        Who made the hardware.
    library, version : str
        The provider's file and its version, where it tells.
    streams : bool
        Whether several runs can be under way at once. Without, runs take turns.
    memory : bool
        Whether it has memory of its own, to which frames are copied.
    problem : str
        Why it cannot be used; empty when it can.
    """

    name: str
    provider: str
    hardware: str = ""
    vendor: str = ""
    library: str = ""
    version: str = ""
    streams: bool = False
    memory: bool = False
    problem: str = ""

    def __str__(self) -> str:
        if self.problem:
            return f"{self.name}: {self.problem}"
        parts = [" ".join(part for part in (self.vendor, self.hardware.upper()) if part)]
        parts.append(f"{self.provider} {self.version}".rstrip())
        parts.append("several streams" if self.streams else "one run at a time" if self.memory else "")
        return f"{self.name}: {', '.join(part for part in parts if part)}"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a session is to run, ready to be loaded.

    Attributes
    ----------
    device : str
        As the user wrote it.
    kind : str
        Without its number.
    provider : str
        ONNX Runtime's name; empty for the CPU.
    index : int
        Which of the provider's devices.
    providers : tuple of str
        Providers whose nodes count as being on the device.
    """

    device: str
    kind: str = "cpu"
    provider: str = ""
    index: int = 0
    providers: tuple[str, ...] = (CPU_PROVIDER,)

    def native(self) -> dict[str, Any]:
        """Return the fields of ``ort::DeviceOptions``."""
        return {"provider": self.provider, "provider_index": self.index, "provider_options": []}


CPU = Target("cpu")


def devices() -> list[Device]:
    """List the devices that sessions can run on here, and those that are installed and cannot be used.

    Returns
    -------
    list of Device
        The CPU first.

    Raises
    ------
    RuntimeNotInstalledError, LibraryVersionError
        ONNX Runtime is missing, broken or too old.

    Notes
    -----
    Thread-safe. The first call loads the provider libraries that are installed.

    Examples
    --------
    >>> for device in framelane.devices():
    ...     print(device)
    """
    version = ensure_runtime()
    found = [Device("cpu", CPU_PROVIDER, "cpu", version=version, streams=True)]
    for package in installed_packages().values():
        try:
            found += _devices_of(package)
        except LoadError as error:
            found.append(Device(package.kind, ", ".join(package.providers), problem=str(error)))
    return found


def parse_device(device: str) -> tuple[str, int]:
    """Split ``"cuda:1"`` into kind and number.

    Raises
    ------
    NoDeviceError
        There is no such kind of device; lists what there is.
    """
    match = _NAME.fullmatch(device) if isinstance(device, str) else None
    kind, number = (match[1], int(match[2] or 0)) if match else ("", 0)
    if device == "cpu" or kind in CUDA_PROVIDERS or (kind and kind in installed_packages()):
        return kind, number
    have = ["cpu", *installed_packages()]
    raise NoDeviceError(
        f"unknown device {device!r}; there is: {', '.join(have)}, and cuda:N and tensorrt:N with framelane[cuda12] or "
        "framelane[cuda13]. More come as packages: pip install onnxruntime-ep-webgpu brings webgpu"
    )


def prepare_device(device: str) -> Target:
    """Load what a device needs and see that it is there.

    Raises
    ------
    NoDeviceError
        The device is unknown or not there.
    MissingLibraryError, LibraryVersionError, RuntimeNotInstalledError, LoadError
        What it needs is missing, in another version, or cannot be loaded; with the cure.
    """
    kind, index = parse_device(device)
    if kind == "cpu":
        return CPU
    if kind in CUDA_PROVIDERS:
        return _prepare_cuda(device, kind, index)
    package = installed_packages()[kind]
    listed = _listed(package)
    if not listed:
        raise NoDeviceError(_none_listed(package, device))
    if index >= len(listed):
        raise NoDeviceError(f"device {device!r} is not there: {kind} has {_count(kind, len(listed))}")
    provider = listed[index]["provider"]
    before = sum(other["provider"] == provider for other in listed[:index])
    return Target(device, kind, provider, before, package.providers)


def _prepare_cuda(device: str, kind: str, index: int) -> Target:
    from ._cuda import prepare

    try:
        prepare(kind, index)
    except LoadError as error:
        if repr(device) in str(error):
            raise
        raise type(error)(f"device {device!r} cannot be used: {error}") from error
    providers = CUDA_PROVIDERS[kind]
    return Target(device, kind, providers[0], index, providers)


def _listed(package: ProviderPackage) -> list[dict[str, Any]]:
    ensure_runtime()
    register(package)
    return [device for device in _core.provider_devices() if device["provider"] in package.providers]


def _devices_of(package: ProviderPackage) -> list[Device]:
    listed = _listed(package)
    if not listed:
        return [Device(package.kind, ", ".join(package.providers), problem=_none_listed(package, package.kind))]
    return [_described(f"{package.kind}:{number}", device) for number, device in enumerate(listed)]


def _described(name: str, found: dict[str, Any]) -> Device:
    fields = ("provider", "hardware", "vendor", "library", "version", "streams", "memory")
    return Device(name, **{field: found[field] for field in fields})


def _none_listed(package: ProviderPackage, device: str) -> str:
    return (
        f"device {device!r} cannot be used: {package.distribution} is installed and {', '.join(package.providers)} "
        "finds no device on this machine that it runs on; install the driver of the device (for a GPU through Vulkan: "
        "libvulkan1 and the vendor's driver), or start the container with its devices"
    )


def _count(kind: str, count: int) -> str:
    return f"one device, {kind}:0" if count == 1 else f"{count} devices, {kind}:0 to {kind}:{count - 1}"
