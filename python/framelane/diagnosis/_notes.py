"""What is worth knowing of a process besides the verdict."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ._library_path import inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._gpu_use import GpuReport
    from ._parts import Parts
    from ._process import Process
    from ._stacks import Stacks


_FULL_QUEUE = re.compile(r"(\w+\.)?put \((.*/)?queues?\.py:")


def notes_on_files(parts: Parts) -> tuple[str, ...]:
    """Say what is odd about the libraries that one process has loaded."""
    notes = []
    loaded = (*parts.runtimes, *parts.providers, *parts.cudnn, *parts.cuda, *parts.driver)
    if gone := sorted({file.name for file in loaded if file.deleted}):
        notes.append(
            f"{', '.join(gone)}: deleted or replaced on disk since it was loaded, as by an upgrade; "
            "start the process again"
        )
    if len(folders := sorted({file.folder for file in parts.runtimes})) > 1:
        notes.append(
            f"two copies of ONNX Runtime are loaded, which can crash each other: from {' and from '.join(folders)}"
        )
    if len(folders := sorted({file.folder for file in parts.cudnn})) > 1:
        notes.append(
            f"cuDNN's parts come from several folders, which fails when their versions differ: {', '.join(folders)}; "
            "leave one of them in LD_LIBRARY_PATH"
        )
    return tuple(notes)


def notes_on_stacks(stacks: Stacks) -> tuple[str, ...]:
    """Say which thread waits to hand something on, as the producer of the incident did."""
    innermost = [frame for frames in (*stacks.frames.values(), *stacks.unnumbered.values()) for frame in frames[:2]]
    if any(map(_FULL_QUEUE.match, innermost)):
        return ("it waits for room in a full queue: whoever takes from that queue is slower, or does not take at all",)
    return ()


def notes_on(processes: Sequence[Process], gpu: GpuReport) -> tuple[str, ...]:
    """Say what is odd about the processes together."""
    known = {process.pid: process for process in processes}
    notes = []
    for process in processes:
        parent = known.get(process.parent)
        path, before = _library_path(process), _library_path(parent) if parent else None
        if path and before is not None and path != before:
            notes.append(
                f"process {process.parent} set LD_LIBRARY_PATH after its own start: its child {process.pid} was "
                "started with it, in itself the loader does not see it"
            )
    contained = [process for process in processes if process.in_container]
    if contained:
        notes.append(_on_container(contained[0]))
    if not gpu.uses and gpu.others:
        notes.append(
            f"the driver lists other processes ({gpu.others}); in a container it knows yours by other numbers: "
            "run this outside"
        )
    return tuple(notes)


def _library_path(process: Process) -> str | None:
    return None if process.environment is None else process.environment.get("LD_LIBRARY_PATH", "")


def _on_container(process: Process) -> str:
    note = f"process {process.pid} runs in a container: its paths are those inside"
    if inside(process.root, "/dev/nvidiactl").exists():
        return note
    devices = (process.environment or {}).get("NVIDIA_VISIBLE_DEVICES")
    given = "without NVIDIA_VISIBLE_DEVICES" if devices is None else f"with NVIDIA_VISIBLE_DEVICES={devices}"
    return f"{note}; it was started {given}, and has no /dev/nvidiactl"
