"""Which CUDA the installed ONNX Runtime is built for: read from its files, nothing is loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._errors import LibraryVersionError, MissingLibraryError, RuntimeNotInstalledError
from ._runtime_packages import FIRST_OF_CUDA_13, RuntimePackage, over_each_other, runtime_folder, runtime_packages

if TYPE_CHECKING:
    from pathlib import Path

CUDA_MAJORS = (12, 13)

_PROVIDER = "libonnxruntime_providers_{}.so"


@dataclass(frozen=True)
class CudaRuntime:
    """An ONNX Runtime with a CUDA provider.

    Attributes
    ----------
    package : str
        Name and version, such as ``"onnxruntime-gpu 1.26.0"``.
    cuda_major : int
        The CUDA that its provider is linked to.
    provider : Path
        The provider's library.
    """

    package: str
    cuda_major: int
    provider: Path

    @property
    def extra(self) -> str:
        """What brings the libraries that it needs."""
        return f"framelane[cuda{self.cuda_major}]"


def installed_cuda_runtime(kind: str) -> CudaRuntime:
    """Find the ONNX Runtime of this environment and its provider of that kind (``"cuda"`` or ``"tensorrt"``).

    Raises
    ------
    RuntimeNotInstalledError
        There is none, files of it are missing, or two packages lie over each other.
    MissingLibraryError
        It is built for the CPU, or has no such provider.
    LibraryVersionError
        It is built for a CUDA that framelane does not know.
    """
    folder = runtime_folder()
    if folder is None:
        raise RuntimeNotInstalledError("ONNX Runtime is not installed; install it: pip install 'framelane[cuda12]'")
    packages = runtime_packages(folder)
    if len(packages) > 1:
        raise RuntimeNotInstalledError(over_each_other(folder, packages))
    provider = folder / "capi" / _PROVIDER.format(kind)
    name = str(packages[0]) if packages else "onnxruntime"
    if not provider.is_file():
        raise _without_provider(folder, packages, provider)
    major = _cuda_major(folder, packages)
    if major not in CUDA_MAJORS:
        raise LibraryVersionError(
            f"{name} in {folder} is built for CUDA {major or 'of unknown version'}, and this framelane knows CUDA "
            f"{' and '.join(map(str, CUDA_MAJORS))}; install one of those: pip install --force-reinstall "
            f"'framelane[cuda{CUDA_MAJORS[0]}]'"
        )
    return CudaRuntime(name, major, provider)


def _without_provider(folder: Path, packages: list[RuntimePackage], provider: Path) -> Exception:
    named = [package for package in packages if "gpu" in package.name]
    if named or not (folder / "__init__.py").exists():
        package = named[0].name if named else "onnxruntime-gpu"
        return RuntimeNotInstalledError(
            f"the installation of ONNX Runtime in {folder} is broken: {provider.name} is missing. Install it again: "
            f"pip install --force-reinstall --no-deps {package}"
        )
    name = packages[0].name if packages else "onnxruntime"
    return MissingLibraryError(
        f"{provider.name} is missing: {packages[0] if packages else name} is built for the CPU. Searched: "
        f"{provider.parent}. Take the one for CUDA: pip uninstall -y {name} && pip install 'framelane[cuda12]'"
    )


def _cuda_major(folder: Path, packages: list[RuntimePackage]) -> int:
    """Return what the package says it was built with; without that, what its version implies; 0 when unknown."""
    try:
        said = (folder / "capi" / "build_and_package_info.py").read_text(encoding="utf-8", errors="replace")
    except OSError:
        said = ""
    if found := re.search(r"^cuda_version\s*=\s*['\"](\d+)", said, re.M):
        return int(found[1])
    if not packages:
        return 0
    return 13 if packages[0].numbers >= FIRST_OF_CUDA_13 else 12
