"""Why the CUDA provider of a running process cannot be loaded: the libraries that it needs and does not find."""

from __future__ import annotations

import contextlib
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._elf import ElfError
from ._ld_cache import read_cache
from ._library_path import inside
from ._search import Loader
from ._search import Missing as NotFound
from ._wheels import cuda_major_of, from_driver, wheel_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._process import Process

_SITE = re.compile(r"((.+)/lib/python\d+\.\d+t?/(?:site|dist)-packages)/")
_DRIVER = "install the NVIDIA driver, then try `nvidia-smi` (in a container: start it with `docker run --gpus all`)"


@dataclass(frozen=True)
class Missing:
    """What a provider that is not loaded lacks.

    Attributes
    ----------
    names : tuple of str
        The libraries, in the order in which the loader asks for them.
    found_in : tuple of str
        Folders in which they all lie, although nothing leads the loader there; empty where one lies nowhere. The
        driver's library is not looked for.
    reason : str
        Why the first is not loaded where there is such a file, as for one that is empty.
    fix : str
        What mends it where they are not in `found_in`.
    """

    names: tuple[str, ...]
    found_in: tuple[str, ...] = ()
    reason: str = ""
    fix: str = ""

    def __str__(self) -> str:
        if self.reason:
            return f"{self.names[0]} cannot be loaded: {self.reason}"
        others = f", nor {_listed(self.names[1:])}" if self.names[1:] else ""
        where = f"; the loader was not told to look in {_abridged(self.found_in)}" if self.found_in else ""
        return f"{self.names[0]} is not found{others}{where}"


def missing_from(provider: str, runtime: str, process: Process) -> Missing | None:
    """Say which libraries the provider would not find in this process; None where it finds them all.

    Parameters
    ----------
    provider : str
        The provider's file, as the process names it.
    runtime : str
        The file of ONNX Runtime that would load it.
    process : Process
        Its LD_LIBRARY_PATH and what it has loaded count, as they do for the loader.
    """
    try:
        results = _loader(process).open(provider, caller=runtime)
    except ElfError as error:
        fix = "pip install --force-reinstall --no-deps onnxruntime-gpu"
        return Missing((provider.rpartition("/")[2],), reason=error.reason, fix=fix)
    lost = [one for one in results if isinstance(one, NotFound)]
    if not lost:
        return None
    names = tuple(one.name for one in lost)
    if lost[0].refused:
        return Missing(
            names, reason=f"{lost[0].refused} {lost[0].reason}", fix=f"remove {shlex.quote(lost[0].refused)}"
        )
    others = [name for name in names if not from_driver(name)]
    if not others:
        return Missing(names, fix=_DRIVER)
    major = cuda_major_of(tuple(one.name for one in results))
    return Missing(names, _folders_with(others, runtime, process), fix=_install(others, runtime, major))


def _loader(process: Process) -> Loader:
    """Make a loader that has loaded what the process has."""

    def file_of(path: str) -> Path:
        return inside(process.root, path)

    options: dict[str, Any] = {
        "ld_library_path": (process.environment or {}).get("LD_LIBRARY_PATH", ""),
        "current": process.current or "/",
        "cache": read_cache(file_of("/etc/ld.so.cache")),
        "file_of": file_of if process.in_container else Path,
    }
    try:
        loader = Loader(executable=Path(process.executable or ""), **options)
    except (ElfError, OSError):  # the program was removed since it was started
        loader = Loader(**options)
    for file in process.files:
        if ".so" in file.name and not file.deleted:
            with contextlib.suppress(ElfError, OSError):
                loader.open(file.path)
    return loader


def _folders_with(names: Sequence[str], runtime: str, process: Process) -> tuple[str, ...]:
    """Folders of the process's Python, or of an installed CUDA, that have the libraries; none where one is nowhere."""
    found: dict[str, None] = {}
    folders = list(_likely_folders(runtime, process))
    for name in names:
        folder = next((folder for folder in folders if inside(process.root, f"{folder}/{name}").is_file()), None)
        if folder is None:
            return ()
        found[folder] = None
    return tuple(found)


def _likely_folders(runtime: str, process: Process) -> list[str]:
    places = [("/usr/local", "cuda*/lib64")]
    if match := _SITE.match(runtime):
        places = [(match[1], "nvidia/*/lib"), (match[1], "torch/lib"), (match[2], "lib"), *places]
    found = []
    for folder, pattern in places:
        root = inside(process.root, folder)
        found += [f"{folder}/{path.relative_to(root)}" for path in sorted(root.glob(pattern)) if path.is_dir()]
    return found


def _install(names: Sequence[str], runtime: str, cuda_major: int | None) -> str:
    """Command that installs the wheels of the libraries into the process's Python."""
    match = _SITE.match(runtime)
    python = f"{match[2]}/bin/python" if match else "python"
    wheels = dict.fromkeys(shlex.quote(wheel) for name in names if (wheel := wheel_of(name, cuda_major)))
    return f"{shlex.quote(python)} -m pip install {' '.join(wheels)}" if wheels else ""


def _abridged(folders: Sequence[str]) -> str:
    """Name folders that differ in one part by a pattern, as NVIDIA's wheels have them: ``nvidia/*/lib``."""
    parts = [folder.split("/") for folder in folders]
    if folders[1:] and len({len(one) for one in parts}) == 1:
        merged = [same[0] if len(set(same)) == 1 else "*" for same in zip(*parts, strict=True)]
        if merged.count("*") == 1:
            return "/".join(merged)
    return _listed(folders)


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
