"""Which packages have put an ONNX Runtime into a folder: read from their records, nothing is imported."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

FIRST_OF_CUDA_13 = (1, 27)  # onnxruntime-gpu before is CUDA 12

_OWNED = "onnxruntime/__init__.py"


@dataclass(frozen=True)
class RuntimePackage:
    """A package as pip knows it, such as ``onnxruntime-gpu`` 1.26.0."""

    name: str
    version: str

    @property
    def numbers(self) -> tuple[int, ...]:
        """The first two numbers of its version."""
        return tuple(int(number) for number in re.findall(r"\d+", self.version)[:2])

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def runtime_folder() -> Path | None:
    """Return the folder of the ``onnxruntime`` that an import would take or has taken; None when there is none."""
    try:
        spec = importlib.util.find_spec("onnxruntime")
    except ValueError:  # what is in sys.modules under that name says nothing of itself
        return None
    folders = list((spec.submodule_search_locations if spec else None) or [])
    return Path(folders[0]).absolute() if folders else None


def runtime_packages(folder: Path) -> list[RuntimePackage]:
    """Return the packages that own an ``onnxruntime`` folder, sorted by name; more than one are a broken install."""
    found = [_package(info) for info in folder.parent.glob("*.dist-info") if _owns_runtime(info)]
    return sorted(found, key=lambda package: package.name)


def _owns_runtime(info: Path) -> bool:
    if not re.match(r"(onnxruntime|ort)[_-]", info.name):  # the other records are not worth reading
        return False
    try:
        lines = (info / "RECORD").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.startswith(f"{_OWNED},") for line in lines)


def _package(info: Path) -> RuntimePackage:
    name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
    return RuntimePackage(name.replace("_", "-"), version)


def nearest_extra(packages: list[RuntimePackage]) -> str:
    """Return the extra of framelane whose ONNX Runtime is nearest to what these packages are."""
    versions = [package.numbers for package in packages if "gpu" in package.name]
    if not versions:
        return "framelane[cpu]"
    return "framelane[cuda13]" if versions[0] >= FIRST_OF_CUDA_13 else "framelane[cuda12]"


def over_each_other(folder: Path, packages: list[RuntimePackage]) -> str:
    """Say that several packages share a folder, and the two commands that mend it."""
    remove = " ".join(package.name for package in packages)
    return (
        f"{' and '.join(map(str, packages))} are installed over each other in {folder}, so that the files of one stand "
        f"among those of the other. Remove all, then install one: pip uninstall -y {remove} && "
        f"pip install '{nearest_extra(packages)}'"
    )
