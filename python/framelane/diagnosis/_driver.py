"""What this machine has of NVIDIA's: the driver, the devices, and whether a container hides them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _driver_probe
from ._environment import read_text
from ._search import Found, Loader

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATIENCE = 30.0  # seconds that the driver gets to answer
_NVIDIA = "0x10de"  # vendor on the PCI bus
_DISPLAY = "0x03"  # first byte of the class of a GPU


@dataclass(frozen=True)
class DriverFacts:
    """What was seen.

    Attributes
    ----------
    library : str
        File of ``libcuda.so.1``; empty where there is none.
    word, code : str, int
        The driver's own word for why it has no device, with its number; empty and 0 where it has.
    version : int
        The CUDA that it runs, such as 12040 for 12.4; 0 when not known.
    devices : tuple of str
        Names of its devices.
    nodes : tuple of str
        The GPUs in ``/dev``, such as ``/dev/nvidia0``; ``/dev/dxg`` under WSL.
    closed_nodes : tuple of str
        Those of them, and of the control devices, that this user may not open.
    kernel : str
        Version of the kernel module that is loaded; empty without one.
    hardware : int
        NVIDIA's GPUs on the PCI bus.
    container : str
        ``"docker"``, ``"podman"``, ``"kubernetes"``, ``"a container"``; empty outside of one.
    visible : str or None
        Value of NVIDIA_VISIBLE_DEVICES, by which the container's runtime knows what to hand in.
    cuda_visible : str or None
        Value of CUDA_VISIBLE_DEVICES, by which the driver hides devices.
    system : str
        ID of the distribution, such as ``"debian"``.
    """

    library: str = ""
    word: str = ""
    code: int = 0
    version: int = 0
    devices: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    closed_nodes: tuple[str, ...] = ()
    kernel: str = ""
    hardware: int = 0
    container: str = ""
    visible: str | None = None
    cuda_visible: str | None = None
    system: str = ""


def driver_facts(
    *, root: Path = Path("/"), environ: Mapping[str, str] | None = None, library: str | None = None
) -> DriverFacts:
    """Look for driver and devices; the driver is asked in a process of its own, which has half a minute.

    Parameters
    ----------
    root : Path
        Where ``dev``, ``proc`` and ``sys`` are.
    environ : mapping
        Instead of this process's environment.
    library : str
        Instead of the ``libcuda.so.1`` that the loader finds.
    """
    environ = os.environ if environ is None else environ
    file = _libcuda(environ) if library is None else library
    said = _ask(file) if file else {}
    nodes = sorted(str(node) for node in (root / "dev").glob("nvidia[0-9]*")) or _wsl(root)
    control = [str(root / "dev" / name) for name in ("nvidiactl", "nvidia-uvm") if (root / "dev" / name).exists()]
    return DriverFacts(
        library=file,
        word=str(said.get("word", "")),
        code=int(said.get("code", 0)),
        version=int(said.get("version", 0)),
        devices=tuple(map(str, said.get("devices", ()))),
        nodes=tuple(nodes),
        closed_nodes=tuple(node for node in [*nodes, *control] if not os.access(node, os.R_OK | os.W_OK)),
        kernel=_kernel(root),
        hardware=sum(map(_is_gpu, (root / "sys/bus/pci/devices").glob("*"))),
        container=_container(root, environ),
        visible=environ.get("NVIDIA_VISIBLE_DEVICES"),
        cuda_visible=environ.get("CUDA_VISIBLE_DEVICES"),
        system=_system(root),
    )


def _libcuda(environ: Mapping[str, str]) -> str:
    result = Loader(ld_library_path=environ.get("LD_LIBRARY_PATH", "")).find("libcuda.so.1")[0]
    return result.path if isinstance(result, Found) else ""


def _ask(library: str) -> dict[str, Any]:
    command = [sys.executable, "-I", _driver_probe.__file__, library]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return {"word": f"no answer within {_PATIENCE:.0f} s", "code": -1}
    except OSError as error:
        return {"word": f"it cannot be asked: {error.strerror}", "code": -1}
    if done.returncode:
        return {"word": f"asking it ended the process that asked, with status {done.returncode}", "code": -1}
    try:
        return dict(json.loads(done.stdout))
    except ValueError:
        return {"word": "it answered nothing that can be read", "code": -1}


def _wsl(root: Path) -> list[str]:
    return [str(root / "dev/dxg")] if (root / "dev/dxg").exists() else []


def _kernel(root: Path) -> str:
    match = re.search(r"Module\D+(\d+(?:\.\d+)+)", read_text(root / "proc/driver/nvidia/version"))
    return match[1] if match else ""


def _is_gpu(device: Path) -> bool:
    vendor, kind = read_text(device / "vendor").strip(), read_text(device / "class")
    return vendor == _NVIDIA and kind.startswith(_DISPLAY)


def _container(root: Path, environ: Mapping[str, str]) -> str:
    if "KUBERNETES_SERVICE_HOST" in environ:
        return "kubernetes"
    if (root / ".dockerenv").exists():
        return "docker"
    if (root / "run/.containerenv").exists():
        return "podman"
    groups = read_text(root / "proc/1/cgroup")
    if re.search(r"docker|containerd|kubepods|libpod|lxc", groups) or environ.get("container"):
        return "a container"
    return ""


def _system(root: Path) -> str:
    match = re.search(r"^ID=\"?([\w.-]+)", read_text(root / "etc/os-release"), re.M)
    return match[1] if match else ""
