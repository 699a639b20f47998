"""Builds small libraries and programs for tests of loading, and asks the real loader what it makes of them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from needs import need

if TYPE_CHECKING:
    from pathlib import Path

COMPILER = os.environ.get("CXX", "g++")


def build_library(
    path: Path,
    *,
    needs: dict[str, Path] | None = None,
    soname: str | None = "",
    rpath: str | None = None,
    runpath: str | None = None,
    program: bool = False,
    options: tuple[str, ...] = (),
) -> Path:
    """Link a library without code: NEEDED, SONAME (that of its file when empty), RPATH or RUNPATH as asked for.

    `needs` has the files to link with by the name that NEEDED shall have, which is the SONAME of each.
    """
    need("a C++ compiler", shutil.which(COMPILER) is not None)
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [COMPILER, "-x", "c++", os.devnull, "-x", "none", "-nostdlib", "-o", str(path), "-Wl,--no-as-needed"]
    command += [*options, *map(str, (needs or {}).values()), "-Wl,--allow-shlib-undefined"]
    command += ["-Wl,--unresolved-symbols=ignore-all"]
    if program:
        command += ["-pie", "-Wl,-e,0"]
    else:
        command += ["-shared", *([f"-Wl,-soname,{soname or path.name}"] if soname is not None else [])]
    if rpath is not None:
        command += ["-Wl,--disable-new-dtags", f"-Wl,-rpath,{rpath}"]
    if runpath is not None:
        command += ["-Wl,--enable-new-dtags", f"-Wl,-rpath,{runpath}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return path


def traced(path: Path, *, cwd: Path | None = None, **environment: str) -> dict[str, str | None]:
    """Ask the real loader which file it takes for each name: None for one that it does not find.

    An error of the loader is under the key ``"error"``.
    """
    clean = {k: v for k, v in os.environ.items() if not k.startswith("LD_")}
    done = subprocess.run(
        [str(path)],
        env={**clean, **environment, "LD_TRACE_LOADED_OBJECTS": "1"},
        cwd=cwd,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
        timeout=30,
    )
    found: dict[str, str | None] = {}
    for line in done.stdout.splitlines():
        if match := re.match(r"\t(.*?) => (?:not found|(.*?) \(0x)", line):
            found.setdefault(match[1], match[2])
    if done.returncode:
        found["error"] = done.stderr.strip()
    return found
