"""Makes this process ready for ONNX Runtime's CUDA and TensorRT providers, or says what is missing.

No environment variable takes part. Nothing of CUDA is loaded before `prepare` is called.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ._cuda_device import require_device
from ._cuda_libraries import (
    CUDA_LIBRARIES,
    find_libraries,
    more_cudnn_parts,
    package_roots,
    tensorrt_libraries,
)
from ._cuda_maps import check_loaded, loaded_libraries
from ._cuda_missing import explain_missing, refuse_rivals, unloadable
from ._cuda_runtime import CudaRuntime, installed_cuda_runtime
from ._errors import LoadError, NoDeviceError

if TYPE_CHECKING:
    from types import ModuleType

    from ._cuda_libraries import CudaLibrary

_HERE = Path(__file__).resolve().parent.parent  # the folder that the modules' RPATH starts from
_KINDS = ("cuda", "tensorrt")
_FORKED = (
    "this process was forked from one that had used CUDA, and CUDA does not survive that; start it anew: "
    "multiprocessing.get_context('spawn')"
)

_lock = threading.Lock()
_user: int | None = None  # the process that has found its device, and with it has started CUDA
_loaded: dict[str, dict[str, Path]] = {}  # kind -> the libraries that are loaded for it


def prepare(kind: str, index: int) -> None:
    """Load what the provider of that kind needs, and see that the device is there.

    Afterwards ONNX Runtime may append its provider: it finds every library that it needs loaded.

    Parameters
    ----------
    kind : str
        ``"cuda"`` or ``"tensorrt"``.
    index : int
        Number of the device, from 0.

    Raises
    ------
    RuntimeNotInstalledError
        No ONNX Runtime, a broken one, or two over each other.
    MissingLibraryError
        Names the library, who needs it, every folder searched, and the command that fixes it.
    LibraryVersionError
        A library of another version is installed or already loaded; names both.
    NoDeviceError
        There is no driver or no such device; has the driver's own word.

    Notes
    -----
    Thread-safe. The first call takes about half a second, later ones about a millisecond.
    """
    if kind not in _KINDS:
        raise ValueError(f"kind must be one of {', '.join(_KINDS)}, got {kind!r}")
    global _user
    with _lock:
        if _user not in (None, os.getpid()):
            raise NoDeviceError(_FORKED)
        runtime = installed_cuda_runtime(kind)
        if kind not in _loaded:
            _loaded[kind] = _load(runtime, _libraries(kind, runtime.cuda_major))
        check_loaded(_loaded[kind])
        require_device(_native(runtime), f"{kind}:{index}", index)
        _user = os.getpid()


def _libraries(kind: str, cuda_major: int) -> tuple[CudaLibrary, ...]:
    more = tensorrt_libraries(cuda_major) if kind == "tensorrt" else ()
    return CUDA_LIBRARIES[cuda_major] + more


def _load(runtime: CudaRuntime, libraries: tuple[CudaLibrary, ...]) -> dict[str, Path]:
    roots = package_roots(*_roots_in_use(libraries), _HERE, runtime.provider.parents[2])
    files = find_libraries(libraries, roots)
    missing = [library for library in libraries if library.name not in files]
    if missing:
        raise explain_missing(runtime, missing, roots)
    cudnn = next(library for library in libraries if library.name == "libcudnn.so.9")
    parts = more_cudnn_parts(files[cudnn.name])
    files |= parts
    refuse_rivals(files)
    check_loaded(files)  # a stranger among them would make ours fail to load, for a reason that misleads
    for library in (*libraries, *(replace(cudnn, name=name, needed_by="cuDNN") for name in parts)):
        _open(library, files[library.name])
    return files


def _roots_in_use(libraries: tuple[CudaLibrary, ...]) -> list[Path]:
    """Return the roots that libraries are loaded from already: another package's set, not to be mixed with ours."""
    loaded = loaded_libraries({library.name for library in libraries})
    ends = {library.name: f"/{library.folder}/{library.name}" for library in libraries}
    files = [(name, file) for name, found in loaded.items() for file in found]
    return [Path(file.removesuffix(ends[name])) for name, file in files if file.endswith(ends[name])]


def _open(library: CudaLibrary, file: Path) -> None:
    try:
        ctypes.CDLL(str(file))
    except OSError as error:
        if "libcuda.so.1" in str(error):  # the driver's, which is looked at later
            return
        raise unloadable(library, file, error) from error


def _native(runtime: CudaRuntime) -> ModuleType:
    try:
        return importlib.import_module(f"framelane._cuda{runtime.cuda_major}")
    except ImportError as error:
        raise LoadError(
            f"framelane's module for CUDA {runtime.cuda_major} cannot be loaded: {error}. Install framelane again: "
            f"pip install --force-reinstall --no-deps framelane"
        ) from error
