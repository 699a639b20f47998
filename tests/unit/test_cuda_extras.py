"""The extras cuda12 and cuda13 bring what ONNX Runtime's provider needs, in versions with the names it asks for."""

from __future__ import annotations

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from packaging.requirements import Requirement

from framelane._cuda_libraries import CUDA_LIBRARIES
from framelane._cuda_runtime import installed_cuda_runtime
from needs import need, need_cuda_wheels

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def requirements(major: int) -> dict[str, Requirement]:
    need("the checkout", PYPROJECT.exists())
    extras = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]
    return {found.name: found for found in map(Requirement, extras[f"cuda{major}"])}


def number(library: str) -> int:
    """The major version in a name such as libcudart.so.12, which is also that of its wheel."""
    return int(library.rpartition(".")[2])


@pytest.mark.parametrize("major", CUDA_LIBRARIES)
def test_each_library_is_in_a_wheel_of_the_extra_in_its_own_major_version(major):
    for library in CUDA_LIBRARIES[major]:
        wanted = requirements(major)[library.package].specifier
        mine = number(library.name)
        assert wanted.contains(f"{mine}.999")
        assert not wanted.contains(f"{mine - 1}.999")
        assert not wanted.contains(f"{mine + 1}.0")


@pytest.mark.parametrize(("major", "inside", "outside"), [(12, "1.26.0", "1.27.0"), (13, "1.27.0", "1.26.0")])
def test_the_runtime_is_the_one_for_this_cuda(major, inside, outside):
    wanted = requirements(major)["onnxruntime-gpu"].specifier
    assert wanted.contains(inside)
    assert not wanted.contains(outside)


def test_what_the_installed_provider_needs_is_all_in_the_extra():
    major = need_cuda_wheels()
    with installed_cuda_runtime("cuda").provider.open("rb") as stream:
        tags = ELFFile(stream).get_section_by_name(".dynamic").iter_tags("DT_NEEDED")
        needed = {tag.needed for tag in tags if tag.needed.startswith(("libcu", "libnv"))} - {"libcuda.so.1"}
    packages = {library.name: library.package for library in CUDA_LIBRARIES[major]}
    assert needed
    assert needed <= set(packages)
    for name in needed:
        assert requirements(major)[packages[name]].specifier.contains(version(packages[name]))
    assert requirements(major)["onnxruntime-gpu"].specifier.contains(version("onnxruntime-gpu"))
