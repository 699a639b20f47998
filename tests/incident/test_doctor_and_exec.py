"""`doctor` and `exec` on the three states of the incident: from "library not found" to "no device"."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from legacy_service import Service

PROVIDER = "libonnxruntime_providers_cuda.so"


@pytest.fixture
def examined(box, told):
    """Run doctor over an environment and the opaque library; return exit status and checks that failed, by name."""

    def call(environment, library_path=""):
        options = ["--python", environment.python, "--so", box.library, "--ld-library-path", library_path]
        code, found = told("doctor", *options)
        assert found["healthy"] is (code == 0)
        return code, {check["name"]: check for check in found["checks"] if check["status"] == "failed"}

    return call


@pytest.fixture
def executing(box):
    """The command that starts the service through `framelane exec`."""

    def call(environment, *options):
        exec_ = [sys.executable, "-m", "framelane", "exec", "--python", environment.python, "--so", box.library]
        return [*map(str, exec_), *options, "--", *box.command(environment)]

    return call


def without_path():
    return {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}


def test_doctor_with_the_wheels_missing(box, examined):
    code, failed = examined(box.bare)
    assert code == 1
    libraries = failed["CUDA libraries"]
    assert any(line.startswith(f"libcublasLt.so.{box.major} ") for line in libraries["details"])
    assert f"{box.bare.python} -m pip install " in libraries["fix"]
    assert "nvidia-cublas" in libraries["fix"]


def test_doctor_with_the_wheels_off_the_path(box, examined):
    code, failed = examined(box.whole)
    assert code == 1
    libraries = failed["CUDA libraries"]
    assert f"{box.whole.site}/nvidia/" in "".join(libraries["details"])
    assert libraries["fix"].startswith(f"framelane exec --python {box.whole.python} ")


def test_doctor_with_the_wheels_on_the_path(box, examined, has_gpu):
    code, failed = examined(box.whole, ":".join(box.whole.cuda_folders))
    assert "CUDA libraries" not in failed
    if not has_gpu:
        assert code == 1
        assert {"driver", "devices"} <= set(failed)


def test_exec_with_the_wheels_missing_starts_nothing(box, executing, tmp_path):
    done = subprocess.run(
        executing(box.bare), env=without_path(), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (7, "")
    assert f"libcublasLt.so.{box.major}" in done.stderr
    assert "-m pip install" in done.stderr
    assert "Traceback" not in done.stderr


def test_exec_turns_library_not_found_into_no_device(box, start, executing, tmp_path, told, has_gpu):
    with start(box.whole) as service:
        service.wait_for_child()
        assert f"libcublasLt.so.{box.major}: cannot open shared object file" in service.output
    with Service(executing(box.whole), tmp_path) as service:
        service.wait_for_child()
        code, found = told("inspect", service.pid, "--seconds", 0.3)
        said = service.output
    assert all(f"\n  {folder}" in said for folder in box.whole.cuda_folders if "cublas" in folder)
    assert f"libcublasLt.so.{box.major}" not in said
    if has_gpu and box.real:
        assert (code, found["place"]) == (0, "gpu")
    elif box.major == 13 and not has_gpu:  # without a driver it is not loaded at all
        assert "libcuda.so.1: cannot open shared object file" in said
        assert "because libcuda.so.1 is not found" in found["verdict"]
    elif not has_gpu:
        assert "CUDA failure 35" in said
        assert f"{PROVIDER} is loaded, but there is no CUDA context" in found["verdict"]
        assert "(no /dev/nvidiactl)" in found["verdict"]


def test_the_lines_that_exec_prints_do_the_same(box, executing, tmp_path, told):
    command = executing(box.whole, "--print")
    lines = subprocess.run(command, env=without_path(), capture_output=True, text=True, timeout=60, check=True).stdout
    script = tmp_path / "start.sh"
    script.write_text(f'{lines}\nexec "$@"\n')
    with Service(["sh", str(script), *box.command(box.whole)], tmp_path) as service:
        service.wait_for_child()
        assert f"libcublasLt.so.{box.major}" not in service.output


def test_the_services_exit_status_is_that_of_exec(box, executing, tmp_path):
    command = executing(box.whole)
    command[command.index("--") + 1 :] = [str(box.whole.python), "-c", "raise SystemExit(38)"]
    done = subprocess.run(command, env=without_path(), cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert done.returncode == 38
