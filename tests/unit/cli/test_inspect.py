"""`framelane inspect` on real processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from framelane.cli import main
from framelane.diagnosis import _stacks
from needs import need
from scripts import run as run_script

WAITING = """
    import threading, time

    def waits_in_a_function_of_its_own():
        time.sleep(600)

    threading.Thread(target=waits_in_a_function_of_its_own, daemon=True).start()
    print("ready", flush=True)
    waits_in_a_function_of_its_own()
"""


@pytest.fixture
def process():
    """Start programs; all of them are ended and collected at the end."""
    started = []

    def call(*command):
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True))
        return started[-1]

    yield call
    for one in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(one.pid, signal.SIGKILL)
        one.communicate()


@pytest.fixture
def python(process):
    def call(code):
        one = process(sys.executable, "-c", textwrap.dedent(code))
        assert one.stdout.readline() == "ready\n"
        return one

    return call


@pytest.fixture
def inspect(capfd):
    def call(pid, *options, seconds=0.2):
        code = main(["inspect", str(pid), "--seconds", str(seconds), *options])
        return code, *capfd.readouterr()

    return call


def state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def refused(answer):
    code, out, err = answer
    assert code == 4
    assert out == ""
    assert err.startswith("framelane: error: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


def test_a_python_process_without_onnxruntime(inspect, python):
    one = python(WAITING)
    code, out, err = inspect(one.pid)
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert lines[0] == f"process {one.pid} has not loaded ONNX Runtime"
    assert "  libraries         neither ONNX Runtime nor CUDA is loaded" in lines
    assert sum(line.startswith("  thread ") for line in lines) == 2


def test_a_threads_number_shows_its_process(inspect, python):
    one = python(WAITING)
    thread = max(int(name) for name in os.listdir(f"/proc/{one.pid}/task") if int(name) != one.pid)
    found = json.loads(inspect(thread, "--json")[1])
    assert found["pid"] == one.pid
    assert f"{thread} is a thread of process {one.pid}, which is shown" in found["notes"]


def test_json_alone_is_on_stdout(inspect, python):
    one = python(WAITING)
    code, out, err = inspect(one.pid, "--json")
    values = json.loads(out)
    assert (code, err, values["pid"], values["healthy"]) == (1, "", one.pid, False)
    assert len(values["processes"][0]["threads"]) == 2


def test_the_python_stacks_are_those_of_the_threads(inspect, python):
    need("py-spy", _stacks.find_py_spy() is not None)
    one = python(WAITING)
    threads = json.loads(inspect(one.pid, "--json")[1])["processes"][0]["threads"]
    for thread in threads:
        assert thread["stack"][0] == "waits_in_a_function_of_its_own (<string>:5)"
    assert f"thread {one.pid} " in inspect(one.pid)[1]


@pytest.mark.timing
def test_a_thread_that_works_and_memory_that_grows_are_seen(inspect, python):
    one = python("""
        print("ready", flush=True)
        kept = []
        while True:
            kept.append(bytearray(b"x") * 10_000)
            sum(range(20_000))
    """)
    (found,) = json.loads(inspect(one.pid, "--json", seconds=2)[1])["processes"]
    assert found["processor"] > 0.1
    assert found["memory"][-1] > found["memory"][0]
    assert len(found["memory"]) >= 4


def test_a_shells_children_are_looked_at_too(inspect, process):
    shell = process("sh", "-c", "sleep 600 & echo ready; wait")
    assert shell.stdout.readline() == "ready\n"
    code, out, _ = inspect(shell.pid, "--json")
    found = json.loads(out)
    assert code == 1
    assert [one["parent"] for one in found["processes"]] == [os.getpid(), shell.pid]
    assert found["verdict"].startswith(f"process {shell.pid} is not a Python process, and has loaded neither")


def test_a_process_that_is_gone(inspect, process):
    one = process("true")
    one.wait()
    assert f"there is no process {one.pid}: it has ended" in refused(inspect(one.pid))


def test_a_zombie(inspect, process):
    one = process("true")
    end = time.monotonic() + 30
    while state(one.pid) != "Z":
        assert time.monotonic() < end
    error = refused(inspect(one.pid))
    assert f"process {one.pid} has ended; only its exit status is left (a zombie)" in error
    assert f"its parent, process {os.getpid()}" in error


def test_a_process_that_ends_while_it_is_looked_at(inspect, process):
    one = process("sleep", "0.5")
    assert f"process {one.pid} ended while it was looked at" in refused(inspect(one.pid, seconds=2))


def test_a_stopped_process_stays_stopped(inspect, process):
    one = process("sleep", "600")
    one.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, one.pid, os.WSTOPPED | os.WNOWAIT)
    out = inspect(one.pid)[1]
    assert "sleep: is stopped (a signal)" in out
    assert state(one.pid) == "T"


def test_another_users_process(python):
    one = python(WAITING)
    pid, user = (one.pid, "os.setgid(65534); os.setuid(65534)") if os.geteuid() == 0 else (1, "")
    code, out, err = run_script(
        f"""
        import os, sys
        from framelane.cli import main
        main(["inspect", str(os.getpid()), "--seconds", "0.01"])  # imports all that it needs, as it may not later
        print("---", flush=True)
        {user}
        code = main(["inspect", "{pid}", "--seconds", "0.01"])
        os._exit(code)  # past coverage, which could not write its file as that user
        """
    )
    assert f"process {pid} cannot be looked into: it belongs to user root, and you are" in (
        refused((code, out.partition("---\n")[2], err))
    )
    assert "with sudo" in err


def test_a_process_that_sees_other_files(inspect, process):
    command = ("unshare", "--mount", "sh", "-c", "echo ready; exec sleep 600")
    if os.geteuid() != 0 or process(*command).stdout.readline() != "ready\n":
        pytest.skip("the kernel gives us no mount namespace")  # tests/unit/diagnosis has the same on a made-up /proc
    one = process(*command)
    one.stdout.readline()
    code, out, err = inspect(one.pid)
    assert (code, err) == (1, "")
    assert f"note: process {one.pid} runs in a container" in out


@pytest.mark.parametrize("pid", ["app.py", "0", "-1", "1.5", "99999999999999999999", "\u0663", ""])
def test_what_is_no_process_number(capsys, pid):
    assert main(["inspect", pid]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e9", "a"])
def test_what_is_no_time(capsys, seconds):
    assert main(["inspect", "1", "--seconds", seconds]) == 2
    assert "is no time; write seconds, from 0.1 to 3600" in capsys.readouterr().err


def script(tmp_path, text):
    path = tmp_path / "py-spy"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("echo 'Error: Permission Denied: Try running again with sudo' >&2; exit 1", "needs sudo here"),
        ("echo 'Error: Failed to find python version' >&2; exit 1", "(Failed to find python version)"),
        ("exit 1", "it gave no reason"),
        ("echo '{'", "of a form that is not known here"),
        ("echo '[{}]'", "of a form that is not known here"),
        ("exec sleep 60", "no answer within 0 s"),
    ],
)
def test_py_spy_that_does_not_help_is_a_reason(inspect, python, tmp_path, monkeypatch, does, said):
    monkeypatch.setattr(_stacks, "find_py_spy", lambda: script(tmp_path, does))
    monkeypatch.setattr(_stacks, "_LIMIT", 0.3 if "sleep" in does else 30)
    code, out, err = inspect(python(WAITING).pid)
    assert (code, err) == (1, "")
    assert "  Python stacks     not checkable: py-spy" in out
    assert said in out


def test_a_python_that_does_not_number_its_threads(inspect, python, tmp_path, monkeypatch):
    frame = '"frames": [{"name": "put", "filename": "/x/queues.py", "short_filename": null, "line": 94}]'
    threads = ", ".join(
        f'{{"os_thread_id": null, "thread_id": 255, "thread_name": {name}, {frame}}}'
        for name in ('"MainThread"', '"Feeder"', "null")
    )
    monkeypatch.setattr(_stacks, "find_py_spy", lambda: script(tmp_path, f"echo '[{threads}]'"))
    one = python(WAITING)
    lines = inspect(one.pid)[1].splitlines()
    assert any(line.startswith(f"  thread {one.pid}") and line.endswith(": put (/x/queues.py:94)") for line in lines)
    assert "  Python thread     Feeder: put (/x/queues.py:94)" in lines
    assert "  Python thread     0xff: put (/x/queues.py:94)" in lines


def test_py_spy_is_asked_not_to_stop_the_process(inspect, python, tmp_path, monkeypatch):
    monkeypatch.setattr(_stacks, "find_py_spy", lambda: script(tmp_path, f'echo "$@" > {tmp_path}/asked; echo "[]"'))
    inspect(python(WAITING).pid)
    assert "--nonblocking" in (tmp_path / "asked").read_text()


def test_py_spy_that_is_not_there_or_cannot_start(inspect, python, tmp_path, monkeypatch):
    one = python(WAITING)
    monkeypatch.setattr(_stacks, "find_py_spy", lambda: None)
    assert "py-spy is not installed: pip install py-spy" in inspect(one.pid)[1]
    monkeypatch.setattr(_stacks, "find_py_spy", lambda: str(tmp_path))
    assert "py-spy does not start" in inspect(one.pid)[1]


def test_py_spy_beside_our_python_comes_first(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _stacks.find_py_spy() is None
    assert _stacks.find_py_spy() != script(tmp_path, "exit 0")
    assert _stacks.find_py_spy() == str(tmp_path / "py-spy")


def test_without_the_extra_a_sentence_names_it(capsys, monkeypatch):
    monkeypatch.setattr("framelane.cli._extras.find_spec", lambda _: None)
    assert main(["inspect", "1"]) == 7
    assert "pyelftools is not installed; the command line needs the extra `doctor`" in capsys.readouterr().err
