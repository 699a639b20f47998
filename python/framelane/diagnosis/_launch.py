"""Which folders a service needs on LD_LIBRARY_PATH, computed from its environment and the files that it loads."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ._check import Status
from ._environment import EnvironmentReadError, read_environment, read_text, this_environment
from ._libraries import cure, lacking
from ._runtimes import check_provider, check_runtime, find_runtimes
from ._search_path import library_path_entries
from ._supply import Supply
from ._target import Target
from ._wheels import cuda_major_of, from_driver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._check import Check
    from ._environment import Environment
    from ._search import Missing

_ROUNDS = 20  # each finds the needs of what the one before has found


@dataclass(frozen=True)
class Launch:
    """How a service has to be started.

    Attributes
    ----------
    environment : Environment
        Its Python's.
    folders : tuple of str
        What LD_LIBRARY_PATH gets in front.
    ld_library_path : str
        The whole value: the folders, and what was there before.
    problems : tuple of str
        Why it would not run on the GPU, or not at all.
    fix : str
        The command that mends them.
    notes : tuple of str
        What else there is to say.
    """

    environment: Environment
    folders: tuple[str, ...]
    ld_library_path: str
    problems: tuple[str, ...] = ()
    fix: str = ""
    notes: tuple[str, ...] = ()


def environment_of(command: Sequence[str]) -> Environment:
    """Return the environment of the Python that a command starts; this one where that cannot be seen.

    The command is a Python, or a script whose first line names one.
    """
    file = shutil.which(command[0]) if command else None
    for candidate in (file, _interpreter_of(file) if file else None):
        if candidate and re.match(r"python|pypy", os.path.basename(candidate)):
            try:
                return read_environment(Path(candidate))
            except EnvironmentReadError:
                continue
    return this_environment()


def _interpreter_of(script: str) -> str | None:
    line = read_text(Path(script)).partition("\n")[0]
    words = shlex.split(line.removeprefix("#!")) if line.startswith("#!") and '"' not in line + "'" else []
    if not words:
        return None
    return shutil.which(words[-1]) if os.path.basename(words[0]) == "env" else words[0]


def plan_launch(environment: Environment, so: tuple[Path, ...], before: str) -> Launch:
    """Compute what a service needs.

    Parameters
    ----------
    environment : Environment
        Its Python's.
    so : tuple of Path
        Extension modules and libraries that it loads.
    before : str
        LD_LIBRARY_PATH as it is; it is kept, behind what is added.

    Raises
    ------
    ElfError
        One of the files cannot be read.
    """
    targets, broken = _targets(environment, so)
    supply = Supply(environment, tuple(path.parent for path in so))
    folders = _folders(targets, supply)
    kept = [entry for entry in library_path_entries(before) if entry and entry not in folders]
    value = ":".join([*folders, *kept])
    walks = [target.walk(value) for target in targets]
    problems = [] if broken is None else [broken.seen]
    fix = "" if broken is None else broken.fix
    if unwritable := [folder for folder in folders if re.search("[:;]", folder)]:
        problems.append(f"LD_LIBRARY_PATH cannot hold {unwritable[0]}, which has a colon or semicolon in its name")
        fix = fix or f"ln -s {shlex.quote(os.fspath(environment.prefix))} ./service && framelane exec --env ./service"
    for walk in walks:
        problems += [_problem(one) for one in lacking(walk)]
        fix = fix or cure(lacking(walk), walk, environment, supply, so)
    driver = sorted({one.name for walk in walks for one in walk.missing if from_driver(one.name)})
    notes = (f"{', '.join(driver)} comes with NVIDIA's driver and is not here: see framelane doctor",) if driver else ()
    return Launch(environment, tuple(folders), value, tuple(problems), fix, notes)


def _problem(one: Missing) -> str:
    what = f"{one.refused} {one.reason}" if one.refused else f"{one.name} is nowhere"
    return f"{what} (needed by {os.path.basename(one.needed_by)})"


def _targets(environment: Environment, so: tuple[Path, ...]) -> tuple[list[Target], Check | None]:
    """Return the provider and the files, and what is wrong with the runtime."""
    targets = [Target(path, environment) for path in so]
    runtimes = find_runtimes(environment)
    if not runtimes and so:
        return targets, None  # a service without ONNX Runtime
    check = check_runtime(environment, runtimes)
    if check.status is Status.FAILED:
        return targets, check
    runtime = runtimes[0]
    provider, _ = check_provider(environment, runtime)
    if runtime.provider is None or provider.status is Status.FAILED:
        return targets, provider
    return [Target(runtime.provider, environment, (runtime.module,) if runtime.module else ()), *targets], None


def _folders(targets: list[Target], supply: Supply) -> list[str]:
    """Return the folders after which no target misses what the environment has."""
    folders: list[str] = []
    for _ in range(_ROUNDS):
        walks = [target.walk(":".join(folders)) for target in targets]
        wanted = [name for walk in walks for name in [one.name for one in lacking(walk)] + _opened_by_name(walk.found)]
        found = [supply.folders_with(name)[0] for name in wanted if supply.folders_with(name)]
        new = [folder for folder in dict.fromkeys(found) if folder not in folders]
        if not new:
            break
        folders += new
    return folders


def _opened_by_name(found: Sequence[object]) -> list[str]:
    """Return what cuDNN opens by name when it first compiles a kernel, and so stands in no NEEDED."""
    names = tuple(str(getattr(one, "name", "")) for one in found)
    major = cuda_major_of(names)
    return [f"libnvrtc.so.{major}"] if major and any(name.startswith("libcudnn.") for name in names) else []


def shell_lines(launch: Launch, *, with_path: bool) -> list[str]:
    """Return the launch as lines for a start script."""
    lines = [f"export LD_LIBRARY_PATH={shlex.quote(launch.ld_library_path)}"] if launch.ld_library_path else []
    if with_path:
        lines.append(f'export PATH={shlex.quote(os.fspath(launch.environment.python.parent))}:"$PATH"')
    return lines
