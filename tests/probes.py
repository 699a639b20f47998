"""Processes that ask for a CUDA device in some circumstance, and tell what came of it and which files they loaded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import framelane

MODEL = os.fspath(Path(__file__).parent / "data/models/01_weighted.onnx")
LIBRARIES = r"/lib(cu(dart|blas|dnn|fft|rand)|nv(rtc|JitLink|infer|onnx)|onnxruntime_providers_(cuda|tensorrt))"
PACKAGE = Path(framelane.__file__).parent

HEAD = """
import json, re, sys
sys.path[:0] = {path!r}

def tell(said):
    from framelane import _cuda_maps
    loaded = [file for file in _cuda_maps.mapped_files() if re.search({libraries!r}, file)]
    print(json.dumps([said, sorted(loaded)]), flush=True)

def ask():
    import framelane
    try:
        framelane.Session({model!r}, device="cuda:0").close()
    except framelane.FramelaneError as error:
        return f"{{type(error).__name__}}: {{error}}"
    return "fine"
"""


def head(path: list[str]) -> str:
    """Return what a program begins with that asks and tells; `path` comes first on its sys.path."""
    return HEAD.format(path=path, model=MODEL, libraries=LIBRARIES)


@dataclass(frozen=True)
class Answer:
    """What a process said when it asked for cuda:0, and the CUDA libraries that it then had loaded."""

    said: str
    files: tuple[str, ...]

    @property
    def names(self) -> set[str]:
        return {Path(file).name for file in self.files}


def probe(
    code: str = "tell(ask())",
    *,
    python: str = sys.executable,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
    path: list[str] | None = None,
) -> Answer:
    """Run the code, which calls `tell(ask())`; the environment is ours, or exactly the given one."""
    program = head([os.fspath(PACKAGE.parent)] if path is None else path) + textwrap.dedent(code)
    done = subprocess.run(
        [python, "-c", program], env=env, cwd=cwd, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    said, files = json.loads(done.stdout.splitlines()[-1])
    return Answer(said, tuple(files))


def copy_package(site: Path) -> Path:
    """Copy framelane into a folder of packages, away from the wheels that it was installed beside."""
    return shutil.copytree(PACKAGE, site / "framelane", ignore=shutil.ignore_patterns("__pycache__"))


def link_others(site: Path, *, but: tuple[str, ...]) -> Path:
    """Link what is installed here into a folder of packages, but for some names."""
    site.mkdir(parents=True, exist_ok=True)
    for place in {Path(entry) for entry in sys.path if entry.endswith("site-packages")}:
        for child in place.iterdir():
            if child.name.split(".")[0] not in (*but, "framelane", "__pycache__") and child.suffix != ".pth":
                target = site / child.name
                if not target.exists():
                    target.symlink_to(child)
    return site


def bare_environment(folder: Path) -> tuple[str, Path]:
    """Make a virtual environment with nothing in it; return its interpreter and its site-packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return os.fspath(folder / "bin/python"), next((folder / "lib").glob("python3*/site-packages"))
