"""An inspection as text and as JSON."""

from __future__ import annotations

import re
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._activity import Activity, Thread
    from ._inspect import Inspection, ProcessReport
    from ._process import MappedFile

_LABEL = 17  # columns
_THREADS = 24  # that are shown; the JSON object has them all
_FRAMES = 4  # of a stack that are shown
_COMMAND = 160  # characters


def as_text(inspection: Inspection) -> str:
    """Lay an inspection out as lines, the verdict first."""
    lines = [inspection.verdict.text]
    if inspection.verdict.fix:
        lines.append(f"fix: {inspection.verdict.fix}")
    lines += [f"note: {note}" for note in inspection.notes]
    if inspection.gpu.unknown:
        lines.append(f"note: what the driver knows of the GPUs is not checkable: {inspection.gpu.unknown}")
    for report in inspection.reports:
        lines += ["", *_process_lines(report, inspection)]
    return "\n".join(lines)


def as_dict(inspection: Inspection) -> dict[str, Any]:
    """Put an inspection into what JSON holds."""
    return {
        "pid": inspection.pid,
        "healthy": inspection.healthy,
        "verdict": inspection.verdict.text,
        "place": inspection.verdict.place.value,
        "fix": inspection.verdict.fix,
        "seconds": inspection.seconds,
        "gpu_unknown": inspection.gpu.unknown,
        "notes": list(inspection.notes),
        "processes": [_process_dict(report) for report in inspection.reports],
    }


def role_of(command: tuple[str, ...]) -> str:
    """Say what Python's multiprocessing has started a process for; empty for any other process."""
    text = " ".join(command)
    if "--multiprocessing-fork" in command:
        return "multiprocessing child, spawned"
    helper = re.search(r"from multiprocessing\.(resource_tracker|forkserver) import main", text)
    return f"multiprocessing's {helper[1].replace('_', ' ')}" if helper else ""


def _process_lines(report: ProcessReport, inspection: Inspection) -> list[str]:
    process = report.process
    role = role_of(process.command)
    lines = [f"process {process.pid}{f' ({role})' if role else ''}: {_shortened(_command(process.command))}"]
    rows = [("verdict", report.verdict.text)]
    if process.unreadable is None and process.state not in "ZX":
        rows += [*_link_rows(report), *_missing_rows(report), *_gpu_rows(report, inspection), *_path_rows(report)]
    if report.activity.memory:
        rows += [("memory", _memory(report.activity)), ("processor", f"{report.activity.processor:.2f} used")]
    rows += [("note", note) for note in report.notes]
    rows += _thread_rows(report)
    return lines + [f"  {label:<{_LABEL}} {text}" for label, text in rows]


def _command(command: tuple[str, ...]) -> str:
    return shlex.join(command).replace("\n", "\\n") or "(no command line)"


def _shortened(text: str) -> str:
    return text if len(text) <= _COMMAND else f"{text[: _COMMAND - 3]}..."


def _link_rows(report: ProcessReport) -> list[tuple[str, str]]:
    parts = report.parts
    context = f"yes: {', '.join(parts.gpus)}" if parts.has_context else "none"
    if not parts.has_context:
        context += f" ({', '.join(parts.devices)} open)" if parts.devices else " (no /dev/nvidia* is open)"
    rows = [("executable", report.process.executable or "?")]
    if not (parts.runtimes or parts.cudnn or parts.cuda or parts.devices):
        return [*rows, ("libraries", "neither ONNX Runtime nor CUDA is loaded")]
    if report.process.is_python:
        rows += [("ONNX Runtime", _files(parts.runtimes)), ("CUDA provider", _files(parts.providers))]
    if parts.other_providers:
        rows += [("other providers", _files(parts.other_providers))]
    return [*rows, ("cuDNN", _files(parts.cudnn)), ("CUDA libraries", _files(parts.cuda)), ("CUDA context", context)]


def _files(files: tuple[MappedFile, ...]) -> str:
    """Names by folder."""
    folders: dict[str, list[str]] = {}
    for file in files:
        folders.setdefault(file.folder, []).append(file.name + (" (deleted)" if file.deleted else ""))
    return "; ".join(f"{', '.join(names)} from {folder}" for folder, names in folders.items()) or "not loaded"


def _missing_rows(report: ProcessReport) -> Iterable[tuple[str, str]]:
    if report.missing is None or not report.missing.found_in:
        return []
    return [("to be found in" if number == 0 else "", folder) for number, folder in enumerate(report.missing.found_in)]


def _gpu_rows(report: ProcessReport, inspection: Inspection) -> Iterable[tuple[str, str]]:
    if inspection.gpu.unknown:
        return []
    words = []
    for use in report.gpus:
        memory = "memory unknown" if use.memory is None else f"{use.memory / 2**20:,.0f} MiB"
        busy = "utilization unknown" if use.utilization is None else f"{use.utilization} % busy"
        words.append(f"{use.index} ({use.name}): {memory}, {busy}")
    return [("GPU by the driver", "; ".join(words) or "not among its processes")]


def _path_rows(report: ProcessReport) -> Iterable[tuple[str, str]]:
    if not report.library_path:
        return [("LD_LIBRARY_PATH", "not set when it was started")]
    folders = [f"{folder.path}{'' if folder.exists else '   <- no such folder'}" for folder in report.library_path]
    return [("LD_LIBRARY_PATH" if number == 0 else "", folder) for number, folder in enumerate(folders)]


def _memory(activity: Activity) -> str:
    last, growth = activity.memory[-1] / 2**20, activity.growth / 2**20
    return f"{last:,.0f} MiB, {growth:+,.1f} MiB/s over {activity.seconds:.1f} s"


def _thread_rows(report: ProcessReport) -> list[tuple[str, str]]:
    threads = sorted(report.activity.threads, key=lambda one: (-one.processor, one.tid))
    with_stack = [one for one in threads if one.tid in report.stacks.frames]
    shown = (with_stack + [one for one in threads if one not in with_stack])[:_THREADS]
    rows = [(f"thread {one.tid}", _thread(one, report.stacks.frames.get(one.tid, ()))) for one in shown]
    if len(threads) > len(shown):
        rows.append(("", f"and {len(threads) - len(shown)} more threads"))
    rows += [("Python thread", f"{name}: {_stack(frames)}") for name, frames in report.stacks.unnumbered.items()]
    if report.stacks.unknown:
        rows.append(("Python stacks", f"not checkable: {report.stacks.unknown}"))
    return rows


def _thread(thread: Thread, frames: tuple[str, ...]) -> str:
    words = f"{thread.name}: {thread.waits}, {thread.processor:.0%} of a processor"
    return f"{words}: {_stack(frames)}" if frames else words


def _stack(frames: tuple[str, ...]) -> str:
    return " < ".join(frames if len(frames) <= _FRAMES else (*frames[:_FRAMES], "..."))


def _process_dict(report: ProcessReport) -> dict[str, Any]:
    process, parts, activity = report.process, report.parts, report.activity
    links = ("runtimes", "providers", "other_providers", "cudnn", "cuda", "driver", "frameworks")
    return {
        "pid": process.pid,
        "parent": process.parent,
        "role": role_of(process.command),
        "command": list(process.command),
        "executable": process.executable,
        "user": process.user,
        "state": process.state,
        "in_container": process.in_container,
        "verdict": report.verdict.text,
        "place": report.verdict.place.value,
        "fix": report.verdict.fix,
        "missing": None if report.missing is None else asdict(report.missing),
        "libraries": {link: [asdict(file) for file in getattr(parts, link)] for link in links},
        "devices": list(parts.devices),
        "cuda_context": parts.has_context,
        "gpus": [asdict(use) for use in report.gpus],
        "library_path": [asdict(folder) for folder in report.library_path],
        "memory": list(activity.memory),
        "processor": activity.processor,
        "threads": [
            asdict(one) | {"waits": one.waits, "stack": list(report.stacks.frames.get(one.tid, ()))}
            for one in activity.threads
        ],
        "other_stacks": {name: list(frames) for name, frames in report.stacks.unnumbered.items()},
        "stacks_unknown": report.stacks.unknown,
        "notes": list(report.notes),
    }
