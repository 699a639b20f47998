"""Driver, devices and container, on machines that are folders and drivers that are made for the test."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest

import fake_cuda
from framelane.diagnosis import _driver
from framelane.diagnosis._check import Status
from framelane.diagnosis._driver import DriverFacts, driver_facts
from framelane.diagnosis._driver_checks import driver_checks

GOOD = DriverFacts(
    library="/lib/libcuda.so.1", version=12040, devices=("H100",), nodes=("/dev/nvidia0",), kernel="550.1", hardware=1
)


def checks(facts: DriverFacts, cuda_major: int | None = 12) -> dict:
    found = {check.name: check for check in driver_checks(facts, cuda_major)}
    assert all(check.fix for check in found.values() if check.status is Status.FAILED)
    return found


def test_a_good_machine():
    found = checks(GOOD)
    assert [check.status for check in found.values()] == [Status.PASSED] * 3
    assert found["driver"].seen == "/lib/libcuda.so.1 runs CUDA up to 12.4: 1 device (H100)"
    assert found["container"].seen == "not in one"


@pytest.mark.parametrize(
    ("change", "link", "seen", "fix"),
    [
        ({"library": ""}, "driver", "module 550.1, but libcuda.so.1 is not installed", "apt-get install nvidia-driver"),
        ({"library": "", "kernel": ""}, "driver", "1 of NVIDIA's GPUs are in this machine, and no driver", "apt-get"),
        ({"library": "", "kernel": "", "hardware": 0}, "driver", "neither an NVIDIA GPU on its bus", "apt-get"),
        ({"library": "", "container": "docker"}, "driver", "not handed into this docker container", "--gpus all"),
        ({"word": "no device", "code": 100, "nodes": ()}, "driver", "no device (CUDA error 100)", "nvidia-modprobe"),
        ({"word": "no device", "code": 100, "cuda_visible": "-1"}, "driver", "no device", "unset CUDA_VISIBLE"),
        ({"word": "mismatch", "code": 803}, "driver", "mismatch (CUDA error 803)", "sudo reboot"),
        ({"word": "unknown", "code": 999}, "driver", "unknown (CUDA error 999)", "nvidia-modprobe"),
        ({"word": "no answer", "code": -1}, "driver", "says: no answer", "dmesg"),
        ({"version": 11040}, "driver", "runs CUDA up to 11.4, and ONNX Runtime's provider is for CUDA 12", "apt-get"),
        ({"nodes": ()}, "devices", "there is no /dev/nvidia0", "nvidia-modprobe"),
        ({"nodes": (), "container": "podman"}, "devices", "no /dev/nvidia0", "--device nvidia.com/gpu=all"),
        ({"nodes": (), "container": "kubernetes"}, "container", "started without GPUs", "nvidia.com/gpu=1"),
        ({"nodes": (), "container": "a container"}, "container", "NVIDIA_VISIBLE_DEVICES is not set", "--gpus all"),
        ({"nodes": (), "container": "docker", "visible": "void"}, "container", "VISIBLE_DEVICES=void", "--gpus all"),
        ({"closed_nodes": ("/dev/nvidiactl",)}, "devices", "may not open /dev/nvidiactl", "usermod -aG"),
        ({"cuda_visible": ""}, "devices", "CUDA_VISIBLE_DEVICES='' hides every device", "unset CUDA_VISIBLE_DEVICES"),
    ],
)
def test_what_fails_and_its_cure(change, link, seen, fix):
    check = checks(replace(GOOD, system="debian", **change))[link]
    assert check.status is Status.FAILED
    assert seen in check.seen
    assert fix in check.fix


def test_a_container_with_gpus():
    check = checks(replace(GOOD, container="docker", visible="all"))["container"]
    assert check.status is Status.PASSED
    assert check.seen == "this docker container, with /dev/nvidia0 (NVIDIA_VISIBLE_DEVICES=all)"


def test_an_unknown_system_gets_a_command_too():
    assert ".run" in checks(replace(GOOD, library="", system="plan9"))["driver"].fix


@pytest.fixture
def machine(tmp_path):
    """A machine with a GPU and its kernel module, as folders."""
    for name in ("dev", "proc/driver/nvidia", "proc/1", "run", "etc", "sys/bus/pci/devices/0000:01:00.0"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "nvidia-modeset"):
        (tmp_path / "dev" / name).touch()
    version = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22\n"
    (tmp_path / "proc/driver/nvidia/version").write_text(version)
    (tmp_path / "etc/os-release").write_text('NAME="Ubuntu"\nID=ubuntu\n')
    device = tmp_path / "sys/bus/pci/devices/0000:01:00.0"
    (device / "vendor").write_text("0x10de\n")
    (device / "class").write_text("0x030200\n")
    return tmp_path


def test_what_is_seen_of_a_machine(machine):
    facts = driver_facts(root=machine, environ={"CUDA_VISIBLE_DEVICES": "0"}, library="")
    assert facts.nodes == (f"{machine}/dev/nvidia0", f"{machine}/dev/nvidia1")
    assert (facts.kernel, facts.hardware, facts.system, facts.container) == ("550.54.14", 1, "ubuntu", "")
    assert (facts.cuda_visible, facts.visible, facts.closed_nodes) == ("0", None, ())


def test_a_device_that_this_user_may_not_open(machine, monkeypatch):
    monkeypatch.setattr(os, "access", lambda name, *_: not str(name).endswith("nvidia0"))  # root may open all
    assert driver_facts(root=machine, environ={}, library="").closed_nodes == (f"{machine}/dev/nvidia0",)


@pytest.mark.parametrize(
    ("file", "text", "environ", "container"),
    [
        (".dockerenv", "", {}, "docker"),
        ("run/.containerenv", "", {}, "podman"),
        ("proc/1/cgroup", "0::/kubepods/pod1", {}, "a container"),
        (".dockerenv", "", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "kubernetes"),
        ("run/x", "", {"container": "lxc"}, "a container"),
    ],
)
def test_signs_of_a_container(machine, file, text, environ, container):
    (machine / file).write_text(text)
    assert driver_facts(root=machine, environ=environ, library="").container == container


def test_the_device_of_wsl(machine):
    for node in (machine / "dev").iterdir():
        node.unlink()
    (machine / "dev/dxg").touch()
    assert driver_facts(root=machine, environ={}, library="").nodes == (f"{machine}/dev/dxg",)


def test_a_driver_that_answers(tmp_path, monkeypatch):
    source = fake_cuda.DRIVER + "int cuDeviceGetName(char* s, int n, int d) { s[0] = 'A' + d; s[1] = 0; return 0; }\n"
    library = fake_cuda.library(tmp_path / "libcuda.so.1", source)
    monkeypatch.setenv("FAKE_DRIVER_VERSION", "12040")
    monkeypatch.setenv("FAKE_CUDA_COUNT", "2")
    facts = driver_facts(root=tmp_path, library=str(library))
    assert (facts.version, facts.devices, facts.word) == (12040, ("A", "B"), "")


def test_the_drivers_own_word(tmp_path, monkeypatch):
    library = fake_cuda.driver(tmp_path)
    monkeypatch.setenv("FAKE_DRIVER_INIT", "100")
    facts = driver_facts(root=tmp_path, library=str(library))
    assert (facts.code, facts.word) == (100, "no CUDA-capable device is detected")


def test_the_driver_that_the_loader_finds_is_asked(tmp_path):
    fake_cuda.driver(tmp_path)
    facts = driver_facts(root=tmp_path, environ={"LD_LIBRARY_PATH": str(tmp_path)})
    assert facts.library == f"{tmp_path}/libcuda.so.1"


def test_a_driver_that_dies_hangs_or_is_none(tmp_path, monkeypatch):
    dies = fake_cuda.library(tmp_path / "dies/libcuda.so.1", fake_cuda.EXITS)
    assert "ended the process that asked, with status 41" in driver_facts(root=tmp_path, library=str(dies)).word
    (tmp_path / "text.so").write_text("text")
    assert "text.so" in driver_facts(root=tmp_path, library=str(tmp_path / "text.so")).word
    empty = fake_cuda.library(tmp_path / "empty/libcuda.so.1")
    assert "cuDriverGetVersion" in driver_facts(root=tmp_path, library=str(empty)).word
    hangs = "#include <unistd.h>\n__attribute__((constructor)) static void hang(void) { for (;;) pause(); }"
    library = fake_cuda.library(tmp_path / "hangs/libcuda.so.1", hangs)
    monkeypatch.setattr(_driver, "_PATIENCE", 0.5)
    assert "no answer within" in driver_facts(root=tmp_path, library=str(library)).word
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
