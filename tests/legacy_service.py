"""The incident in a box: the service of which the README tells, with its opaque library, in an environment of its own.

`build_service` compiles the extension module; `stub_environment` makes an environment whose onnxruntime-gpu and CUDA
wheels are stubs of the right names, and `Service` runs the one in the other.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sysconfig
import time
import venv
from pathlib import Path

SOURCES = Path(__file__).parent / "data" / "legacy"
NEEDED = {  # of onnxruntime-gpu 1.26's provider, by the wheel that has it
    "libcublasLt.so.12": "cublas",
    "libcublas.so.12": "cublas",
    "libcurand.so.10": "curand",
    "libcufft.so.11": "cufft",
    "libcudart.so.12": "cuda_runtime",
    "libcudnn.so.9": "cudnn",
}
WHEELS = {folder: f"nvidia_{folder}_cu12" for folder in NEEDED.values()}
VERSION = "1.26.0"


def compile_library(source: Path | str, out: Path, *options: str) -> None:
    """Make a shared library from a file, or from a few lines of C++."""
    text, name = (source, "-") if isinstance(source, str) else (None, str(source))
    command = ["g++", "-shared", "-fPIC", "-o", str(out), "-x", "c++", name, "-x", "none", *options]
    subprocess.run(command, input=text, text=True, check=True, capture_output=True)


def build_service(folder: Path) -> Path:
    """Compile the opaque library into a folder, and put what starts it beside it; returns the library."""
    library = folder / f"trans_dh_service{sysconfig.get_config_var('EXT_SUFFIX')}"
    compile_library(SOURCES / "trans_dh_service.cpp", library, f"-I{sysconfig.get_path('include')}")
    shutil.copy(SOURCES / "app.py", folder)
    return library


class Environment:
    """A Python environment: ``python``, and the folders of its CUDA libraries."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"
        (self.site,) = folder.glob("lib/python3*/site-packages")

    @property
    def cuda_folders(self) -> list[str]:
        return sorted(map(str, self.site.glob("nvidia/*/lib")))


def stub_environment(folder: Path) -> Environment:
    """Make an environment with a stub of onnxruntime-gpu and of the CUDA wheels."""
    venv.create(folder, symlinks=True)
    environment = Environment(folder)
    site, capi = environment.site, environment.site / "onnxruntime" / "capi"
    capi.mkdir(parents=True)
    for name, wheel in NEEDED.items():
        lib = site / "nvidia" / wheel / "lib"
        lib.mkdir(parents=True, exist_ok=True)
        compile_library(f'extern "C" int {wheel}() {{ return 0; }}', lib / name, f"-Wl,-soname,{name}")
    libraries = [str(site / "nvidia" / wheel / "lib" / name) for name, wheel in NEEDED.items()]
    provider = "libonnxruntime_providers_cuda.so"
    compile_library("int provider;", capi / provider, f"-Wl,-soname,{provider}", "-Wl,--no-as-needed", *libraries)
    for name in (
        f"onnxruntime_pybind11_state{sysconfig.get_config_var('EXT_SUFFIX')}",
        "libonnxruntime_providers_shared.so",
    ):
        compile_library("int library;", capi / name)
    shutil.copy(SOURCES / "onnxruntime_stub.py", capi.parent / "__init__.py")
    (capi / "__init__.py").touch()
    _add_wheel(site, "onnxruntime_gpu", VERSION, "onnxruntime")
    for wheel, name in WHEELS.items():
        _add_wheel(site, name, "12.0.0", f"nvidia/{wheel}")
    (site / "numpy.py").write_text("float32 = None\n\n\ndef zeros(shape, dtype):\n    return bytes(64)\n")
    return environment


def bare_copy(whole: Environment, folder: Path) -> Environment:
    """Make the same environment without the CUDA wheels; files are linked where they can be, as real ones are large."""
    venv.create(folder, symlinks=True)
    environment = Environment(folder)
    for entry in whole.site.iterdir():
        if entry.name.startswith(("nvidia", "cuda", "cupy", "framelane", "_")) or not entry.is_dir():
            continue
        shutil.copytree(entry, environment.site / entry.name, copy_function=_link, symlinks=True, dirs_exist_ok=True)
    for module in whole.site.glob("numpy.py"):  # the stub
        _link(module, environment.site / module.name)
    return environment


def _link(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # on another disk
        shutil.copy2(source, target)


def _add_wheel(site: Path, name: str, version: str, files: str) -> None:
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\n")
    listed = [str(path.relative_to(site)) for path in sorted((site / files).rglob("*")) if path.is_file()]
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in listed))


class Service:
    """The running service; use it as a context manager, which leaves nothing behind.

    Parameters
    ----------
    command : list of str
        What starts it.
    folder : Path
        Its current folder, where its output is kept too.
    library_path : str, optional
        LD_LIBRARY_PATH at the start; none when left out.
    """

    def __init__(self, command: list[str], folder: Path, library_path: str | None = None) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
        environment |= {"LD_LIBRARY_PATH": library_path} if library_path is not None else {}
        self._log = folder / f"service-{time.monotonic_ns()}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.pid = self._process.pid

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_for(self, pattern: str, seconds: float = 60.0) -> re.Match[str]:
        """Wait until the service has said something."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.output)):
            assert self._process.poll() is None, self.output
            assert time.monotonic() < end, self.output
            time.sleep(0.02)
        return found

    def wait_for_child(self) -> tuple[int, str]:
        """Wait until the child has its session; return its number and the providers that it got."""
        found = self.wait_for(r"child (\d+) ready with \[(.*)\]")
        return int(found[1]), found[2]

    def wait(self, seconds: float = 60.0) -> int:
        return self._process.wait(seconds)

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)  # its child too, which is of the same group
        self._process.wait()
