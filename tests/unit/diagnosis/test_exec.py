"""`framelane exec`: a service gets the folders that it needs, and is refused where they would not be enough."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import framelane
import services
from libraries import build_library

SITE = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
PROVIDER = "onnxruntime/capi/libonnxruntime_providers_cuda.so"
SHOW = (
    "import json, os, sys; "
    "print(json.dumps({'path': os.environ.get('LD_LIBRARY_PATH'), 'argv': sys.argv[1:], 'prefix': sys.prefix}))"
)


def start(*arguments, **environment) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in ("LD_LIBRARY_PATH", "VIRTUAL_ENV")}
    source = os.fspath(Path(framelane.__file__).parents[1])
    return subprocess.run(
        [sys.executable, "-m", "framelane", "exec", *map(str, arguments)],
        env={**clean, "PYTHONPATH": source, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.fixture
def env(tmp_path):
    """An environment whose wheels are there and off the path; its Python is a real one."""
    site = services.environment(tmp_path / "an env", runs=True)
    services.runtime(site)
    services.wheels(site)
    return tmp_path / "an env"


def folders(env: Path) -> list[str]:
    nvidia = env / SITE / "nvidia"
    return [str(nvidia / name / "lib") for name in ("cublas", "curand", "cufft", "cuda_runtime", "cudnn", "cuda_nvrtc")]


def test_the_service_gets_the_folders_and_its_own_python(env):
    done = start("--env", env, "--", "python", "-c", SHOW, "--device", "-x", "")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["path"].split(":") == folders(env)
    assert said["argv"] == ["--device", "-x", ""]
    assert said["prefix"] == str(env)
    for folder in folders(env):  # it says what it set
        assert folder in done.stderr


def test_with_the_folders_the_provider_loads_and_without_them_not(env):
    provider = env / SITE / PROVIDER
    with pytest.raises(OSError, match=r"libcublasLt\.so\.12"):
        ctypes.CDLL(os.fspath(provider))
    code = f"import ctypes; ctypes.CDLL({os.fspath(provider)!r}); print('loaded')"
    done = start("--env", env, "--", sys.executable, "-c", code)
    assert done.stdout == "loaded\n", done.stderr


def test_children_get_them_too(env):
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SHOW!r}], check=True)"
    done = start("--env", env, "--", "python", "-c", code)
    assert json.loads(done.stdout)["path"].split(":") == folders(env)


def test_what_was_there_stays_behind(env, tmp_path):
    before = f"/some/where::{folders(env)[0]}:{tmp_path}"
    done = start("--env", env, "--", "python", "-c", SHOW, LD_LIBRARY_PATH=before)
    assert json.loads(done.stdout)["path"].split(":") == [*folders(env), "/some/where", str(tmp_path)]


def test_a_wrong_file_that_was_in_front_is_now_behind(env, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/libcudnn.so.9").write_text("no library")
    provider = env / SITE / PROVIDER
    code = f"import ctypes; ctypes.CDLL({os.fspath(provider)!r}); print('loaded')"
    done = start("--env", env, "--", "python", "-c", code, LD_LIBRARY_PATH=str(tmp_path / "bad"))
    assert done.stdout == "loaded\n", done.stderr


def test_print_shows_lines_that_a_shell_takes(env):
    done = start("--env", env, "--print")
    assert done.returncode == 0, done.stderr
    script = f'{done.stdout}\nprintf "%s\\n" "$LD_LIBRARY_PATH" "$PATH"'
    shown = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={"PATH": "/bin"})
    assert shown.stdout.splitlines() == [":".join(folders(env)), f"{env}/bin:/bin"]


def test_the_environment_is_that_of_the_python_that_is_started(env, tmp_path):
    path = f"{env}/bin:{os.environ['PATH']}"
    done = start("--", "python", "-c", SHOW, PATH=path)
    assert json.loads(done.stdout)["path"].split(":") == folders(env)
    script = tmp_path / "serve"
    script.write_text(f"#!/usr/bin/env python\n{SHOW}\n")
    script.chmod(0o755)
    done = start("--", str(script), PATH=path)
    assert json.loads(done.stdout)["path"].split(":") == folders(env)


def test_a_library_of_its_own(tmp_path):
    far = build_library(tmp_path / "far" / "libfar.so.1")
    near = build_library(tmp_path / "torch" / "libnear.so", needs={far.name: far})
    module = build_library(tmp_path / "m.so", needs={near.name: near})
    site = services.environment(tmp_path / "env", runs=True)
    (site / "torch").mkdir()
    (site / "torch/lib").symlink_to(near.parent)
    (site / "nvidia/far").mkdir(parents=True)
    (site / "nvidia/far/lib").symlink_to(far.parent)
    done = start("--env", tmp_path / "env", "--so", module, "--", "python", "-c", SHOW)
    assert json.loads(done.stdout)["path"].split(":") == [f"{site}/torch/lib", f"{site}/nvidia/far/lib"]


def test_nothing_is_needed(tmp_path):
    services.environment(tmp_path / "env", runs=True)
    module = build_library(tmp_path / "m.so", options=("-lm",))
    done = start("--env", tmp_path / "env", "--so", module, "--", "python", "-c", SHOW)
    assert json.loads(done.stdout)["path"] is None
    assert "found without LD_LIBRARY_PATH" in done.stderr


def test_a_library_that_is_nowhere_is_refused_with_its_cure(env):
    for file in env.rglob("libcudnn.so.9"):
        file.unlink()
    done = start("--env", env, "--", "python", "-c", SHOW)
    assert (done.returncode, done.stdout) == (7, "")
    assert "libcudnn.so.9 is nowhere (needed by libonnxruntime_providers_cuda.so)" in done.stderr
    assert "-m pip install 'nvidia-cudnn-cu12>=9,<10'" in done.stderr
    assert "Traceback" not in done.stderr
    assert start("--env", env, "--print").returncode == 7
    forced = start("--force", "--env", env, "--", "python", "-c", SHOW)
    assert forced.returncode == 0
    assert "warning: " in forced.stderr
    assert json.loads(forced.stdout)["path"]


@pytest.mark.parametrize("kind", ["cpu", "none", "shell", "two"])
def test_a_runtime_that_cannot_use_the_gpu_is_refused(tmp_path, kind):
    site = services.environment(tmp_path, runs=True)
    if kind != "none":
        folder = services.runtime(site, None if kind == "cpu" else 12)
    if kind == "shell":
        (folder / "__init__.py").unlink()
    if kind == "two":
        services.record(site, "onnxruntime", "1.32.0")
    done = start("--env", tmp_path, "--", "python", "-c", SHOW)
    assert (done.returncode, done.stdout) == (7, "")
    assert "pip install" in done.stderr


def test_what_comes_with_the_driver_is_said_and_no_reason_to_refuse(tmp_path):
    site = services.environment(tmp_path, runs=True)
    folder = services.runtime(site)
    services.wheels(site)
    needs = {name: services.stub(name) for name in ("libcudnn.so.9", "libcuda.so.1")}
    build_library(folder / "capi/libonnxruntime_providers_cuda.so", needs=needs)
    done = start("--env", tmp_path, "--", "python", "-c", SHOW)
    assert done.returncode == 0, done.stderr
    assert "libcuda.so.1 comes with NVIDIA's driver" in done.stderr or Path("/dev/nvidia0").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence", "status"),
    [
        ([], "no command to start", 2),
        (["--"], "no command to start", 2),
        (["--env", "/nowhere", "--", "true"], "/nowhere does not exist", 7),
        (["--so", "/nowhere.so", "--", "true"], "/nowhere.so cannot be read: No such file", 7),
        (["--nonsense", "--", "true"], "unrecognized arguments", 2),
    ],
)
def test_what_cannot_be_started_is_a_sentence(arguments, sentence, status):
    done = start(*arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_program_that_is_not_there(env, tmp_path):
    done = start("--env", env, "--", "no-such-program")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no-such-program: no such program on PATH" in done.stderr
    (tmp_path / "text").write_text("no program")
    (tmp_path / "text").chmod(0o755)
    done = start("--env", env, "--", tmp_path / "text")
    assert done.returncode == 1
    assert "cannot be started: Exec format error" in done.stderr


def test_status_and_signals_are_the_services_own(env):
    assert start("--env", env, "--", "python", "-c", "raise SystemExit(41)").returncode == 41
    assert start("--env", env, "--", "python", "-c", "import os; os.kill(os.getpid(), 9)").returncode == -9


def test_a_folder_that_no_path_can_hold_is_said(tmp_path):
    site = services.environment(tmp_path / "a:b", runs=True)
    services.runtime(site)
    services.wheels(site)
    done = start("--env", tmp_path / "a:b", "--print")
    assert (done.returncode, done.stdout) == (7, "")
    assert "which has a colon or semicolon in its name" in done.stderr
    (tmp_path / "service").symlink_to(tmp_path / "a:b")
    assert start("--env", tmp_path / "service", "--print").returncode == 0
