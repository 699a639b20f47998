"""The incident in a box, with stubs for the libraries: CUDA wheels missing, off the path, on the path."""

from __future__ import annotations

import json
import os

import pytest

from framelane.cli import main
from legacy_service import Service

PROVIDER = "libonnxruntime_providers_cuda.so"


@pytest.fixture
def start(service_folder, tmp_path):
    def call(environment, *, library_path=None, patience=600):
        command = [str(environment.python), str(service_folder / "app.py"), "model.onnx", str(patience)]
        return Service(command, tmp_path, library_path)

    return call


@pytest.fixture
def inspected(capfd):
    def call(pid):
        code = main(["inspect", str(pid), "--seconds", "0.3", "--json"])
        out, err = capfd.readouterr()
        assert err == ""
        return code, json.loads(out)

    return call


def test_the_incident_replays(start, whole_environment):
    with start(whole_environment, patience=0.2) as service:
        assert service.wait() == 1
        assert "drivered_video >>> 发送数据大小:[1], current_idx:10\n" in service.output
        assert "任务视频驱动队列满，严重阻塞，下游队列异常" in service.output  # noqa: RUF001
        assert "current_idx:20" not in service.output


def test_wheels_on_the_path(start, whole_environment, inspected):
    with start(whole_environment, library_path=":".join(whole_environment.cuda_folders)) as service:
        service.wait_for_child()
        code, found = inspected(service.pid)
        expected_device = os.path.exists("/dev/nvidiactl")
    assert code == 1  # the stub makes no context, with or without a GPU
    reason = "no session has opened a device" if expected_device else "there is no CUDA device"
    assert f"{PROVIDER} is loaded, but there is no CUDA context, because {reason}" in found["verdict"]
    child = found["processes"][-1]
    assert [one["exists"] for one in child["library_path"]] == [True] * 5
    assert {file["path"].rpartition("/")[2] for file in child["libraries"]["cudnn"]} == {"libcudnn.so.9"}
