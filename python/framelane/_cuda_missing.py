"""What to say when CUDA's libraries are missing, broken or of the wrong kind; each text has its cure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ._cuda_libraries import CUDA_LIBRARIES, find_libraries
from ._errors import LibraryVersionError, LoadError, MissingLibraryError

if TYPE_CHECKING:
    from pathlib import Path

    from ._cuda_libraries import CudaLibrary
    from ._cuda_runtime import CudaRuntime

_CUDNN = ("nvidia-cudnn-cu12", "nvidia-cudnn-cu13")


def explain_missing(runtime: CudaRuntime, missing: list[CudaLibrary], roots: list[Path]) -> LoadError:
    """Return the error for libraries that were found in none of the roots.

    That the libraries of another CUDA are there instead is a LibraryVersionError, and all else a MissingLibraryError.
    """
    if missing[0].name.startswith("libcudart.") and (other := _other_major(runtime.cuda_major, roots)):
        return other_cuda(runtime, *other)
    folders = dict.fromkeys(str(root / library.folder) for library in missing for root in roots)
    return MissingLibraryError(
        f"CUDA {runtime.cuda_major} libraries are missing, which {runtime.package} needs: {_by_user(missing)}. "
        f"Searched: {', '.join(folders)}. Install: {_cure(runtime, missing, roots)}"
    )


def _by_user(missing: list[CudaLibrary]) -> str:
    users: dict[str, list[str]] = {}
    for library in missing:
        users.setdefault(library.needed_by, []).append(library.name)
    return "; ".join(f"{', '.join(names)} (needed by {user})" for user, names in users.items())


def _cure(runtime: CudaRuntime, missing: list[CudaLibrary], roots: list[Path]) -> str:
    packages = list(dict.fromkeys(library.package for library in missing))
    if all(_records(package, roots) for package in packages):  # pip believes that they are there
        return f"pip install --force-reinstall --no-deps {' '.join(packages)}"
    if any(package.startswith("tensorrt") for package in packages):
        return f"pip install tensorrt-cu{runtime.cuda_major} '{runtime.extra}'"
    return f"pip install '{runtime.extra}'"


def _records(package: str, roots: list[Path]) -> list[Path]:
    """Return where pip has written down that it installed a package."""
    return [found for root in roots for found in root.glob(f"{re.sub('[-.]', '_', package)}-*.dist-info")]


def _other_major(cuda_major: int, roots: list[Path]) -> tuple[int, Path] | None:
    """Return another CUDA whose runtime is installed, with its file."""
    for major, libraries in CUDA_LIBRARIES.items():
        if major != cuda_major and (found := find_libraries(libraries[:1], roots)):
            return major, next(iter(found.values()))
    return None


def other_cuda(runtime: CudaRuntime, major: int, file: Path) -> LibraryVersionError:
    """Return the error for an ONNX Runtime of one CUDA among the libraries of another."""
    wanted = "'onnxruntime-gpu>=1.24,<1.27'" if major == 12 else "'onnxruntime-gpu>=1.27'"
    return LibraryVersionError(
        f"{runtime.package} is built for CUDA {runtime.cuda_major} ({runtime.provider}), and the libraries installed "
        f"here are those of CUDA {major} ({file}). Take the ONNX Runtime for CUDA {major}: pip install {wanted}; or "
        f"the libraries of CUDA {runtime.cuda_major}: pip install '{runtime.extra}'"
    )


def refuse_rivals(files: dict[str, Path]) -> None:
    """Refuse a folder into which the cuDNN of CUDA 12 and that of CUDA 13 were both installed.

    Raises
    ------
    LibraryVersionError
        Names both packages, their folder and the commands that mend it.
    """
    folder = files["libcudnn.so.9"].parent
    root = folder.parents[2]
    both = [name for name in _CUDNN if _records(name, [root])]
    if len(both) > 1:
        keep = "nvidia-cudnn-cu12" if "libcudart.so.12" in files else "nvidia-cudnn-cu13"
        raise LibraryVersionError(
            f"{' and '.join(both)} are installed over each other in {folder}. Remove both, then install the one that "
            f"fits: pip uninstall -y {' '.join(both)} && pip install {keep}"
        )


def unloadable(library: CudaLibrary, file: Path, error: OSError) -> LoadError:
    """Return the error for a library that is there and cannot be loaded, with the loader's own words."""
    return LoadError(
        f"{file} cannot be loaded: {error}. {library.needed_by} needs it. Install it again: "
        f"pip install --force-reinstall --no-deps {library.package}"
    )
