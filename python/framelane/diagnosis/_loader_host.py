"""What the loader of this machine was built with and what it sees of the CPU; read from files, nothing is run."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# The interpreters that programs of an architecture name, which every glibc system has at this place.
LOADERS = {
    ("x86-64", 64): "/lib64/ld-linux-x86-64.so.2",
    ("AArch64", 64): "/lib/ld-linux-aarch64.so.1",
    ("x86", 32): "/lib/ld-linux.so.2",
    ("ARM", 32): "/lib/ld-linux-armhf.so.3",
}
_ARCHITECTURES = {"x86_64": ("x86-64", 64), "aarch64": ("AArch64", 64)}
# What a CPU must have for a level of the x86-64 psABI, in the words of /proc/cpuinfo.
_LEVELS = {
    "x86-64-v2": "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3",
    "x86-64-v3": "abm avx avx2 bmi1 bmi2 f16c fma movbe",
    "x86-64-v4": "avx512f avx512bw avx512cd avx512dq avx512vl",
}
_COMMON_FOLDERS = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")


@dataclass(frozen=True)
class LoaderHost:
    """The loader of a machine.

    Attributes
    ----------
    architecture : tuple of str and int
        Machine and word size of its processes, as `ElfFile` has them.
    default_folders : tuple of str
        What is searched last.
    library_folder : str
        ``$LIB``: ``lib64``, or ``lib/x86_64-linux-gnu`` on Debian.
    platform : str
        ``$PLATFORM``.
    hwcaps : tuple of str
        Levels of the CPU, best first: each folder is searched for ``glibc-hwcaps/<level>`` before itself.
    """

    architecture: tuple[str, int]
    default_folders: tuple[str, ...] = _COMMON_FOLDERS
    library_folder: str = "lib64"
    platform: str = "x86_64"
    hwcaps: tuple[str, ...] = ()

    @property
    def loader(self) -> str:
        """Path of the loader itself, which is in every process."""
        return LOADERS.get(self.architecture, "")


@cache
def this_host() -> LoaderHost:
    """Return the loader of this machine."""
    architecture = _ARCHITECTURES.get(platform.machine(), (platform.machine(), 64))
    folders = _compiled_folders(Path(LOADERS.get(architecture, ""))) or _COMMON_FOLDERS
    flags, vendor = _cpu()
    return LoaderHost(
        architecture=architecture,
        default_folders=folders,
        library_folder=folders[0].strip("/"),
        platform=_platform(flags, vendor),
        hwcaps=_levels(flags) if architecture == ("x86-64", 64) else (),
    )


def _compiled_folders(loader: Path) -> tuple[str, ...]:
    """Return the folders that stand in the loader's file: strings, one behind the other, which end in a slash."""
    try:
        found = re.search(rb"(?:/[\w/.+-]*lib[\w.+-]*(?:/[\w/.+-]+)?/\0)+", loader.read_bytes())
    except OSError:
        return ()
    return tuple(name.decode().rstrip("/") for name in found[0].split(b"\0") if name) if found else ()


def _cpu() -> tuple[frozenset[str], str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset(), ""
    flags = re.search(r"^flags\s*:(.*)$", text, re.M)
    vendor = re.search(r"^vendor_id\s*:(.*)$", text, re.M)
    return frozenset(flags[1].split() if flags else ()), vendor[1].strip() if vendor else ""


def _levels(flags: frozenset[str]) -> tuple[str, ...]:
    found: list[str] = []
    for level, wanted in _LEVELS.items():
        if not flags >= set(wanted.split()):
            break
        found.insert(0, level)
    return tuple(found)


def _platform(flags: frozenset[str], vendor: str) -> str:
    # glibc calls recent CPUs of Intel, and only those, by another name than the kernel does.
    recent = {"avx2", "bmi1", "bmi2", "abm", "fma", "movbe", "popcnt"}
    return "haswell" if vendor == "GenuineIntel" and flags >= recent else platform.machine()
