"""Puts what is known of a process, and of all processes of a service, into one sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ._library_path import inside
from ._parts import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._missing import Missing
    from ._parts import Parts
    from ._process import Process

_IDLE = 0.1  # processors
_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")  # Docker's and Podman's


class Place(Enum):
    """Where a process computes."""

    GPU = "gpu"
    CPU = "cpu"  # although a session may have asked for the GPU
    UNASKED = "unasked"  # everything is there, but no session uses it
    DEAD = "dead"  # it has ended
    NONE = "none"  # it has no ONNX Runtime, or cannot be looked into


@dataclass(frozen=True)
class Verdict:
    """One sentence on a process, without its subject, and the command that mends it where there is one."""

    place: Place
    text: str
    fix: str | None = None


@dataclass(frozen=True)
class Evidence:
    """What a verdict is made from. `missing` is what the CUDA provider lacks, where it is not loaded."""

    process: Process
    parts: Parts
    has_provider_file: bool
    missing: Missing | None
    start_again: str


def judge(evidence: Evidence) -> Verdict:
    """Say where one process computes, and why there."""
    process, parts = evidence.process, evidence.parts
    if process.state in "ZX":
        how = f" {process.ended}" if process.ended else ""
        return Verdict(Place.DEAD, f"has died{how}, and process {process.parent} has not taken note of it (a zombie)")
    if process.unreadable is not None:
        return Verdict(Place.NONE, f"cannot be looked into: {process.unreadable}")
    if not parts.runtimes:
        return _without_runtime(process, parts)
    if parts.providers:
        return _with_provider(process, parts)
    return _without_provider(evidence)


def _without_runtime(process: Process, parts: Parts) -> Verdict:
    if parts.has_context:
        by = f" ({parts.frameworks[0].name})" if parts.frameworks else ""
        return Verdict(Place.GPU, f"has a CUDA context on {', '.join(parts.gpus)} without ONNX Runtime{by}")
    if not process.is_python:
        return Verdict(Place.NONE, "is not a Python process, and has loaded neither ONNX Runtime nor CUDA")
    return Verdict(Place.NONE, "has not loaded ONNX Runtime")


def _with_provider(process: Process, parts: Parts) -> Verdict:
    names = " and ".join(file.name for file in parts.providers)
    if parts.has_context:
        return Verdict(
            Place.GPU, f"runs on the GPU: {names} is loaded and has a CUDA context on {', '.join(parts.gpus)}"
        )
    why, fix = _without_context(process)
    return Verdict(Place.CPU, f"runs on the CPU: {names} is loaded, but there is no CUDA context, because {why}", fix)


def _without_context(process: Process) -> tuple[str, str | None]:
    hidden = (process.environment or {}).get("CUDA_VISIBLE_DEVICES", "0")
    if not re.match(r"\s*(\d|GPU-|MIG-)", hidden):  # CUDA stops at the first name that is none
        return f"CUDA_VISIBLE_DEVICES={hidden!r} hides every GPU", "start it without CUDA_VISIBLE_DEVICES"
    if not inside(process.root, "/dev/nvidiactl").exists() and not inside(process.root, "/dev/dxg").exists():
        if process.in_container or any(inside(process.root, mark).exists() for mark in _CONTAINER_MARKS):
            return "its container has no GPU (no /dev/nvidiactl)", "start the container with `docker run --gpus all`"
        return "there is no CUDA device (no /dev/nvidiactl)", "install the NVIDIA driver, then try `nvidia-smi`"
    return "no session has opened a device", None


def _without_provider(evidence: Evidence) -> Verdict:
    folder = evidence.parts.runtimes[0].folder
    if not evidence.has_provider_file:
        if evidence.parts.other_providers:
            names = ", ".join(file.name for file in evidence.parts.other_providers)
            return Verdict(
                Place.GPU, f"has loaded the provider {names}, of which /proc does not show whether it is used"
            )
        return Verdict(
            Place.CPU,
            f"runs on the CPU: the ONNX Runtime in {folder} has no CUDA provider",
            "pip uninstall -y onnxruntime && pip install onnxruntime-gpu",
        )
    if evidence.missing is None:
        text = f"has not loaded {PROVIDER}, although nothing is missing: no session has asked for CUDA yet"
        return Verdict(Place.UNASKED, text, 'onnxruntime.InferenceSession(MODEL, providers=["CUDAExecutionProvider"])')
    fix = evidence.start_again if evidence.missing.found_in else evidence.missing.fix
    return Verdict(Place.CPU, f"runs on the CPU: {PROVIDER} was never loaded, because {evidence.missing}", fix)


def overall(pid: int, verdicts: Sequence[tuple[Process, Verdict, float]]) -> Verdict:
    """Choose the verdict on a process and its children, each with the processors that it uses, and add its subject.

    A parent that only starts those who compute has often imported ONNX Runtime too: idle beside a process that is on
    the GPU it is no fault.
    """
    on_gpu = [one for one in verdicts if one[1].place is Place.GPU]
    faults = [one for one in verdicts if one[1].place is Place.CPU and not (on_gpu and one[2] < _IDLE)]
    others = [one for place in (Place.UNASKED, Place.DEAD) for one in verdicts if one[1].place is place]
    chosen = max(faults, key=lambda one: one[2]) if faults else (on_gpu or others or list(verdicts))[0]
    process, verdict, _ = chosen
    same = [str(one[0].pid) for one in verdicts if one[1].text == verdict.text and one is not chosen]
    child = f" (child of {process.parent})" if process.pid != pid else ""
    also = f"; the same holds for {', '.join(same)}" if same else ""
    return Verdict(verdict.place, f"process {process.pid}{child} {verdict.text}{also}", verdict.fix)
