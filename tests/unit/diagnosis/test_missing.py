"""Which libraries a provider would not find, by the rules of the loader and by what the process has loaded."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from fake_proc import FakeProc
from framelane.diagnosis._missing import Missing, missing_from
from framelane.diagnosis._process import read_process
from legacy_service import compile_library
from needs import need

if TYPE_CHECKING:
    from pathlib import Path

PROVIDER = "libonnxruntime_providers_cuda.so"
ALONE = ("-nostdlib", "-Wl,--no-as-needed")  # a made-up container has no libc


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An environment whose provider needs two libraries, which lie in the folders of two wheels."""
    need("a C++ compiler (g++)", shutil.which("g++") is not None)
    return Made(tmp_path_factory.mktemp("made") / "env", ["libcublasLt.so.12", "libcudnn.so.9"])


class Made:
    def __init__(self, folder: Path, names: list[str]) -> None:
        self.site = folder / "lib" / "python3.8" / "site-packages"
        self.capi = self.site / "onnxruntime" / "capi"
        self.capi.mkdir(parents=True)
        self.runtime = self.capi / "onnxruntime_pybind11_state.so"
        self.provider = self.capi / PROVIDER
        compile_library("int runtime;", self.runtime, "-nostdlib")
        self.libraries = {}
        for number, name in enumerate(names):
            lib = self.site / "nvidia" / f"part{number}" / "lib"
            lib.mkdir(parents=True)
            compile_library("int library;", lib / name, f"-Wl,-soname,{name}", "-nostdlib")
            self.libraries[name] = lib / name
        compile_library("int provider;", self.provider, *ALONE, *map(str, self.libraries.values()))

    @property
    def path(self) -> str:
        return ":".join(str(library.parent) for library in self.libraries.values())


@pytest.fixture
def missing(tmp_path):
    proc = FakeProc(tmp_path / "proc")
    numbers = iter(range(10, 100))

    def call(made, *loaded, provider=None, **environment) -> Missing | None:
        pid = next(numbers)
        proc.add(pid, files=[str(made.runtime), *map(str, loaded)], environment=environment)
        return missing_from(str(provider or made.provider), str(made.runtime), read_process(pid, proc.folder))

    return call


def test_off_the_path(made, missing):
    found = missing(made)
    assert found.names == ("libcublasLt.so.12", "libcudnn.so.9")
    assert found.found_in == tuple(made.path.split(":"))
    assert str(found) == (
        "libcublasLt.so.12 is not found, nor libcudnn.so.9; the loader was not told to look in "
        f"{made.site}/nvidia/*/lib"
    )


def test_on_the_path(made, missing):
    assert missing(made, LD_LIBRARY_PATH=made.path) is None


def test_partly_on_the_path(made, missing):
    found = missing(made, LD_LIBRARY_PATH=made.path.split(":")[0])
    assert found.names == ("libcudnn.so.9",)
    assert str(found).startswith("libcudnn.so.9 is not found; the loader was not told to look in /")


def test_what_another_framework_has_loaded_is_found(made, missing):
    assert missing(made, *made.libraries.values()) is None
    assert missing(made, made.libraries["libcublasLt.so.12"]).names == ("libcudnn.so.9",)


def test_a_deleted_library_is_not(made, missing):
    assert missing(made, *(f"{library} (deleted)" for library in made.libraries.values())).names


@pytest.mark.parametrize(
    ("names", "packages"),
    [
        (["libcublasLt.so.12", "libcudnn.so.9"], "nvidia-cublas-cu12 'nvidia-cudnn-cu12>=9,<10'"),
        (["libcublasLt.so.11", "libcudnn.so.8"], "nvidia-cublas-cu11 'nvidia-cudnn-cu11>=8,<9'"),
        (["libcudart.so.11.0", "libcurand.so.10"], "nvidia-cuda-runtime-cu11 nvidia-curand-cu11"),
        (["libcublas.so.13", "libcudnn.so.9"], "nvidia-cublas 'nvidia-cudnn-cu13>=9,<10'"),
        (["libcufft.so.11", "libodd.so.1"], "nvidia-cufft-cu12"),
    ],
)
def test_wheels_that_are_not_there_are_named(tmp_path, missing, names, packages):
    env = Made(tmp_path / "an env", names)
    shutil.rmtree(env.site / "nvidia")
    found = missing(env)
    assert (found.names, found.found_in) == (tuple(names), ())
    assert found.fix == f"'{tmp_path}/an env/bin/python' -m pip install {packages}"
    assert str(found).startswith(f"{names[0]} is not found")


def test_the_driver_is_no_wheel(tmp_path, missing):
    env = Made(tmp_path / "env", ["libcuda.so.1"])
    shutil.rmtree(env.site / "nvidia")
    assert "install the NVIDIA driver" in missing(env).fix


def test_the_driver_does_not_hide_what_else_is_missing(tmp_path, missing):
    env = Made(tmp_path / "env", ["libcublas.so.13", "libcuda.so.1"])
    env.libraries["libcuda.so.1"].unlink()
    assert missing(env).found_in == (str(env.libraries["libcublas.so.13"].parent),)
    assert missing(env, LD_LIBRARY_PATH=env.path).names == ("libcuda.so.1",)
    shutil.rmtree(env.site / "nvidia")
    assert missing(env).fix.endswith("/env/bin/python -m pip install nvidia-cublas")


def test_an_unknown_library_has_no_command(tmp_path, missing):
    env = Made(tmp_path / "env", ["libodd.so.1"])
    shutil.rmtree(env.site / "nvidia")
    assert missing(env).fix == ""


def test_a_file_that_is_no_library_is_named_with_what_it_is(made, missing, tmp_path):
    (tmp_path / "libcudnn.so.9").touch()
    found = missing(made, LD_LIBRARY_PATH=f"{tmp_path}:{made.path}")
    assert str(found) == f"libcudnn.so.9 cannot be loaded: {tmp_path}/libcudnn.so.9 is an empty file"
    assert found.fix == f"remove {tmp_path}/libcudnn.so.9"


def test_a_broken_provider(made, missing, tmp_path):
    broken = tmp_path / PROVIDER
    broken.write_bytes(made.provider.read_bytes()[:3000])
    found = missing(made, provider=broken)
    assert str(found).startswith(f"{PROVIDER} cannot be loaded: ")
    assert "--force-reinstall" in found.fix


def test_relative_folders_count_from_the_current_one(made, missing):
    relative = ":".join(f"..{folder}" for folder in made.path.split(":"))
    assert missing(made, LD_LIBRARY_PATH=relative) is None  # the current folder is /usr


def test_libraries_in_a_circle(tmp_path, missing):
    env = Made(tmp_path / "env", ["libcublas.so.12", "libcudnn.so.9"])
    one, other = env.libraries.values()
    compile_library("int one;", one, "-Wl,-soname,libcublas.so.12", *ALONE, str(other))
    compile_library("int other;", other, "-Wl,-soname,libcudnn.so.9", *ALONE, str(one))
    assert missing(env, LD_LIBRARY_PATH=env.path) is None


def test_a_containers_libraries_are_looked_for_in_it(made, tmp_path):
    proc = FakeProc(tmp_path / "proc")
    inside = proc.root / "opt"
    inside.mkdir(parents=True)
    subprocess.run(["cp", "-r", str(made.site.parents[2]), str(inside)], check=True)
    runtime, provider = (f"/opt/env/{file.relative_to(made.site.parents[2])}" for file in (made.runtime, made.provider))
    folders = [f"/opt/env/lib/python3.8/site-packages/nvidia/part{number}/lib" for number in (0, 1)]
    proc.add(10, files=[runtime], namespace="mnt:[2]")
    proc.add(11, files=[runtime], namespace="mnt:[2]", environment={"LD_LIBRARY_PATH": ":".join(folders)})
    proc.add(12, files=[runtime], namespace="mnt:[2]", environment={"LD_LIBRARY_PATH": made.path})  # ours, not its own
    found = missing_from(provider, runtime, read_process(10, proc.folder))
    assert found.found_in == tuple(folders)
    assert missing_from(provider, runtime, read_process(11, proc.folder)) is None
    assert missing_from(provider, runtime, read_process(12, proc.folder)).names[0] == "libcublasLt.so.12"
