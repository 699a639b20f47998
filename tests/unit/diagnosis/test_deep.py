"""`framelane doctor --deep`: what a session really gets there, whatever the child does."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import time
from pathlib import Path

import pytest

import services
from framelane.diagnosis import _deep
from framelane.diagnosis._environment import read_environment, this_environment

FAKE = """
import os, sys
__version__ = "1.16.3"
def get_available_providers():
    return ["CUDAExecutionProvider", "CPUExecutionProvider"]
class InferenceSession:
    def __init__(self, model, providers):
        {body}
    def get_providers(self):
        return self.got
    def run(self, names, feeds):
        import array
        return [self]
    def tolist(self):
        return [0.0, 2.0]
"""


@pytest.fixture
def ask(tmp_path):
    """Ask a session of an environment whose onnxruntime does this; return the check."""

    def call(body: str, path: str | None = None, device: str = "cuda"):
        site = services.environment(tmp_path / "env", runs=True)
        (site / "sitecustomize.py").unlink()
        (site / "onnxruntime").mkdir()
        code = FAKE.format(body=textwrap.indent(textwrap.dedent(body), " " * 8).strip())
        (site / "onnxruntime/__init__.py").write_text(code)
        (site / "numpy.py").write_text("float32 = 'f'\ndef array(values, kind): return values\n")
        return _deep.check_session(read_environment(tmp_path / "env"), path, device, (), "the cure")

    return call


def test_the_model_is_one_that_onnx_accepts():
    import onnx

    model = onnx.load_model_from_string(_deep.one_node_model())
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["Relu"]
    assert model.ir_version <= 4  # any ONNX Runtime since 1.0


def test_it_gets_the_gpu(ask):
    check = ask("self.got = providers")
    assert (check.status, check.fix) == ("passed", "")
    assert check.seen == "onnxruntime 1.16.3 ran one node on CUDAExecutionProvider"


def test_it_gets_the_cpu_and_the_reason_is_said(ask):
    check = ask(
        """
        self.got = providers[1:]
        sys.stderr.write("Failed to load libcudnn.so.9: cannot open shared object file: No such file or directory\\n")
        """
    )
    assert check.status == "failed"
    assert check.fix == "the cure"
    assert "asked for CUDAExecutionProvider, it got CPUExecutionProvider: libcudnn.so.9: cannot open" in check.seen


def test_the_child_has_the_path_that_was_given(ask):
    check = ask("raise RuntimeError(os.environ.get('LD_LIBRARY_PATH'))", "/a:/b")
    assert "RuntimeError: /a:/b" in check.seen


def test_the_child_does_not_see_our_packages_or_this_folder(ask, monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", str(Path(_deep.__file__).parents[2]))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "json.py").write_text("raise SystemExit('ours')")
    check = ask(
        "import importlib.util; self.got = [str(importlib.util.find_spec('framelane')), os.getcwd()]", None, "cpu"
    )
    assert "on None" in check.seen


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise ValueError('bad model')", "ValueError: bad model"),
        ("os._exit(3)", "ended without a word"),
        ("os.kill(os.getpid(), 9)", "killed by SIGKILL without a word"),
        ("sys.stdout.write('x' * 100000); sys.stderr.write('y' * 100000); raise KeyError('k')", "KeyError"),
    ],
)
def test_a_child_that_goes_wrong_is_a_sentence(ask, body, said):
    check = ask(body)
    assert check.status == "failed"
    assert said in check.seen
    assert "\n" not in check.seen


def test_a_child_that_never_answers_is_killed_with_its_children(ask, monkeypatch, tmp_path):
    monkeypatch.setattr(_deep, "PATIENCE", 3.0)
    note = tmp_path / "pid"
    check = ask(
        f"""
        import subprocess, time
        child = subprocess.Popen(["sleep", "1000"])
        open({str(note)!r}, "w").write(str(child.pid))
        time.sleep(1000)
        """
    )
    assert "no answer within 3 s" in check.seen
    deadline = time.monotonic() + 20
    while os.path.exists(f"/proc/{note.read_text()}") and _state(note.read_text()) != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_grandchild_that_holds_the_output_is_not_waited_for(ask, monkeypatch, tmp_path):
    monkeypatch.setattr(_deep, "PATIENCE", 3.0)
    note = tmp_path / "pid"
    began = time.monotonic()
    check = ask(
        f"""
        import subprocess
        child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
        open({str(note)!r}, "w").write(str(child.pid))
        os._exit(0)
        """
    )
    os.kill(int(note.read_text()), signal.SIGKILL)
    assert "no answer" in check.seen
    assert time.monotonic() - began < 60


def _state(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def test_a_python_that_cannot_be_started(tmp_path):
    services.environment(tmp_path)
    (tmp_path / "bin/python").chmod(0o644)
    check = _deep.check_session(read_environment(tmp_path), None, "cuda", (), "")
    assert "cannot be started: Permission denied" in check.seen
    assert check.fix.startswith("framelane exec --python")


def test_the_real_runtime_of_this_environment():
    answer = _deep.ask_session(this_environment(), None, "cpu")
    assert answer.providers == ("CPUExecutionProvider",), answer
    assert answer.error == ""
    assert sys.executable
