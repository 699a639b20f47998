"""Provider libraries that come as packages: found by name, loaded into ONNX Runtime once a process.

A package ``onnxruntime_ep_<kind>`` has ``get_library_path()`` and ``get_ep_names()``; its devices are called by the
kind, as ``webgpu``.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
import threading
from dataclasses import dataclass

from . import _core
from ._errors import LoadError

_PREFIX = "onnxruntime_ep_"

_lock = threading.RLock()
_outcomes: dict[str, str] = {}  # kind -> why its library cannot be loaded, empty: it is


@dataclass(frozen=True, slots=True)
class ProviderPackage:
    """An installed provider library.

    Attributes
    ----------
    kind : str
        What its devices are called.
    library : str
        Path of the library.
    providers : tuple of str
        ONNX Runtime's names of what is in it.
    problem : str
        Why the package itself cannot be used.
    """

    kind: str
    library: str = ""
    providers: tuple[str, ...] = ()
    problem: str = ""

    @property
    def distribution(self) -> str:
        """What pip calls it."""
        return (_PREFIX + self.kind).replace("_", "-")


def installed_packages() -> dict[str, ProviderPackage]:
    """Return the provider packages that Python can import, by the kind of their devices."""
    return {kind: _load_package(kind) for kind in sorted(_kinds())}


def _kinds() -> set[str]:
    """Look into the folders of ``sys.path``: nothing is imported, and a package installed meanwhile is seen."""
    kinds = set()
    for folder in sys.path:
        try:
            entries = os.listdir(folder or ".")
        except OSError:
            continue
        for entry in entries:
            if entry.startswith(_PREFIX) and os.path.isfile(os.path.join(folder, entry, "__init__.py")):
                kinds.add(entry.removeprefix(_PREFIX))
    return kinds


@functools.cache
def _load_package(kind: str) -> ProviderPackage:
    name = _PREFIX + kind
    try:
        module = importlib.import_module(name)
        library, providers = str(module.get_library_path()), tuple(map(str, module.get_ep_names()))
    except Exception as error:
        return ProviderPackage(kind, problem=f"its import fails: {error}")
    return ProviderPackage(kind, library, providers)


def register(package: ProviderPackage) -> None:
    """Have ONNX Runtime load a provider library, unless it has that provider already.

    A program may load the same library itself, before or after. Loaded twice under one name the second one fails, and
    ONNX Runtime may crash after that; so ours has a name that nobody else takes, and nothing is tried twice.

    Raises
    ------
    LoadError
        The package is broken, or its library cannot be loaded. The same each time.
    """
    with _lock:
        if package.kind not in _outcomes:
            _outcomes[package.kind] = _register(package)
        if _outcomes[package.kind]:
            raise LoadError(_outcomes[package.kind])


def _register(package: ProviderPackage) -> str:
    if package.problem:
        return f"{package.distribution} is broken: {package.problem}; {_again(package)}"
    if not os.path.isfile(package.library):
        return f"{package.distribution} is broken: it names {package.library!r}, no file; {_again(package)}"
    known = {device["provider"] for device in _core.provider_devices()}
    if known.issuperset(package.providers):
        return ""  # the program has loaded it
    try:
        _core.register_provider_library(f"framelane.{package.kind}", package.library)
    except LoadError as error:
        return f"{error}; {_again(package)}"
    return ""


def _again(package: ProviderPackage) -> str:
    return f"install it again: pip install --force-reinstall {package.distribution}"
