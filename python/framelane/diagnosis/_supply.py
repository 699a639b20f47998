"""Where an environment has the libraries that its programs need, though nothing may lead the loader there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ._candidate import Unusable, usable_library
from ._loader_host import this_host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._environment import Environment

# Below a folder with packages, in the order of preference: NVIDIA's wheels, TensorRT's, what frameworks bring along.
_IN_PACKAGES = ("nvidia/*/lib", "tensorrt_libs", "tensorrt", "onnxruntime/capi", "torch/lib", "*.libs")
_TOOLKITS = ("/usr/local/cuda/lib64", "/usr/local/cuda-*/lib64", "/usr/lib/wsl/lib")


class Supply:
    """The libraries of an environment and of the CUDA toolkits of this machine, by name.

    Parameters
    ----------
    environment : Environment
        Where to look.
    more : iterable of Path
        Folders that come first, such as the one that a library lies in.
    toolkits : bool
        Whether toolkits outside of the environment count.
    """

    def __init__(self, environment: Environment, more: tuple[Path, ...] = (), *, toolkits: bool = True) -> None:
        self._folders = list(dict.fromkeys([*more, *_folders(environment, toolkits)]))
        self._names: dict[str, list[str]] = {}
        for folder in self._folders:
            for name in _names(folder):
                self._names.setdefault(name, []).append(os.fspath(folder))

    def folders_with(self, name: str) -> list[str]:
        """Return the folders that have a usable library of that name, the best first."""
        return [folder for folder in self._names.get(name, ()) if _usable(Path(folder, name))]


def _folders(environment: Environment, toolkits: bool) -> Iterator[Path]:
    for site in environment.site_packages:
        for pattern in _IN_PACKAGES:
            yield from sorted(site.glob(pattern))
    yield from environment.library_folders
    if toolkits:
        for pattern in _TOOLKITS:
            yield from sorted(Path("/").glob(pattern[1:]), reverse=True)  # the newest first


def _names(folder: Path) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if ".so" in name]
    except OSError:
        return []


def _usable(file: Path) -> bool:
    try:
        return usable_library(file, this_host().architecture) is not None
    except Unusable:
        return False
