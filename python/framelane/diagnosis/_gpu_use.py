"""How much of each GPU a process uses, as NVIDIA's management library (NVML) tells it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True)
class GpuUse:
    """One process on one GPU.

    Attributes
    ----------
    index, name : int, str
        The GPU.
    memory : int or None
        Bytes that the process holds there; None where the driver does not tell.
    utilization : int or None
        Percent of the time that its kernels ran, the highest sample of the interval; None where the driver does not
        tell.
    """

    index: int
    name: str
    memory: int | None
    utilization: int | None


@dataclass(frozen=True)
class GpuReport:
    """`uses` by process; `unknown` says why there are none to be had, `others` counts the processes of others."""

    uses: dict[int, tuple[GpuUse, ...]]
    unknown: str | None = None
    others: int = 0


def gpu_report(pids: Collection[int], seconds: float) -> GpuReport:
    """Ask NVML for the use that processes made of the GPUs in the last seconds."""
    try:
        import pynvml
    except ImportError:
        return GpuReport({}, "NVML's Python package is not installed: pip install nvidia-ml-py")
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return GpuReport({}, f"no NVIDIA driver answers ({error})")
    try:
        return _report(pynvml, pids, seconds)
    except pynvml.NVMLError as error:
        return GpuReport({}, f"the NVIDIA driver refuses ({error})")
    finally:
        pynvml.nvmlShutdown()


def _report(nvml: Any, pids: Collection[int], seconds: float) -> GpuReport:
    uses: dict[int, list[GpuUse]] = {}
    others = 0
    for index in range(nvml.nvmlDeviceGetCount()):
        gpu = nvml.nvmlDeviceGetHandleByIndex(index)
        name = nvml.nvmlDeviceGetName(gpu)
        busy = _utilization(nvml, gpu, seconds)
        for running in nvml.nvmlDeviceGetComputeRunningProcesses(gpu):
            if running.pid not in pids:
                others += 1
                continue
            percent = None if busy is None else busy.get(running.pid, 0)
            name = name.decode() if isinstance(name, bytes) else name
            uses.setdefault(running.pid, []).append(GpuUse(index, name, running.usedGpuMemory, percent))
    return GpuReport({pid: tuple(found) for pid, found in uses.items()}, others=others)


def _utilization(nvml: Any, gpu: Any, seconds: float) -> dict[int, int] | None:
    """Percent by process; None where the driver does not tell (MIG, old GPUs)."""
    since = int((time.time() - max(seconds, 1.0)) * 1e6)
    try:
        samples = nvml.nvmlDeviceGetProcessUtilization(gpu, since)
    except nvml.NVMLError_NotFound:  # nothing ran on it in that time
        return {}
    except nvml.NVMLError:
        return None
    found: dict[int, int] = {}
    for sample in samples:
        found[sample.pid] = max(found.get(sample.pid, 0), sample.smUtil)
    return found
