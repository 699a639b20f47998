"""A file that the user asks about: whether this Python and this machine can load it."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from framelane._printable import printable

from ._check import failed, passed, unknown
from ._elf import ElfError, read_elf
from ._interpreter_tag import interpreter_tag
from ._libraries import check_libraries
from ._loader_host import this_host
from ._target import Target
from ._versions import check_versions

if TYPE_CHECKING:
    from pathlib import Path

    from ._check import Check
    from ._elf import ElfFile
    from ._environment import Environment
    from ._supply import Supply


def extension_checks(
    path: Path, environment: Environment | None, supply: Supply | None, ld_library_path: str, so: tuple[Path, ...]
) -> list[Check]:
    """Return the links of one file; without an environment those that the file alone shows."""
    short = printable(path.name)
    try:
        elf = read_elf(path)
    except ElfError as error:
        fix = "git lfs pull" if "Git LFS" in error.reason else f"file {_quoted(path)} (then copy it here again)"
        return [failed(f"{short}: file", str(error), fix)]
    checks = [_file(short, path, elf), _architecture(short, elf)]
    if environment is None or supply is None:
        return checks
    checks.insert(1, _tag(short, path, environment))
    if (elf.machine, elf.bits) != this_host().architecture:
        return checks
    target = Target(path, environment)
    versions = check_versions(elf, target.walk(ld_library_path), environment)
    libraries = check_libraries(f"{short}: libraries", target, supply, ld_library_path, so)
    return [*checks, _renamed(versions, short), libraries]


def _file(short: str, path: Path, elf: ElfFile) -> Check:
    name = f"{short}: file"
    if elf.announced_size > elf.size:
        seen = f"it is cut off: {elf.size} bytes, and its headers announce {elf.announced_size}"
        return failed(name, seen, f"sha256sum {_quoted(path)} (compare it with the source's, and copy it again)")
    if elf.kind not in ("library", "program") or not elf.dynamic:
        return failed(name, f"it is {elf.kind}, which nothing can load as a library", f"file {_quoted(path)}")
    return passed(name, f"ELF {elf.kind}, {elf.size} bytes")


def _tag(short: str, path: Path, environment: Environment) -> Check:
    name = f"{short}: Python"
    tag = interpreter_tag(path.name)
    if tag is None:
        return passed(name, "its name has no interpreter tag, so any Python tries it")
    if environment.version is None:
        return unknown(name, f"built for {tag.text}; the environment's version is not known")
    here = f"{environment.version[0]}.{environment.version[1]}"
    if tag.fits(environment.version):
        return passed(name, f"built for {tag.text}, as is this Python {here}")
    seen = f"built for {tag.text}, and this Python is {here}: it is not even looked at on import"
    version = "3.11" if tag.version is None else f"{tag.version[0]}.{tag.version[1]}"
    return failed(name, seen, f"conda create -y -p ./python{version} python={version}")


def _architecture(short: str, elf: ElfFile) -> Check:
    name = f"{short}: architecture"
    machine, bits = this_host().architecture
    if (elf.machine, elf.bits) == (machine, bits):
        return passed(name, elf.architecture)
    seen = f"{elf.architecture}, and this machine's programs are {machine} ({bits} bit)"
    return failed(name, seen, f"get the build for {machine}, or: docker run --platform {_platform(elf)} IMAGE")


def _platform(elf: ElfFile) -> str:
    names = {"AArch64": "linux/arm64", "ARM": "linux/arm/v7", "x86": "linux/386", "x86-64": "linux/amd64"}
    return names.get(elf.machine, "linux/amd64")


def _renamed(check: Check, short: str) -> Check:
    return replace(check, name=f"{short}: {check.name}")


def _quoted(path: Path) -> str:
    return shlex.quote(os.fspath(path))
