"""The built modules for CUDA: they need what ONNX Runtime's provider needs, and look for it beside the package."""

from __future__ import annotations

from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

import framelane

PACKAGE = Path(framelane.__file__).parent

# What ONNX Runtime's CUDA provider needs: that of onnxruntime-gpu 1.26 (CUDA 12), and of 1.31 (CUDA 13) but the driver.
NEEDED = {
    12: ["cublas.so.12", "cublasLt.so.12", "cudart.so.12", "cudnn.so.9", "cufft.so.11", "curand.so.10"],
    13: ["cublas.so.13", "cublasLt.so.13", "cudart.so.13", "curand.so.10"],
}
FOLDERS = {
    12: ["cuda_runtime", "cublas", "curand", "cufft", "cudnn", "cuda_nvrtc", "nvjitlink"],
    13: ["cu13", "cudnn"],
}


def dynamic(file: Path) -> dict[str, list[str]]:
    """What `readelf -d` shows: NEEDED, RPATH and RUNPATH."""
    with file.open("rb") as stream:
        tags = list(ELFFile(stream).get_section_by_name(".dynamic").iter_tags())
    found: dict[str, list[str]] = {"needed": [], "rpath": [], "runpath": []}
    for tag in tags:
        kind = tag.entry.d_tag.removeprefix("DT_").lower()
        if kind in found:
            found[kind].append(getattr(tag, kind))
    return found


def module(name: str) -> Path:
    (file,) = PACKAGE.glob(f"{name}.*.so")
    return file


@pytest.mark.parametrize("major", NEEDED)
def test_a_cuda_module_needs_what_the_provider_needs(major):
    needed = dynamic(module(f"_cuda{major}"))["needed"]
    assert sorted(name[3:] for name in needed if name.startswith("libcu")) == NEEDED[major]


@pytest.mark.parametrize("major", NEEDED)
def test_a_cuda_module_looks_beside_the_package_before_any_environment_variable(major):
    found = dynamic(module(f"_cuda{major}"))
    assert found["runpath"] == []
    (rpath,) = found["rpath"]
    folders = [folder for folder in rpath.split(":") if folder.startswith("$ORIGIN")]
    assert folders == [f"$ORIGIN/../nvidia/{name}/lib" for name in FOLDERS[major]]


def test_the_core_needs_nothing_of_cuda():
    needed = dynamic(module("_core"))["needed"]
    assert not [name for name in needed if name.startswith(("libcu", "libnv"))]
