"""`framelane doctor --so FILE`: whether this Python and this machine can load it, said before anyone tries."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

import services
from framelane.cli import main
from framelane.diagnosis._interpreter_tag import interpreter_tag
from framelane.diagnosis._loader_host import this_host
from libraries import build_library

if TYPE_CHECKING:
    from pathlib import Path

CP38 = "trans_dh_service.cpython-38-x86_64-linux-gnu.so"


@pytest.fixture
def ask(tmp_path, doctor):
    """Look at a file, in a Python of a version; return the checks by the word behind the file's name."""

    def call(file: Path, version=(3, 11), *options):
        env = tmp_path / f"env {version[1]}"
        if not env.exists():
            services.environment(env, version)
        code, checks = doctor("--env", env, "--so", file, "--device", "cpu", *options)
        prefix = f"{file.name}: "
        assert not services.ran(env)
        return code, {name.removeprefix(prefix): check for name, check in checks.items() if name.startswith(prefix)}

    return call


def test_a_module_of_another_python(tmp_path, ask):
    file = build_library(tmp_path / CP38)
    _, checks = ask(file, (3, 11))
    assert "built for cpython-38, and this Python is 3.11" in checks["Python"]["seen"]
    assert checks["Python"]["fix"] == "conda create -y -p ./python3.8 python=3.8"
    _, checks = ask(file, (3, 8))
    assert checks["Python"]["status"] == "passed"


@pytest.mark.parametrize(
    ("name", "version", "fits"),
    [
        (CP38, (3, 8), True),
        (CP38, (3, 9), False),
        ("m.cpython-37m-x86_64-linux-gnu.so", (3, 7), True),
        ("m.cpython-311.so", (3, 11), True),
        ("m.abi3.so", (3, 14), True),
        ("m.abi3.so", (2, 7), False),
        ("m.pypy39-pp73-x86_64-linux-gnu.so", (3, 9), False),
        ("m.cpython-313t-x86_64-linux-gnu.so", (3, 13), False),
    ],
)
def test_tags(name, version, fits):
    assert interpreter_tag(name).fits(version) is fits


@pytest.mark.parametrize("name", ["m.so", "libm.so.6", "cpython-38.so", "m.cpython-38.so.bak", "m.py"])
def test_names_without_a_tag(name):
    assert interpreter_tag(name) is None


def test_a_library_for_another_machine_is_not_walked(tmp_path, ask):
    data = bytearray(build_library(tmp_path / "m.so").read_bytes())
    data[18:20] = b"\xb7\x00" if this_host().architecture[0] != "AArch64" else b"\x3e\x00"
    (tmp_path / "m.so").write_bytes(data)
    code, checks = ask(tmp_path / "m.so")
    assert code == 1
    assert "AArch64 (64 bit), and this machine's programs are x86-64" in checks["architecture"]["seen"]
    assert "docker run --platform linux/arm64" in checks["architecture"]["fix"]
    assert "libraries" not in checks


def test_who_supplies_each_library(tmp_path, ask):
    far = build_library(tmp_path / "far" / "libfar.so.1")
    file = build_library(tmp_path / "m.so", needs={far.name: far}, runpath="$ORIGIN/nowhere", options=("-lm",))
    code, checks = ask(file)
    assert code == 1
    assert "nowhere in the environment: libfar.so.1" in checks["libraries"]["seen"]
    assert checks["libraries"]["fix"] == "apt-file search libfar.so.1"
    assert any(line.startswith(f"searched: {tmp_path}/nowhere, ") for line in checks["libraries"]["details"])

    _, checks = ask(file, (3, 11), "--ld-library-path", f"{far.parent}:/gone")
    assert checks["libraries"]["status"] == "passed"
    found = {one["name"]: one for one in checks["libraries"]["libraries"]}
    assert (found["libfar.so.1"]["path"], found["libfar.so.1"]["rule"]) == (str(far), "LD_LIBRARY_PATH")
    assert found["libm.so.6"]["found"]


def test_a_library_beside_it_is_a_matter_of_exec(tmp_path, ask):
    far = build_library(tmp_path / "torch" / "lib" / "libfar.so.1")
    file = build_library(tmp_path / "m.so", needs={far.name: far})
    services.environment(tmp_path / "env 11")
    (tmp_path / "env 11/lib/python3.11/site-packages/torch").symlink_to(tmp_path / "torch")
    _, checks = ask(file)
    assert "framelane exec --python" in checks["libraries"]["fix"]
    assert f"--so {file}" in checks["libraries"]["fix"]


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """A library that asks for versions of glibc and libstdc++."""
    folder = tmp_path_factory.mktemp("versions")
    code = '#include <cstdio>\n#include <stdexcept>\nvoid f() { std::puts(""); throw std::runtime_error("x"); }\n'
    command = ["g++", "-shared", "-fPIC", "-x", "c++", "-", "-o", f"{folder}/m.so"]
    subprocess.run(command, input=code, text=True, check=True, timeout=100)
    return folder / "m.so"


def test_the_versions_that_it_needs_are_here(ask, module):
    _, checks = ask(module)
    seen = checks["glibc and libstdc++"]["seen"]
    assert checks["glibc and libstdc++"]["status"] == "passed"
    assert seen.startswith("needs glibc 2.")
    assert "libstdc++ 3.4" in seen


@pytest.mark.parametrize(
    ("old", "new", "fix"),
    [
        (b"GLIBC_2.2.5\0", b"GLIBC_2.9.9\0", "docker run"),
        (b"GLIBCXX_3.4.21\0", b"GLIBCXX_3.4.99\0", "libstdcxx-ng>="),
    ],
)
def test_the_versions_that_it_needs_are_not_here(tmp_path, ask, module, old, new, fix):
    data = module.read_bytes()
    if old not in data:
        pytest.skip(f"needs a compiler that asks for {old.decode()}")
    (tmp_path / "m.so").write_bytes(data.replace(old, new))
    _, checks = ask(tmp_path / "m.so")
    assert checks["glibc and libstdc++"]["status"] == "failed"
    assert new[:-1].decode() in checks["glibc and libstdc++"]["seen"]
    assert fix in checks["glibc and libstdc++"]["fix"]


def bad(folder: Path, how: str) -> Path:
    file = folder / "名 m.cpython-311-x86_64-linux-gnu.so"
    match how:
        case "empty":
            file.touch()
        case "script":
            file.write_text("#!/bin/sh\ntouch ran\n")
            file.chmod(0o755)
        case "fifo":
            os.mkfifo(file)
        case "folder":
            file.mkdir()
        case "cut":
            build_library(file)
            file.write_bytes(file.read_bytes()[:700])
        case "loop":
            file.symlink_to(file)
        case "pointer":
            file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\n")
    return file


@pytest.mark.parametrize("how", ["empty", "script", "fifo", "folder", "cut", "loop", "pointer", "gone"])
def test_a_bad_file_is_a_sentence(tmp_path, ask, how):
    code, checks = ask(bad(tmp_path, how))
    assert code == 1
    assert list(checks) == ["file"]
    assert checks["file"]["seen"].count("\n") == 0
    assert "名 m.cpython-311-x86_64-linux-gnu.so" in checks["file"]["seen"]
    assert not (tmp_path / "ran").exists()


def test_a_file_that_lost_its_end(tmp_path, ask):
    file = build_library(tmp_path / "m.so")
    file.write_bytes(file.read_bytes()[:-10])
    _, checks = ask(file)
    assert "it is cut off" in checks["file"]["seen"]


def test_libraries_that_need_each_other(tmp_path, ask):
    first = build_library(tmp_path / "libfirst.so")
    second = build_library(tmp_path / "libsecond.so", needs={first.name: first}, runpath="$ORIGIN")
    build_library(first, needs={second.name: second}, runpath="$ORIGIN")
    _code, checks = ask(first)
    assert checks["libraries"]["status"] == "passed"
    assert "all 2 are found" in checks["libraries"]["seen"]


def test_several_files_and_names_that_no_terminal_likes(tmp_path, capfd):
    services.environment(tmp_path / "env")
    odd = tmp_path / "a\n\x1b[31m.so"
    odd.write_text("text")
    other = build_library(tmp_path / "b.so")
    name = os.fsdecode(b"\xff.so")
    (tmp_path / name).write_text("text")
    files = [option for file in (odd, other, tmp_path / name) for option in ("--so", str(file))]
    assert main(["doctor", "--env", str(tmp_path / "env"), *files]) == 1
    out = capfd.readouterr().out
    assert "\x1b" not in out
    assert "\n               a\\n\\x1b[31m.so\n" in out
    assert "\n               b.so\n" in out
    assert main(["doctor", "--env", str(tmp_path / "env"), *files, "--json"]) == 1
    json.loads(capfd.readouterr().out)
