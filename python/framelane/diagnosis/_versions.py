"""Whether the C and C++ libraries here are new enough for a library: the versions of symbols that it asks for."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from ._check import failed, passed, unknown
from ._elf import newest_version

if TYPE_CHECKING:
    from ._check import Check
    from ._elf import ElfFile
    from ._environment import Environment
    from ._target import Walk

NAME = "glibc and libstdc++"

# First images that have a glibc of at least that version.
_IMAGES = (((2, 31), "ubuntu:20.04"), ((2, 35), "ubuntu:22.04"), ((2, 36), "debian:12"), ((2, 39), "ubuntu:24.04"))
_NEWEST_IMAGE = "debian:testing"
# GLIBCXX_3.4.x by the GCC that brought it.
_GCC = {26: 9, 27: 9, 28: 9, 29: 11, 30: 12, 31: 13, 32: 13, 33: 14, 34: 15}
_FAMILIES = {"libc.so.6": ("glibc", ("GLIBC",)), "libstdc++.so.6": ("libstdc++", ("GLIBCXX", "CXXABI"))}


def check_versions(elf: ElfFile, walk: Walk, environment: Environment) -> Check:
    """See whether every version that a library asks for is there in what the loader finds."""
    lacking: dict[str, list[str]] = {}
    said: list[str] = []
    for name, (label, families) in _FAMILIES.items():
        asked = elf.versions_needed.get(name, ())
        if not asked:
            continue
        here = walk.file_of(name)
        if here is None:
            return unknown(NAME, f"it asks for {label}, which is not found (see above)")
        lacking[name] = [version for version in asked if version not in here.elf.versions_defined]
        newest = newest_version(list(asked), families[0])
        has = newest_version(sorted(here.elf.versions_defined), families[0])
        said.append(f"{label} {newest or 'of any version'} (here {has} in {os.path.dirname(here.path)})")
    if not said:
        return passed(NAME, "it asks for neither")
    bad = [version for versions in lacking.values() for version in versions]
    if bad:
        fix = _container(lacking["libc.so.6"]) if lacking.get("libc.so.6") else _newer_libstdcxx(bad, environment)
        return failed(NAME, f"it needs {', '.join(bad)}, which are not here: {'; '.join(said)}", fix)
    return passed(NAME, f"needs {' and '.join(said)}")


def _container(versions: list[str]) -> str:
    newest = newest_version(versions, "GLIBC") or "99"
    numbers = tuple(int(number) for number in newest.split(".")[:2])
    image = next((image for version, image in _IMAGES if version >= numbers), _NEWEST_IMAGE)
    return f'docker run --rm -it --gpus all -v "$PWD:/work" -w /work {image} bash'


def _newer_libstdcxx(versions: list[str], environment: Environment) -> str:
    newest = newest_version(versions, "GLIBCXX") or "3.4.30"
    gcc = _GCC.get(int(newest.rpartition(".")[2]), max(_GCC.values()))
    if environment.kind == "conda environment":
        prefix = shlex.quote(os.fspath(environment.prefix))
        return f"conda install -p {prefix} -c conda-forge 'libstdcxx-ng>={gcc}'"
    return f"conda create -p ./newer -c conda-forge 'libstdcxx-ng>={gcc}' && export LD_LIBRARY_PATH=\"$PWD/newer/lib\""
