"""Judges what was seen of driver, devices and container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._check import failed, passed

if TYPE_CHECKING:
    from ._check import Check
    from ._driver import DriverFacts

DRIVER, DEVICES, CONTAINER = "driver", "devices", "container"

_RUN = "docker run --gpus all"
_INSTALL = {
    "ubuntu": "sudo ubuntu-drivers install",
    "debian": "sudo apt-get install nvidia-driver",
    "fedora": "sudo dnf install akmod-nvidia xorg-x11-drv-nvidia-cuda",
    "arch": "sudo pacman -S nvidia-utils nvidia",
}
_HAND_IN = {
    "docker": f"{_RUN} IMAGE (on the host; first there: sudo apt-get install nvidia-container-toolkit)",
    "podman": "podman run --device nvidia.com/gpu=all IMAGE (on the host)",
    "kubernetes": "kubectl set resources deployment NAME --limits=nvidia.com/gpu=1",
}
_NO_DEVICE, _MISMATCH, _NOT_SUPPORTED, _UNKNOWN = 100, 803, 804, 999  # CUresult


def driver_checks(facts: DriverFacts, cuda_major: int | None) -> list[Check]:
    """Return the links from the driver to the devices.

    Parameters
    ----------
    facts : DriverFacts
        What was seen.
    cuda_major : int or None
        The CUDA that the provider needs.
    """
    return [_driver(facts, cuda_major), _devices(facts), _container(facts)]


def _driver(facts: DriverFacts, cuda_major: int | None) -> Check:
    if not facts.library:
        return failed(DRIVER, _without_library(facts), _hand_in_or(facts, _install(facts)))
    runs = f"CUDA up to {facts.version // 1000}.{facts.version % 1000 // 10}" if facts.version else "unknown CUDA"
    if facts.word:
        code = f" (CUDA error {facts.code})" if facts.code > 0 else ""
        return failed(DRIVER, f"{facts.library} says: {facts.word}{code}", _cure_of(facts))
    if cuda_major and facts.version and facts.version // 1000 < cuda_major:
        seen = f"{facts.library} runs {runs}, and ONNX Runtime's provider is for CUDA {cuda_major}"
        return failed(DRIVER, seen, _install(facts))
    return passed(DRIVER, f"{facts.library} runs {runs}: {_counted(facts.devices)}")


def _without_library(facts: DriverFacts) -> str:
    if facts.container:
        return f"libcuda.so.1 is not here: the driver's libraries were not handed into {_article(facts.container)}"
    if facts.kernel:
        return f"the kernel has NVIDIA's module {facts.kernel}, but libcuda.so.1 is not installed"
    if facts.hardware:
        return f"{facts.hardware} of NVIDIA's GPUs are in this machine, and no driver is installed (no libcuda.so.1)"
    return "this machine has neither an NVIDIA GPU on its bus nor a driver (no libcuda.so.1)"


def _article(container: str) -> str:
    return container if container == "a container" else f"this {container} container"


def _counted(devices: tuple[str, ...]) -> str:
    return f"{len(devices)} device{'' if len(devices) == 1 else 's'} ({', '.join(devices)})"


def _install(facts: DriverFacts) -> str:
    return _INSTALL.get(facts.system, "sudo sh NVIDIA-Linux-x86_64-*.run (from nvidia.com/drivers)")


def _hand_in_or(facts: DriverFacts, otherwise: str) -> str:
    return _HAND_IN.get(facts.container, _HAND_IN["docker"]) if facts.container else otherwise


def _cure_of(facts: DriverFacts) -> str:
    if _hidden(facts):
        return "unset CUDA_VISIBLE_DEVICES"
    if facts.code == _NO_DEVICE and not facts.nodes:
        return _hand_in_or(facts, "sudo nvidia-modprobe -c 0 -u")
    if facts.code in (_MISMATCH, _NOT_SUPPORTED):  # libraries of one version, kernel module of another
        return "sudo reboot"
    if facts.code == _UNKNOWN:
        return "sudo nvidia-modprobe -c 0 -u"
    return "sudo dmesg | grep -i -e nvrm -e nvidia"


def _hidden(facts: DriverFacts) -> bool:
    return facts.cuda_visible is not None and facts.cuda_visible.strip() in ("", "-1", "NoDevFiles")


def _devices(facts: DriverFacts) -> Check:
    if _hidden(facts):
        return failed(
            DEVICES, f"CUDA_VISIBLE_DEVICES={facts.cuda_visible!r} hides every device", "unset CUDA_VISIBLE_DEVICES"
        )
    if not facts.nodes:
        fix = _hand_in_or(facts, "sudo nvidia-modprobe -c 0 -u" if facts.kernel else _install(facts))
        return failed(DEVICES, "there is no /dev/nvidia0", fix)
    if facts.closed_nodes:
        seen = f"this user may not open {', '.join(facts.closed_nodes)}"
        return failed(DEVICES, seen, 'sudo usermod -aG video,render "$USER" && newgrp video')
    return passed(DEVICES, ", ".join(facts.nodes))


def _container(facts: DriverFacts) -> Check:
    if not facts.container:
        return passed(CONTAINER, "not in one")
    visible = (
        "NVIDIA_VISIBLE_DEVICES is not set" if facts.visible is None else f"NVIDIA_VISIBLE_DEVICES={facts.visible}"
    )
    where = _article(facts.container)
    if facts.nodes:
        return passed(CONTAINER, f"{where}, with {', '.join(facts.nodes)} ({visible})")
    return failed(CONTAINER, f"{where} was started without GPUs: no /dev/nvidia0, {visible}", _hand_in_or(facts, ""))
