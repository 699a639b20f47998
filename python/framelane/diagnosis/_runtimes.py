"""The ONNX Runtime of an environment: its packages, whether its files are whole, and which CUDA its provider wants."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from framelane._printable import printable
from framelane._runtime_packages import RuntimePackage, runtime_packages

from ._check import failed, passed, unknown
from ._elf import ElfError, ElfFile, read_elf
from ._interpreter_tag import interpreter_tag
from ._wheels import cuda_major_of

if TYPE_CHECKING:
    from pathlib import Path

    from ._check import Check
    from ._environment import Environment

NAME = "ONNX Runtime"
PROVIDER_NAME = "CUDA provider"
_MODULE = re.compile(r"onnxruntime_pybind11_state.*\.so")


@dataclass(frozen=True)
class Runtime:
    """An ``onnxruntime`` folder.

    Attributes
    ----------
    folder : Path
        Where it lies.
    packages : tuple of RuntimePackage
        Who has put files there; more than one is a broken installation.
    module : Path or None
        Its extension module; None where files are missing.
    provider : Path or None
        Its CUDA provider; None in a package for the CPU.
    """

    folder: Path
    packages: tuple[RuntimePackage, ...]
    module: Path | None
    provider: Path | None

    @property
    def name(self) -> str:
        """Its packages with their versions."""
        return " and ".join(map(str, self.packages)) or "onnxruntime of unknown origin"


def find_runtimes(environment: Environment) -> list[Runtime]:
    """Return every ``onnxruntime`` folder, the one that an import takes first."""
    return [_runtime(site / "onnxruntime") for site in environment.site_packages if (site / "onnxruntime").is_dir()]


def _runtime(folder: Path) -> Runtime:
    try:
        names = sorted(os.listdir(folder / "capi"))
    except OSError:
        names = []
    modules = [folder / "capi" / name for name in names if _MODULE.fullmatch(name)]
    providers = [folder / "capi" / name for name in names if name == "libonnxruntime_providers_cuda.so"]
    whole = modules and (folder / "__init__.py").is_file()
    return Runtime(
        folder, tuple(runtime_packages(folder)), modules[0] if whole else None, providers[0] if providers else None
    )


def check_runtime(environment: Environment, runtimes: list[Runtime]) -> Check:
    """See whether one whole ONNX Runtime of one package is there, built for this Python."""
    pip = f"{environment.command} -m pip"
    if not runtimes:
        sites = ", ".join(map(printable, environment.site_packages))
        return failed(NAME, f"not installed; searched {sites}", f"{pip} install {_newest(environment)}")
    runtime = runtimes[0]
    folder = printable(runtime.folder)
    if len(runtime.packages) > 1:
        return failed(NAME, f"{runtime.name} are installed over each other in {folder}", _remedy(environment, runtime))
    if runtime.module is None:
        missing = "__init__.py" if not (runtime.folder / "__init__.py").is_file() else "its extension module in capi"
        seen = f"the installation in {folder} is broken: files are missing ({missing})"
        return failed(NAME, seen, _remedy(environment, runtime))
    if len(runtimes) > 1 and runtimes[1].packages:
        others = ", ".join(f"{other.name} in {printable(other.folder)}" for other in runtimes[1:])
        seen = f"{runtime.name} in {folder} hides {others}"
        return failed(NAME, seen, _uninstall(environment, runtimes))
    tag = interpreter_tag(runtime.module.name)
    if tag and environment.version and not tag.fits(environment.version):
        seen = f"{runtime.name} in {folder} was built for {tag.text}, and this Python is {_text(environment.version)}"
        return failed(NAME, seen, _remedy(environment, runtime))
    return passed(NAME, f"{runtime.name} in {folder}")


def check_provider(environment: Environment, runtime: Runtime) -> tuple[Check, ElfFile | None]:
    """See whether it has a CUDA provider, and for which CUDA and cuDNN; returns the provider's headers too."""
    if runtime.provider is None:
        if any("gpu" in package.name for package in runtime.packages):
            seen = f"libonnxruntime_providers_cuda.so is missing in {printable(runtime.folder)}/capi"
            return failed(PROVIDER_NAME, seen, _remedy(environment, runtime)), None
        names = " ".join(package.name for package in runtime.packages) or "onnxruntime"
        fix = (
            f"{environment.command} -m pip uninstall -y {names} && "
            f"{environment.command} -m pip install {_newest(environment)}"
        )
        return failed(PROVIDER_NAME, f"{runtime.name} is built for the CPU: it has no CUDA provider", fix), None
    try:
        elf = read_elf(runtime.provider)
    except ElfError as error:
        return failed(PROVIDER_NAME, str(error), _remedy(environment, runtime)), None
    major = cuda_major_of(elf.needed)
    if major is None:
        return unknown(PROVIDER_NAME, f"{printable(runtime.provider)} needs no CUDA library that is known here"), elf
    cudnn = next((name for name in elf.needed if name.startswith("libcudnn.")), None)
    needs = f"{', with ' + cudnn if cudnn else ''}"
    return passed(PROVIDER_NAME, f"of {runtime.name}, for CUDA {major}{needs}"), elf


def _newest(environment: Environment) -> str:
    # The last for CUDA 12 on current Pythons, and on older ones the last that there is.
    return "'onnxruntime-gpu>=1.24,<1.27'" if (environment.version or (3, 11)) >= (3, 11) else "onnxruntime-gpu"


def _remedy(environment: Environment, runtime: Runtime) -> str:
    """Return the two commands that leave one whole package, the one for GPUs where it was among them."""
    pip = f"{environment.command} -m pip"
    names = " ".join(package.name for package in runtime.packages)
    gpu = [package for package in runtime.packages if "gpu" in package.name] or list(runtime.packages)
    wanted = f"{gpu[0].name}=={gpu[0].version}" if gpu else _newest(environment)
    remove = f"{pip} uninstall -y {names} && " if names else ""
    return f"{remove}{pip} install --force-reinstall --no-deps {wanted}"


def _uninstall(environment: Environment, runtimes: list[Runtime]) -> str:
    """Return the commands after which one is left: pip removes the one that hides the others first."""
    pip = f"{environment.command} -m pip"
    names = " ".join(dict.fromkeys(package.name for runtime in runtimes for package in runtime.packages))
    return f"{' && '.join([f'{pip} uninstall -y {names}'] * len(runtimes))} && {pip} install {_newest(environment)}"


def _text(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
