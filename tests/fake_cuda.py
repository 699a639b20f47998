"""CUDA's libraries as far as loading goes, built in a moment: the right names, and answers as the test wants them.

`wheels` lays them out as NVIDIA's wheels do; `driver` makes a libcuda.so.1; `site` puts an ONNX Runtime beside them.
What runtime and driver answer stands in environment variables of the process that loads them: FAKE_CUDA_COUNT,
FAKE_CUDA_ERROR, FAKE_DRIVER_VERSION, FAKE_DRIVER_INIT.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import textwrap
from typing import TYPE_CHECKING

import pytest

import scripts
from framelane._cuda_libraries import (
    CUDA_LIBRARIES,
    CudaLibrary,
    find_libraries,
    package_roots,
    tensorrt_libraries,
)
from runtime_shells import shell

if TYPE_CHECKING:
    from pathlib import Path

GPU = {12: ("onnxruntime-gpu", "1.26.0"), 13: ("onnxruntime-gpu", "1.31.1")}  # CUDA major -> its ONNX Runtime
SAID = {12: "12.8", 13: "13.0"}  # what that says of itself

RUNTIME = """
#include <stdlib.h>
static int number(const char* name, int otherwise) { const char* s = getenv(name); return s ? atoi(s) : otherwise; }
static int error(void) { return number("FAKE_CUDA_ERROR", 0); }
int cudaDriverGetVersion(int* v) { *v = number("FAKE_DRIVER_VERSION", 0); return 0; }
int cudaRuntimeGetVersion(int* v) { *v = FAKE_MAJOR * 1000 + 80; return 0; }
int cudaGetDeviceCount(int* n) { *n = number("FAKE_CUDA_COUNT", 0); return error(); }
int cudaGetDevice(int* d) { *d = 0; return error(); }
int cudaSetDevice(int d) { return error(); }
int cudaDeviceGetAttribute(int* v, int a, int d) { *v = 1000 * d + a; return error(); }
int cudaMemGetInfo(size_t* f, size_t* t) { *f = 5; *t = 7; return error(); }
int cudaGetLastError(void) { return 0; }
const char* cudaGetErrorName(int e) { return e == 100 ? "cudaErrorNoDevice" : "cudaErrorOther"; }
const char* cudaGetErrorString(int e) { return e == 100 ? "no CUDA-capable device is detected" : "something else"; }
"""

DRIVER = """
#include <stdlib.h>
static int number(const char* name, int otherwise) { const char* s = getenv(name); return s ? atoi(s) : otherwise; }
int cuInit(unsigned flags) { return number("FAKE_DRIVER_INIT", 0); }
int cuDriverGetVersion(int* v) { *v = number("FAKE_DRIVER_VERSION", 0); return 0; }
int cuDeviceGetCount(int* n) { *n = number("FAKE_CUDA_COUNT", 0); return 0; }
int cuGetErrorName(int e, const char** s) { *s = "CUDA_ERROR_NO_DEVICE"; return 0; }
int cuGetErrorString(int e, const char** s) { *s = "no CUDA-capable device is detected"; return 0; }
"""

EXITS = "#include <unistd.h>\n__attribute__((constructor)) static void leave(void) { _exit(41); }"


def library(file: Path, source: str = "", *options: str, soname: str | None = None) -> Path:
    """Compile a library of that name."""
    file.parent.mkdir(parents=True, exist_ok=True)
    command = [
        "cc",
        "-shared",
        "-fPIC",
        "-x",
        "c",
        "-",
        f"-Wl,-soname,{soname or file.name}",
        "-o",
        str(file),
        *options,
    ]
    subprocess.run(command, input=source, text=True, check=True)
    return file


def wheels(root: Path, major: int, *, without: tuple[str, ...] = (), tensorrt: bool = False) -> Path:
    """Lay out the libraries of one CUDA below `root`, all but the named ones."""
    libraries: tuple[CudaLibrary, ...] = CUDA_LIBRARIES[major] + (tensorrt_libraries(major) if tensorrt else ())
    for wanted in libraries:
        if wanted.name not in without:
            runtime = wanted.name.startswith("libcudart")
            library(root / wanted.folder / wanted.name, RUNTIME if runtime else "", f"-DFAKE_MAJOR={major}")
    return root


def driver(folder: Path) -> Path:
    """Make a driver's library, found by a process that has the folder in LD_LIBRARY_PATH."""
    return library(folder / "libcuda.so.1", DRIVER)


def site(folder: Path, libraries: Path | None, major: int = 12, *, copy: bool = False) -> Path:
    """Make a site-packages folder with an ONNX Runtime for that CUDA and, by links or as copies, these libraries."""
    shell(folder, GPU[major], cuda=SAID[major], providers=("cuda", "tensorrt"))
    for child in libraries.iterdir() if libraries else ():
        if copy:
            shutil.copytree(child, folder / child.name)
        else:
            (folder / child.name).symlink_to(child)
    return folder


def prepare(where: Path, device: str = "cuda:0", before: str = "") -> str:
    """Prepare a device in a process that finds packages in `where`; return what it ends with, 'fine' or an error."""
    kind, index = device.split(":")
    if find_libraries(CUDA_LIBRARIES[12] + CUDA_LIBRARIES[13], package_roots()):
        pytest.skip("needs an environment without NVIDIA's wheels, which would be found instead")
    code = f"""
        import sys
        import framelane
        from framelane import _cuda
        sys.path.insert(0, {os.fspath(where)!r})
        {textwrap.indent(textwrap.dedent(before), " " * 8).strip()}
        try:
            _cuda.prepare({kind!r}, {index})
            _cuda.prepare({kind!r}, {index})
            print("fine")
        except framelane.LoadError as error:
            print(type(error).__name__, error)
    """
    status, out, err = scripts.run(code)
    assert status == 0, err
    return out.rstrip("\n")
