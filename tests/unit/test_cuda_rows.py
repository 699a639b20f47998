"""Our declarations of CUDA's functions and error codes, compiled against NVIDIA's own headers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from needs import need, need_cuda_headers

SOURCES = Path(__file__).parents[2] / "src"

CHECK = """
#include <cuda_runtime_api.h>
#include <cstddef>
#include <type_traits>

// An enumeration is passed as an int is.
template <class T> struct Plain { using type = std::conditional_t<std::is_enum_v<T>, int, T>; };
template <class F> struct Function;
template <class R, class... A> struct Function<R(A...)> {
  using type = typename Plain<R>::type(typename Plain<A>::type...);
};

#define FRAMELANE_CUDA_ROW(result, name, parameters) \\
  static_assert(std::is_same_v<Function<decltype(::name)>::type, result parameters>, #name);
#include "cuda/rows.inl"

#define FRAMELANE_CUDA_CODE(name, number) static_assert(::name == number, #name);
#include "cuda/device_codes.inl"

static_assert(sizeof(cudaError_t) == sizeof(int) && sizeof(cudaDeviceAttr) == sizeof(int));
"""


def compiled(major: int, rows: Path) -> subprocess.CompletedProcess[str]:
    folders = [f"-I{folder}" for folder in need_cuda_headers(major)]
    command = ["c++", "-std=c++20", "-fsyntax-only", "-x", "c++", f"-I{rows}", *folders, "-"]
    return subprocess.run(command, input=CHECK, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("major", [12, 13])
def test_the_rows_are_those_of_the_headers(major):
    need("the source of framelane", SOURCES.exists())
    done = compiled(major, SOURCES)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("wrong", "right", "file"),
    [
        ("(int* count)", "(long* count)", "rows.inl"),
        ("(int* value, int attribute, int device)", "(int* value, int device)", "rows.inl"),
        ("cudaErrorNoDevice, 100", "cudaErrorNoDevice, 38", "device_codes.inl"),
    ],
)
def test_a_wrong_row_would_be_seen(wrong, right, file, tmp_path):
    need("the source of framelane", SOURCES.exists())
    (tmp_path / "cuda").mkdir()
    for name in ("rows.inl", "device_codes.inl"):
        text = (SOURCES / "cuda" / name).read_text()
        (tmp_path / "cuda" / name).write_text(text.replace(wrong, right) if name == file else text)
    done = compiled(12, tmp_path)
    assert done.returncode != 0
    assert "static assertion failed" in done.stderr


def test_the_check_is_not_run_against_headers_of_ours():
    (folder, *_) = need_cuda_headers(12)
    assert "NVIDIA" in (Path(folder) / "cuda_runtime_api.h").read_text(errors="replace")
    assert os.fspath(SOURCES) not in os.fspath(folder)
