"""The verdict on processes that no test can have for real, from a /proc of our own making."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from fake_proc import CAPI, GPU, PROVIDER, RUNTIME, FakeProc
from framelane.diagnosis import _inspect, _process, _stacks
from framelane.diagnosis._inspect_text import as_dict, as_text, role_of
from framelane.diagnosis._process import ProcessError

SPAWNED = "python -c from_multiprocessing.spawn --multiprocessing-fork"
CUDNN = "/opt/cudnn/lib/libcudnn.so.9"


@pytest.fixture
def proc(tmp_path):
    return FakeProc(tmp_path / "proc")


@pytest.fixture
def look(proc, monkeypatch):
    monkeypatch.setattr(_stacks, "find_py_spy", lambda: None)
    monkeypatch.setitem(sys.modules, "pynvml", None)
    return lambda pid=10: _inspect.inspect(pid, 0.05, proc.folder)


def contained(proc, pid, **options):
    """A process in a container whose files lie in a folder of ours."""
    proc.add(pid, namespace="mnt:[2]", **options)
    (proc.root / CAPI.lstrip("/")).mkdir(parents=True, exist_ok=True)
    return proc.root


def test_on_the_gpu(proc, look):
    proc.add(10, files=[RUNTIME, PROVIDER, CUDNN], devices=GPU)
    found = look()
    assert found.healthy
    assert found.verdict.text == (
        "process 10 runs on the GPU: libonnxruntime_providers_cuda.so is loaded and has a CUDA context on /dev/nvidia0"
    )


def test_an_open_gpu_without_the_drivers_memory_is_no_context(proc, look):
    proc.add(10, files=[RUNTIME, PROVIDER], devices=["/dev/nvidiactl", "/dev/nvidia0"])  # as NVML leaves them
    assert not look().healthy


@pytest.mark.parametrize("mark", ["/.dockerenv", "/run/.containerenv", None])
def test_the_provider_without_a_device_in_the_container_that_we_are_in(proc, look, tmp_path, monkeypatch, mark):
    known = {"/dev/nvidiactl": False, "/dev/dxg": False, "/.dockerenv": False, "/run/.containerenv": False, mark: True}
    monkeypatch.setattr(Path, "exists", lambda self: known.get(str(self), os.path.exists(self)))
    proc.add(10, files=[RUNTIME, PROVIDER])
    assert ("its container has no GPU" if mark else "there is no CUDA device") in look().verdict.text


def test_the_provider_without_a_device(proc, look):
    contained(proc, 10, files=[RUNTIME, PROVIDER])
    found = look()
    assert not found.healthy
    assert "runs on the CPU" in found.verdict.text
    assert "its container has no GPU (no /dev/nvidiactl)" in found.verdict.text
    assert "--gpus all" in found.verdict.fix


@pytest.mark.parametrize(
    ("value", "hides"),
    [("", True), ("-1", True), ("-1,0", True), ("NoDevFiles", True), ("1", False), ("GPU-8f", False)],
)
def test_a_variable_that_hides_the_gpus(proc, look, value, hides):
    root = contained(proc, 10, files=[RUNTIME, PROVIDER], environment={"CUDA_VISIBLE_DEVICES": value})
    (root / "dev").mkdir()
    (root / "dev" / "nvidiactl").touch()
    text = look().verdict.text
    assert ("hides every GPU" in text) is hides
    assert ("no session has opened a device" in text) is not hides


def test_a_runtime_without_the_provider(proc, look):
    contained(proc, 10, files=[RUNTIME])
    found = look()
    assert f"the ONNX Runtime in {CAPI} has no CUDA provider" in found.verdict.text
    assert found.verdict.fix == "pip uninstall -y onnxruntime && pip install onnxruntime-gpu"


def test_another_provider(proc, look):
    contained(proc, 10, files=[RUNTIME, f"{CAPI}/libonnxruntime_providers_openvino.so"])
    found = look()
    assert "has loaded the provider libonnxruntime_providers_openvino.so" in found.verdict.text


def test_a_framework_on_the_gpu_is_no_fault(proc, look):
    proc.add(10, files=["/x/libtorch_cuda.so"], devices=GPU)
    assert look().verdict.text == (
        "process 10 has a CUDA context on /dev/nvidia0 without ONNX Runtime (libtorch_cuda.so)"
    )


def test_the_child_that_lost_the_provider_is_named(proc, look):
    proc.add(10)
    contained(proc, 11, parent=10, files=[RUNTIME], command=SPAWNED)
    contained(proc, 12, parent=10, files=[RUNTIME], command=SPAWNED)
    found = look()
    assert found.verdict.text.startswith("process 11 (child of 10) runs on the CPU")
    assert found.verdict.text.endswith("; the same holds for 12")


def test_the_busiest_of_the_faulty_is_named(proc, look, monkeypatch):
    proc.add(10)
    contained(proc, 11, parent=10, files=[RUNTIME])
    contained(proc, 12, parent=10, files=[RUNTIME, PROVIDER])
    busy = proc.folder / "12" / "task" / "12" / "stat"
    watch = _inspect.watch

    def working(*arguments):
        found = watch(*arguments)
        busy.write_text(busy.read_text().replace(" 0 0 0 0 0 0 100 0 0", " 0 0 0 0 99 0 100 0 0"))
        thread = found[12].threads[0]
        return found | {12: type(found[12])(1.0, (1,), (type(thread)(12, "x", "R", "", 0.9),))}

    monkeypatch.setattr(_inspect, "watch", working)
    assert look().verdict.text.startswith("process 12 ")


def test_an_idle_parent_beside_a_child_on_the_gpu_is_no_fault(proc, look):
    proc.add(10, files=[RUNTIME])
    proc.add(11, parent=10, files=[RUNTIME, PROVIDER], devices=GPU)
    found = look()
    assert found.healthy
    assert found.verdict.text.startswith("process 11 (child of 10) runs on the GPU")


def test_neither_python_nor_cuda(proc, look):
    proc.add(10, executable="/usr/bin/sleep", command="sleep 60")
    assert look().verdict.text == ("process 10 is not a Python process, and has loaded neither ONNX Runtime nor CUDA")


def test_zombies(proc, look):
    proc.add(10, state="Z", parent=9)
    with pytest.raises(ProcessError, match=r"process 10 has ended; only .* .a zombie.* process 9"):
        look()
    proc.add(20)
    proc.add(21, parent=20, state="Z")
    text = "has died, and process 20 has not taken note of it (a zombie)"
    assert look(20).reports[1].verdict.text == text
    assert look(20).verdict.text == f"process 21 (child of 20) {text}"


def test_one_that_ends_while_it_is_looked_at(proc, look, monkeypatch):
    proc.add(10)
    watch = _inspect.watch

    def gone(*arguments):
        shutil.rmtree(proc.folder / "10")
        return watch(*arguments)

    monkeypatch.setattr(_inspect, "watch", gone)
    with pytest.raises(ProcessError, match="process 10 ended while it was looked at"):
        look()


def test_a_number_that_went_to_another_process_is_not_taken_for_the_first(proc, look, monkeypatch):
    own = proc.add(10, started=100)
    watch = _inspect.watch

    def again(*arguments):
        (own / "stat").write_text((own / "stat").read_text().replace(" 100 ", " 200 "))
        return watch(*arguments)

    monkeypatch.setattr(_inspect, "watch", again)
    with pytest.raises(ProcessError, match="ended while it was looked at"):
        look()


def test_one_that_may_not_be_read(proc, look, monkeypatch):
    proc.add(10)
    proc.add(11, parent=10)
    mapped = _process._mapped_files
    denied = PermissionError(13, "Permission denied")

    def only(pid):
        def files(folder):
            if folder.name == str(pid):
                raise denied
            return mapped(folder)

        monkeypatch.setattr(_process, "_mapped_files", files)

    only(11)
    assert look().reports[1].verdict.text.startswith("cannot be looked into: the kernel does not let you read it")
    only(10)
    with pytest.raises(ProcessError, match=r"process 10 cannot be looked into: .*sudo"):
        look()


def test_which_folders_of_the_library_path_existed(proc, look):
    proc.add(10)
    child = {"LD_LIBRARY_PATH": "/usr/lib:/no/such/folder::lib"}
    proc.add(11, parent=10, environment=child, files=[CUDNN])
    found = look()
    folders = as_dict(found)["processes"][1]["library_path"]
    assert [(one["path"], one["exists"]) for one in folders] == [
        *(("/usr/lib", True), ("/no/such/folder", False), (".", True), ("lib", True))
    ]
    text = as_text(found)
    assert "LD_LIBRARY_PATH   not set when it was started" in text
    assert "/no/such/folder   <- no such folder" in text
    assert "process 10 set LD_LIBRARY_PATH after its own start: its child 11 was started with it" in text


def test_a_containers_links_are_followed_inside_it(proc, look):
    root = contained(proc, 10, environment={"LD_LIBRARY_PATH": "/usr/link:/up"})
    (root / "target").mkdir()
    (root / "usr").mkdir()
    (root / "usr" / "link").symlink_to("/target")  # from here it would be our own /target
    (root / "up").symlink_to("../../../../etc")
    found = look()
    assert [one.exists for one in found.reports[0].library_path] == [True, False]
    assert "runs in a container" in as_text(found)
    assert "without NVIDIA_VISIBLE_DEVICES" in as_text(found)


def test_links_in_a_circle_come_to_an_end(proc, look):
    root = contained(proc, 10, environment={"LD_LIBRARY_PATH": "/a"})
    (root / "a").symlink_to("/b")
    (root / "b").symlink_to("/a")
    assert [one.exists for one in look().reports[0].library_path] == [False]


def test_odd_files_are_noted(proc, look):
    again = "/other/libonnxruntime.so.1.26.0"
    files = [f"{RUNTIME} (deleted)", again, CUDNN, "/usr/lib/libcudnn_ops.so.9", PROVIDER]
    proc.add(10, files=files, devices=GPU)
    notes = " ".join(look().reports[0].notes)
    assert "onnxruntime_pybind11_state.so: deleted or replaced on disk" in notes
    assert f"two copies of ONNX Runtime are loaded, which can crash each other: from {CAPI} and from /other" in notes
    assert "cuDNN's parts come from several folders" in notes


@pytest.mark.parametrize(
    ("command", "role"),
    [
        (SPAWNED.split(), "multiprocessing child, spawned"),
        (
            ["python", "-c", "from multiprocessing.resource_tracker import main;main(5)"],
            "multiprocessing's resource tracker",
        ),
        (["python", "-c", "from multiprocessing.forkserver import main; main(5)"], "multiprocessing's forkserver"),
        (["python", "app.py"], ""),
    ],
)
def test_what_multiprocessing_started_a_process_for(command, role):
    assert role_of(tuple(command)) == role


def test_json_has_it_all(proc, look):
    proc.add(10, files=[RUNTIME, PROVIDER, CUDNN], devices=GPU, wchan="pipe_write")
    values = json.loads(json.dumps(as_dict(look())))
    assert (values["pid"], values["healthy"], values["place"]) == (10, True, "gpu")
    (one,) = values["processes"]
    assert one["libraries"]["cudnn"] == [{"path": CUDNN, "deleted": False}]
    assert one["cuda_context"] is True
    assert one["threads"][0]["waits"] == "waits for room in a full pipe (pipe_write)"
    assert one["memory"]
    assert "nvidia-ml-py" in values["gpu_unknown"]
    assert "pip install py-spy" in one["stacks_unknown"]
