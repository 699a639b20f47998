"""Looks at a running process and its children: does it use the GPU, and if not, why."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._activity import Activity, watch
from ._gpu_use import GpuReport, GpuUse, gpu_report
from ._library_path import SearchedFolder, inside, searched_folders
from ._missing import Missing, missing_from
from ._notes import notes_on, notes_on_files, notes_on_stacks
from ._parts import PROVIDER, Parts, parts_of
from ._process import PROC, Process, ProcessError, descendants, read_process, thread_group
from ._stacks import Stacks, python_stacks
from ._verdict import Evidence, Place, Verdict, judge, overall

if TYPE_CHECKING:
    from pathlib import Path

_ENVIRONMENT = re.compile(r"(.+)/lib/python\d+\.\d+t?/(site|dist)-packages/")


@dataclass(frozen=True)
class ProcessReport:
    """All that is known of one process."""

    process: Process
    parts: Parts
    missing: Missing | None
    library_path: tuple[SearchedFolder, ...]
    activity: Activity
    stacks: Stacks
    gpus: tuple[GpuUse, ...]
    verdict: Verdict
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Inspection:
    """A process and its children, parents first, and the verdict on all of them.

    Attributes
    ----------
    pid : int
        The process that was asked for.
    seconds : float
        How long it was watched.
    verdict : Verdict
        One sentence, with the command that mends it where there is one.
    reports : tuple of ProcessReport
        One for each process.
    gpu : GpuReport
        What the driver tells of all of them, or why it does not.
    notes : tuple of str
        What was seen besides.
    """

    pid: int
    seconds: float
    verdict: Verdict
    reports: tuple[ProcessReport, ...]
    gpu: GpuReport
    notes: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether the service uses the GPU."""
        return self.verdict.place is Place.GPU


def inspect(pid: int, seconds: float = 3.0, proc: Path = PROC) -> Inspection:
    """Look at a process and its children for some seconds; nothing in them is stopped or changed.

    Parameters
    ----------
    pid : int
        Number of the process, or of one of its threads.
    seconds : float
        How long to watch memory, processor time and GPU.
    proc : Path
        Where /proc is.

    Raises
    ------
    ProcessError
        The process cannot be looked at: it is gone, another user's, a zombie or a thread of the kernel.
    """
    leader = thread_group(pid, proc)
    first = read_process(leader, proc)
    if first.state in "ZX":
        raise ProcessError(
            f"process {leader} has ended; only its exit status is left (a zombie), for its parent, "
            f"process {first.parent}, to collect: inspect that one"
        )
    if first.unreadable is not None:
        raise ProcessError(f"process {leader} cannot be looked into: {first.unreadable}")
    processes = [first, *_children(leader, proc)]
    alive = [one for one in processes if one.state not in "ZX"]
    activities = watch([(one.pid, one.started) for one in alive], seconds, proc)
    if activities[leader].ended:
        raise ProcessError(f"process {leader} ended while it was looked at; start it again, or inspect its parent")
    gpu = gpu_report([one.pid for one in alive], seconds)
    reports = [_report(one, first, activities.get(one.pid, Activity(seconds, (), ())), gpu) for one in processes]
    verdict = overall(leader, [(one.process, one.verdict, one.activity.processor) for one in reports])
    asked = (f"{pid} is a thread of process {leader}, which is shown",) if leader != pid else ()
    return Inspection(leader, seconds, verdict, tuple(reports), gpu, asked + notes_on(processes, gpu))


def _children(pid: int, proc: Path) -> list[Process]:
    found = []
    for child in descendants(pid, proc):
        try:
            found.append(read_process(child, proc))
        except ProcessError:  # it ended meanwhile
            continue
    return found


def _report(process: Process, first: Process, activity: Activity, gpu: GpuReport) -> ProcessReport:
    parts = parts_of(process)
    provider = f"{parts.runtimes[0].folder}/{PROVIDER}" if parts.runtimes else ""
    has_file = bool(provider) and inside(process.root, provider).exists()
    missing = missing_from(provider, parts.runtimes[0].path, process) if has_file and not parts.providers else None
    evidence = Evidence(process, parts, has_file, missing, _start_again(process, parts, first))
    value = (process.environment or {}).get("LD_LIBRARY_PATH", "")
    readable = process.is_python and process.unreadable is None and process.state not in "ZX"
    stacks = python_stacks(process.pid) if readable else Stacks({})
    return ProcessReport(
        process,
        parts,
        missing,
        searched_folders(value, process),
        activity,
        stacks,
        gpu.uses.get(process.pid, ()),
        judge(evidence),
        notes_on_files(parts) + notes_on_stacks(stacks),
    )


def _start_again(process: Process, parts: Parts, first: Process) -> str:
    """Command that starts the service again with the folders that it needs."""
    found = _ENVIRONMENT.match(parts.runtimes[0].path) if parts.runtimes else None
    python = f"{found[1]}/bin/python" if found else ""
    option = f"--python {shlex.quote(python)} " if python and inside(process.root, python).exists() else ""
    folder = first.current
    there = f"cd {shlex.quote(folder)} && " if folder and folder != os.getcwd() and not first.in_container else ""
    return f"{there}framelane exec {option}-- {shlex.join(first.command)}"
