"""The incident in a box: the CUDA wheels missing, then there but off the path, then on the path.

Each with stubs of the right names, and with the real libraries where they are installed (`nox -s cuda`).
"""

from __future__ import annotations

from framelane.diagnosis._stacks import find_py_spy
from needs import need

PROVIDER = "libonnxruntime_providers_cuda.so"


def test_the_incident_replays(box, start):
    with start(box.whole, frames=150, patience=0.05) as service:
        assert service.wait() == 1
        assert "drivered_video >>> 发送数据大小:[1], current_idx:10\n" in service.output
        assert "任务视频驱动队列满，严重阻塞，下游队列异常" in service.output  # noqa: RUF001
        assert "current_idx:20" not in service.output


def test_inspect_with_the_wheels_missing(box, start, told):
    with start(box.bare) as service:
        child, providers = service.wait_for_child()
        assert providers == "'CPUExecutionProvider'"
        code, found = told("inspect", service.pid, "--seconds", 0.3)
    assert (code, found["healthy"], found["place"]) == (1, False, "cpu")
    assert found["verdict"].startswith(
        f"process {child} (child of {service.pid}) runs on the CPU: {PROVIDER} was never loaded, "
        f"because libcublasLt.so.{box.major} is not found"
    )
    assert ("libcudnn.so.9" in found["verdict"]) is (box.major == 12)  # that for CUDA 13 opens it later, by itself
    assert found["fix"].startswith(f"{box.bare.python} -m pip install nvidia-cublas")
    assert ("nvidia-cudnn-cu12" in found["fix"]) is (box.major == 12)


def test_inspect_with_the_wheels_off_the_path(box, start, told, tmp_path):
    with start(box.whole) as service:
        _, providers = service.wait_for_child()
        assert providers == "'CPUExecutionProvider'"
        code, found = told("inspect", service.pid, "--seconds", 0.3)
    assert (code, found["place"]) == (1, "cpu")
    assert f"{PROVIDER} was never loaded, because libcublasLt.so.{box.major} is not found" in found["verdict"]
    assert f"the loader was not told to look in {box.whole.site}/nvidia/" in found["verdict"]
    command = f"framelane exec --python {box.whole.python} -- {box.whole.python} "
    assert found["fix"].startswith(f"cd {tmp_path} && {command}")


def test_inspect_with_the_wheels_on_the_path(box, start, told, has_gpu):
    folders = [*box.whole.cuda_folders, "/no/such/folder"]
    with start(box.whole, library_path=":".join(folders)) as service:
        service.wait_for_child()
        code, found = told("inspect", service.pid, "--seconds", 0.3)
    child = found["processes"][-1]
    assert [one["exists"] for one in child["library_path"]] == [True] * (len(folders) - 1) + [False]
    if has_gpu and box.real:
        assert (code, found["place"]) == (0, "gpu")
        return
    assert code == 1
    if box.major == 13 and not has_gpu:  # it needs the driver's library to be loaded at all
        assert f"{PROVIDER} was never loaded, because libcuda.so.1 is not found" in found["verdict"]
        assert "install the NVIDIA driver" in found["fix"]
        return
    assert "libcudnn.so.9" in {file["path"].rpartition("/")[2] for file in child["libraries"]["cudnn"]}
    assert f"{PROVIDER} is loaded, but there is no CUDA context, because " in found["verdict"]
    assert ("no session has opened a device" if has_gpu else "(no /dev/nvidiactl)") in found["verdict"]


def test_inspect_names_the_one_that_waits_for_a_full_queue(box, start, told):
    need("py-spy", find_py_spy() is not None)
    with start(box.whole) as service:
        service.wait_for("current_idx:10\n")
        _, found = told("inspect", service.pid, "--seconds", 0.3)
    parent = found["processes"][0]
    assert parent["notes"][0].startswith("it waits for room in a full queue")
    assert any("drive (trans_dh_service.pyx:" in frame for thread in parent["threads"] for frame in thread["stack"])
