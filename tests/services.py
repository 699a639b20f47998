"""Services that are broken, built in a folder: an environment, an ONNX Runtime, and libraries that are names only.

None of it can be run to any use. What would be run or imported leaves a mark: `ran` says whether it was.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

from framelane._cuda_libraries import CUDA_LIBRARIES
from libraries import build_library
from runtime_shells import record, shell

NEEDS = {
    12: (
        "libcublasLt.so.12",
        "libcublas.so.12",
        "libcurand.so.10",
        "libcufft.so.11",
        "libcudart.so.12",
        "libcudnn.so.9",
    ),
    11: ("libcublas.so.11", "libcudart.so.11.0", "libcudnn.so.8"),
}
CUDNN_9 = [library.name for library in CUDA_LIBRARIES[12] if library.name.startswith("libcudnn")]


@cache
def _stubs() -> Path:
    return Path(tempfile.mkdtemp(prefix="framelane-stubs-"))


@cache
def stub(name: str) -> Path:
    """Return a library of that name, built once."""
    return build_library(_stubs() / name)


def remove_stubs() -> None:
    """Remove what was built; for the end of the tests."""
    shutil.rmtree(_stubs(), ignore_errors=True)
    _stubs.cache_clear()
    stub.cache_clear()


def environment(folder: Path, version: tuple[int, int] = (3, 11), *, runs: bool = False) -> Path:
    """Make a venv; return its site-packages. Its Python leaves a mark when it is run, or is this very one (`runs`)."""
    if runs:
        version = sys.version_info[:2]
    site = folder / "lib" / f"python{version[0]}.{version[1]}" / "site-packages"
    site.mkdir(parents=True)
    (folder / "bin").mkdir()
    base = Path(sys.base_prefix) / "bin"
    (folder / "pyvenv.cfg").write_text(f"home = {base}\nversion = {version[0]}.{version[1]}.18\n")
    python = folder / "bin" / "python"
    if runs:
        python.symlink_to(os.path.realpath(sys.executable))
    else:
        python.write_text(f"#!/bin/sh\ntouch '{folder}/ran'\n")
        python.chmod(0o755)
    (site / "sitecustomize.py").write_text(f"open({str(folder / 'ran')!r}, 'w').close()\n")
    return site


def ran(folder: Path) -> bool:
    """Whether anything of an environment was run."""
    return (folder / "ran").exists()


def runtime(site: Path, cuda: int | None = 12, version: str = "1.26.0", tag: str | None = None) -> Path:
    """Put an ONNX Runtime there, with a provider for a CUDA or without any; return its folder.

    Its module is for the Python whose folder that is, or for another one (`tag`).
    """
    tag = tag or f"cpython-{site.parent.name.removeprefix('python').replace('.', '')}"
    folder = shell(site, ("onnxruntime-gpu" if cuda else "onnxruntime", version))
    (folder / "__init__.py").write_text("raise SystemExit('imported')\n")
    build_library(folder / "capi" / f"onnxruntime_pybind11_state.{tag}-x86_64-linux-gnu.so", runpath="$ORIGIN")
    if cuda:
        needs = {name: stub(name) for name in NEEDS[cuda]}
        build_library(folder / "capi" / "libonnxruntime_providers_cuda.so", needs=needs)
    return folder


def wheels(site: Path, *, without: tuple[str, ...] = ()) -> list[Path]:
    """Put CUDA 12's libraries where NVIDIA's wheels have them; return their folders."""
    for library in CUDA_LIBRARIES[12]:
        (site / library.folder).mkdir(parents=True, exist_ok=True)
        if library.name not in without:
            shutil.copy(stub(library.name), site / library.folder / library.name)
    return list(dict.fromkeys(site / library.folder for library in CUDA_LIBRARIES[12]))


__all__ = ["CUDNN_9", "environment", "ran", "record", "remove_stubs", "runtime", "stub", "wheels"]
