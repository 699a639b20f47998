"""`framelane doctor` on environments that are broken in every way that the incident and its like were."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

import services
from framelane.cli import main
from framelane.diagnosis import _doctor
from framelane.diagnosis._environment import read_environment

if TYPE_CHECKING:
    from pathlib import Path

PROVIDER = "libonnxruntime_providers_cuda.so"


def test_wheels_that_are_there_and_off_the_path(tmp_path, doctor):
    site = services.environment(tmp_path / "env")
    services.runtime(site)
    folders = services.wheels(site)
    code, checks = doctor("--env", tmp_path / "env", "--ld-library-path", "")
    assert code == 1
    assert checks["environment"]["status"] == checks["ONNX Runtime"]["status"] == "passed"
    assert "for CUDA 12, with libcudnn.so.9" in checks["CUDA provider"]["seen"]
    libraries = checks["CUDA libraries"]
    assert libraries["status"] == "failed"
    assert "the environment has them where the loader does not look" in libraries["seen"]
    assert libraries["fix"] == f"framelane exec --python {tmp_path}/env/bin/python -- python app.py"
    assert any("libcudnn.so.9" in line and str(site / "nvidia/cudnn/lib") in line for line in libraries["details"])
    assert "where the loader does not look" in checks["cuDNN"]["seen"]
    assert not services.ran(tmp_path / "env")

    _, checks = doctor("--env", tmp_path / "env", "--ld-library-path", ":".join(map(str, folders)))
    assert checks["CUDA libraries"]["status"] == checks["cuDNN"]["status"] == "passed"
    assert "has to be set before the program starts, and for its children too" in checks["CUDA libraries"]["seen"]
    rules = {one["name"]: one.get("rule") for one in checks["CUDA libraries"]["libraries"]}
    assert rules["libcudnn.so.9"] == "LD_LIBRARY_PATH"
    without = checks["CUDA libraries"]["libraries_without_ld_library_path"]
    assert not any(one["found"] for one in without if one["name"] == "libcudnn.so.9")
    assert not services.ran(tmp_path / "env")


def test_wheels_that_are_not_there(tmp_path, doctor):
    services.runtime(services.environment(tmp_path))
    _, checks = doctor("--python", tmp_path / "bin/python", "--ld-library-path", "/nowhere/lib")
    libraries = checks["CUDA libraries"]
    assert "libcudnn.so.9" in libraries["seen"]
    assert "(of which /nowhere/lib does not exist)" in libraries["seen"]
    assert f"{tmp_path}/bin/python -m pip install " in libraries["fix"]
    assert "'nvidia-cudnn-cu12>=9,<10'" in libraries["fix"]
    assert "nvidia-cublas-cu12" in libraries["fix"]
    assert checks["cuDNN"]["status"] == "not checkable"
    assert any(line.startswith("searched: /nowhere/lib, ") for line in libraries["details"])


def test_one_library_of_a_wheel_is_missing(tmp_path, doctor):
    site = services.environment(tmp_path)
    services.runtime(site)
    services.wheels(site, without=("libcurand.so.10",))
    _, checks = doctor("--env", tmp_path)
    assert "nowhere in the environment: libcurand.so.10" in checks["CUDA libraries"]["seen"]
    assert "-m pip install nvidia-curand-cu12 && framelane exec" in checks["CUDA libraries"]["fix"]


def test_an_older_cuda_in_an_older_python(tmp_path, doctor):
    site = services.environment(tmp_path, (3, 8))
    services.runtime(site, 11, "1.16.3", "cpython-38")
    _, checks = doctor("--env", tmp_path)
    assert checks["ONNX Runtime"]["status"] == "passed"
    assert "for CUDA 11, with libcudnn.so.8" in checks["CUDA provider"]["seen"]
    assert "nvidia-cudnn-cu11>=8,<9" in checks["CUDA libraries"]["fix"]


def test_a_runtime_for_the_cpu(tmp_path, doctor):
    services.runtime(services.environment(tmp_path), None, "1.32.0")
    code, checks = doctor("--env", tmp_path)
    assert code == 1
    assert "onnxruntime 1.32.0 is built for the CPU" in checks["CUDA provider"]["seen"]
    assert "pip uninstall -y onnxruntime && " in checks["CUDA provider"]["fix"]
    assert doctor("--env", tmp_path, "--device", "cpu")[0] == 0


def test_no_runtime(tmp_path, doctor):
    site = services.environment(tmp_path)
    _, checks = doctor("--env", tmp_path)
    assert checks["ONNX Runtime"]["seen"] == f"not installed; searched {site}"
    assert checks["ONNX Runtime"]["fix"] == f"{tmp_path}/bin/python -m pip install 'onnxruntime-gpu>=1.24,<1.27'"


def test_two_runtimes_over_one_folder(tmp_path, doctor):
    site = services.environment(tmp_path)
    folder = services.runtime(site, None, "1.32.0")
    services.record(site, "onnxruntime-gpu", "1.26.0")
    _, checks = doctor("--env", tmp_path)
    check = checks["ONNX Runtime"]
    assert check["status"] == "failed"
    assert f"onnxruntime 1.32.0 and onnxruntime-gpu 1.26.0 are installed over each other in {folder}" in check["seen"]
    remove, install = check["fix"].split(" && ")
    assert remove.endswith("pip uninstall -y onnxruntime onnxruntime-gpu")
    assert install.endswith("pip install --force-reinstall --no-deps onnxruntime-gpu==1.26.0")


@pytest.mark.parametrize("gone", ["__init__.py", "capi"])
def test_the_empty_shell_that_is_left(tmp_path, doctor, gone):
    folder = services.runtime(services.environment(tmp_path), None, "1.32.0")
    files = [folder / gone] if gone.endswith(".py") else list((folder / gone).glob("*.so"))
    for file in files:
        file.unlink()
    _, checks = doctor("--env", tmp_path)
    assert "is broken: files are missing" in checks["ONNX Runtime"]["seen"]
    assert "pip install --force-reinstall --no-deps onnxruntime==1.32.0" in checks["ONNX Runtime"]["fix"]


def test_a_runtime_that_hides_another(tmp_path, doctor):
    site = services.environment(tmp_path / "env")
    services.runtime(site)
    services.runtime(tmp_path / "more", None, "1.20.0")
    (site / "more.pth").write_text(f"# a comment\nimport os; os.abort()\n{tmp_path}/more\n")
    _, checks = doctor("--env", tmp_path / "env")
    assert "onnxruntime-gpu 1.26.0" in checks["ONNX Runtime"]["seen"]
    assert f"hides onnxruntime 1.20.0 in {tmp_path}/more/onnxruntime" in checks["ONNX Runtime"]["seen"]


def test_lines_of_code_in_a_pth_file_are_no_folders(tmp_path):
    site = services.environment(tmp_path)
    for name in ("import more", "# more", "more"):
        (site / name).mkdir()
    (site / "more.pth").write_text("import more\n# more\n\nmore\n")
    assert read_environment(tmp_path).site_packages == (site, site / "more")


def test_a_runtime_for_another_python(tmp_path, doctor):
    services.runtime(services.environment(tmp_path, (3, 8)), tag="cpython-311")
    _, checks = doctor("--env", tmp_path)
    assert "was built for cpython-311, and this Python is 3.8" in checks["ONNX Runtime"]["seen"]


def test_a_provider_that_is_missing_or_damaged(tmp_path, doctor):
    folder = services.runtime(services.environment(tmp_path))
    (folder / "capi" / PROVIDER).write_bytes(b"")
    _, checks = doctor("--env", tmp_path)
    assert "is an empty file" in checks["CUDA provider"]["seen"]
    (folder / "capi" / PROVIDER).unlink()
    _, checks = doctor("--env", tmp_path)
    assert f"{PROVIDER} is missing" in checks["CUDA provider"]["seen"]


def test_a_file_at_which_the_loader_gives_up(tmp_path, doctor):
    site = services.environment(tmp_path / "env")
    services.runtime(site)
    folders = services.wheels(site)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/libcudnn.so.9").write_text("not a library")
    path = ":".join(map(str, [tmp_path / "bad", *folders]))
    _, checks = doctor("--env", tmp_path / "env", "--ld-library-path", path)
    seen = checks["CUDA libraries"]["seen"]
    assert f"the loader gives up at {tmp_path}/bad/libcudnn.so.9, which is no ELF file" in seen
    assert checks["CUDA libraries"]["fix"] == f"take {tmp_path}/bad out of LD_LIBRARY_PATH"


def test_parts_of_two_cudnns_mix(tmp_path, doctor):
    site = services.environment(tmp_path / "env")
    services.runtime(site)
    folders = services.wheels(site)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/libcudnn_ops.so.9").write_bytes(services.stub("libcudnn_ops.so.9").read_bytes())
    path = ":".join(map(str, [tmp_path / "other", *folders]))
    _, checks = doctor("--env", tmp_path / "env", "--ld-library-path", path)
    assert f"libcudnn_ops.so.9 from {tmp_path}/other" in checks["cuDNN"]["seen"]
    assert checks["cuDNN"]["fix"] == f"take {tmp_path}/other out of LD_LIBRARY_PATH"


def test_a_part_that_only_newer_cudnns_have_counts_too(tmp_path, doctor):
    site = services.environment(tmp_path / "env")
    services.runtime(site)
    folders = services.wheels(site)
    for folder in (site / "nvidia/cudnn/lib", tmp_path):
        (folder / "libcudnn_new.so.9").write_bytes(services.stub("libcudnn_new.so.9").read_bytes())
    path = ":".join(map(str, [tmp_path, *folders]))
    _, checks = doctor("--env", tmp_path / "env", "--ld-library-path", path)
    assert f"libcudnn_new.so.9 from {tmp_path}" in checks["cuDNN"]["seen"]


def test_what_framelane_loads_itself_need_not_be_on_the_path(tmp_path, doctor, monkeypatch):
    site = services.environment(tmp_path)
    services.runtime(site)
    services.wheels(site)
    monkeypatch.setattr(_doctor, "this_environment", lambda: read_environment(tmp_path))
    _, checks = doctor("--ld-library-path", "")
    assert checks["CUDA libraries"]["status"] == "passed"
    assert "framelane loads them itself" in checks["CUDA libraries"]["seen"]
    assert "framelane exec --python" in checks["CUDA libraries"]["seen"]
    (site / "nvidia/cublas/lib/libcublas.so.12").unlink()
    _, checks = doctor("--ld-library-path", "")
    assert checks["CUDA libraries"]["status"] == "failed"


def test_a_cudnn_without_a_part(tmp_path, doctor):
    site = services.environment(tmp_path)
    services.runtime(site)
    folders = services.wheels(site, without=("libcudnn_graph.so.9",))
    _, checks = doctor("--env", tmp_path, "--ld-library-path", ":".join(map(str, folders)))
    assert "lacks libcudnn_graph.so.9" in checks["cuDNN"]["seen"]


def test_two_packages_of_cudnn_over_one_folder(tmp_path, doctor):
    site = services.environment(tmp_path)
    services.runtime(site)
    services.wheels(site)
    for name in ("nvidia_cudnn_cu12-9.5.0.50", "nvidia_cudnn_cu13-9.12.0.46"):
        (site / f"{name}.dist-info").mkdir()
    _, checks = doctor("--env", tmp_path)
    assert "nvidia-cudnn-cu12 9.5.0.50 and nvidia-cudnn-cu13 9.12.0.46 are installed over" in checks["cuDNN"]["seen"]
    assert "pip uninstall -y nvidia-cudnn-cu12 nvidia-cudnn-cu13 && " in checks["cuDNN"]["fix"]


def test_a_conda_environment(tmp_path, doctor):
    site = services.environment(tmp_path, (3, 8))
    (tmp_path / "pyvenv.cfg").unlink()
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "conda-meta" / "python-3.8.18-h955ad1f_0.json").write_text("{}")
    services.runtime(site, 11, "1.16.3", "cpython-38")
    for name in services.NEEDS[11]:
        (tmp_path / "lib" / name).write_bytes(services.stub(name).read_bytes())
    _, checks = doctor("--env", tmp_path)
    assert checks["environment"]["seen"] == f"conda environment {tmp_path}, Python 3.8"
    assert "the environment has them" in checks["CUDA libraries"]["seen"]


def test_this_environment_on_the_cpu(doctor):
    code, checks = doctor("--device", "cpu", "--deep")
    assert code == 0
    assert "ran one node on CPUExecutionProvider" in checks["a session there"]["seen"]


def test_text_has_a_line_a_link_and_the_cure_below(tmp_path, capfd, monkeypatch):
    services.runtime(services.environment(tmp_path))
    assert main(["doctor", "--env", str(tmp_path)]) == 1
    plain = capfd.readouterr().out
    lines = plain.splitlines()
    assert lines[0].startswith("passed         environment     venv ")
    failed = [number for number, line in enumerate(lines) if line.startswith("failed")]
    assert all(any(line.lstrip().startswith("fix: ") for line in lines[number:]) for number in failed)
    assert "links fail; start with the first: CUDA libraries" in lines[-1]
    assert "\x1b" not in plain
    monkeypatch.setitem(sys.modules, "rich", None)  # it is the same without rich
    assert main(["doctor", "--env", str(tmp_path)]) == 1
    assert capfd.readouterr().out == plain


def test_colours_change_no_word(tmp_path):
    from rich.text import Text

    from framelane.diagnosis._doctor import Question, examine
    from framelane.diagnosis._doctor_text import as_text

    services.runtime(services.environment(tmp_path / "a [bold] name"))
    diagnosis = examine(Question(python=tmp_path / "a [bold] name"))
    coloured = as_text(diagnosis, colour=True)
    assert "\x1b[" in coloured
    assert Text.from_ansi(coloured).plain == as_text(diagnosis)


def test_without_pyelftools_it_says_what_to_install(capfd, monkeypatch):
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr("framelane.cli._extras.find_spec", lambda name: None if name == "elftools" else real(name))
    for command in (["doctor"], ["exec", "--", "true"]):
        assert main(command) == 7
        assert "pip install 'framelane[doctor]'" in capfd.readouterr().err


def broken(folder: Path, how: str) -> Path:
    """Break an environment; return what to name."""
    services.environment(folder)
    python = folder / "bin" / "python"
    match how:
        case "gone":
            return folder / "gone"
        case "no python":
            python.unlink()
        case "base gone":
            python.unlink()
            python.symlink_to("/opt/gone/bin/python3.8")
            return python
        case "no packages":
            (folder / "lib/python3.11/site-packages/sitecustomize.py").unlink()
            (folder / "lib/python3.11/site-packages").rmdir()
        case "a file":
            (folder / "file").write_text("text")
            return folder / "file"
        case "a fifo":
            os.mkfifo(folder / "fifo")
            return folder / "fifo"
        case "a loop":
            python.unlink()
            python.symlink_to("python")
    return folder


SENTENCES = {
    "gone": "does not exist",
    "no python": "has no bin/python",
    "base gone": "is a link to /opt/gone/bin/python3.8, which is not there",
    "no packages": "has no site-packages folder",
    "a file": "is no Python",
    "a fifo": "is no Python",
    "a loop": "is broken",
}


@pytest.mark.parametrize("how", SENTENCES)
def test_a_broken_environment_is_a_sentence(tmp_path, doctor, how):
    code, checks = doctor("--env", broken(tmp_path / "库 env", how), "--so", services.stub("libcudnn.so.9"))
    assert code == 1
    assert checks["environment"]["status"] == "failed"
    assert SENTENCES[how] in checks["environment"]["seen"]
    assert checks["libcudnn.so.9: file"]["status"] == "passed"  # what can be seen without it is


@pytest.mark.parametrize("how", ["config is a fifo", "config is garbage", "config is a folder", "metadata is a fifo"])
def test_odd_files_in_an_environment_are_passed_over(tmp_path, doctor, how):
    site = services.environment(tmp_path)
    services.runtime(site)
    config = tmp_path / "pyvenv.cfg"
    config.unlink()
    match how:
        case "config is a fifo":
            os.mkfifo(config)
        case "config is garbage":
            config.write_bytes(bytes(range(256)))
        case "config is a folder":
            config.mkdir()
        case "metadata is a fifo":
            os.mkfifo(site / "fifo.pth")
    _, checks = doctor("--env", tmp_path)
    assert checks["environment"]["status"] == "passed"
    assert "Python 3.11" in checks["environment"]["seen"]
