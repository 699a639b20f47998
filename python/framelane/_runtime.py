"""Takes the one ONNX Runtime core of this process: the one that Python's ``onnxruntime`` carries."""

from __future__ import annotations

import importlib
import threading
import warnings
from typing import TYPE_CHECKING

from . import _core
from ._errors import LibraryVersionError, RuntimeNotInstalledError
from ._runtime_packages import over_each_other, runtime_folder, runtime_packages

if TYPE_CHECKING:
    from types import ModuleType

_INSTALL = "pip install 'framelane[cpu]'"

_lock = threading.Lock()
_version: str | None = None


def ensure_runtime() -> str:
    """Make ONNX Runtime's API available to the native side, once a process.

    Returns
    -------
    str
        Its version, such as ``"1.32.0"``.

    Raises
    ------
    RuntimeNotInstalledError
        onnxruntime is not installed, or its installation is broken; says what to install.
    LibraryVersionError
        It is older than what framelane needs; names both versions.
    """
    global _version
    with _lock:
        if _version is None:
            module = _import_onnxruntime()
            _warn_of_two_packages()
            _hand_over(module)
            _version = _core.runtime_version()
        return _version


def _import_onnxruntime() -> ModuleType:
    try:
        module = importlib.import_module("onnxruntime")
    except ModuleNotFoundError as error:
        if error.name == "onnxruntime":
            raise RuntimeNotInstalledError(f"ONNX Runtime is not installed; install it: {_INSTALL}") from error
        raise _broken(f"its import misses the module {error.name}") from error
    except Exception as error:
        raise _broken(f"its import fails: {error}") from error
    if not hasattr(module, "SessionOptions"):
        raise _broken("files are missing: the module has no SessionOptions")
    return module


def _broken(what: str) -> RuntimeNotInstalledError:
    folder = runtime_folder()
    where = f" in {folder}" if folder else ""
    packages = runtime_packages(folder) if folder else []
    text = f"the installation of ONNX Runtime{where} is broken: {what}."
    if folder and len(packages) > 1:
        return RuntimeNotInstalledError(f"{text} {over_each_other(folder, packages)}")
    package = packages[0].name if packages else "onnxruntime"
    return RuntimeNotInstalledError(f"{text} Install it again: pip install --force-reinstall --no-deps {package}")


def _warn_of_two_packages() -> None:
    folder = runtime_folder()
    packages = runtime_packages(folder) if folder else []
    if folder and len(packages) > 1:
        warnings.warn(over_each_other(folder, packages), RuntimeWarning, stacklevel=4)


def _hand_over(module: ModuleType) -> None:
    # onnxruntime opens this library (which is loaded already) and calls its RegisterCustomOps with its own API.
    try:
        module.SessionOptions().register_custom_ops_library(_core.__file__)
    except AttributeError as error:
        version = getattr(module, "__version__", "of unknown version")
        raise LibraryVersionError(
            f"onnxruntime {version} cannot hand over its API and framelane needs 1.24 or newer; "
            "upgrade it: pip install 'onnxruntime>=1.24'"
        ) from error
