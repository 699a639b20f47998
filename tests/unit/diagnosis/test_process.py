"""What /proc shows of a process: real ones where a test can have them, else a /proc of our own making."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fake_proc import GPU, PROVIDER, RUNTIME, FakeProc
from framelane.diagnosis import _process
from framelane.diagnosis._process import ProcessError, descendants, read_process, thread_group


@pytest.fixture
def proc(tmp_path):
    return FakeProc(tmp_path / "proc")


def test_our_own_process_is_read_as_it_is():
    own = read_process(os.getpid())
    assert own.parent == os.getppid()
    assert own.executable == os.path.realpath(sys.executable)
    assert own.environment["PATH"] == os.environ["PATH"]
    assert own.is_python
    assert own.unreadable is None
    assert not own.in_container
    assert any(file.name.startswith("libc.so") or "libc-" in file.name for file in own.files)
    assert len(set(own.files)) == len(own.files)


def test_a_child_that_ends_is_a_zombie_until_it_is_collected():
    with subprocess.Popen(["true"]) as child:
        until(lambda: read_process(child.pid).state == "Z")
        zombie = read_process(child.pid)
        assert (zombie.parent, zombie.command, zombie.files) == (os.getpid(), (), ())
    with pytest.raises(ProcessError, match=f"there is no process {child.pid}: it has ended"):
        read_process(child.pid)


@pytest.mark.parametrize(
    ("does", "ended"),
    [
        ("kill -TERM $$", "of signal 15 (SIGTERM)"),
        ("kill -9 $$", "of signal 9 (SIGKILL)"),
        ("exit 3", "with exit status 3"),
    ],
)
def test_how_a_zombie_ended(does, ended):
    with subprocess.Popen(["sh", "-c", does]) as child:
        until(lambda: read_process(child.pid).state == "Z" and _process._stat(Path(f"/proc/{child.pid}"))[0] == "Z")
        assert read_process(child.pid).ended == ended


def test_children_of_children_come_after_their_parents(proc):
    for pid, parent in ((10, 1), (30, 10), (20, 10), (25, 20), (40, 2), (os.getpid(), 10)):
        proc.add(pid, parent=parent)
    assert descendants(10, proc.folder) == [20, 25, 30]


def test_names_with_spaces_newlines_and_other_scripts_are_mapped_files(proc):
    proc.add(10, files=["/a b/\u6587\u4ef6.so", "/c (deleted).so", "/x\\012y.so", f"{RUNTIME} (deleted)"])
    found = read_process(10, proc.folder).files
    assert [file.path for file in found] == ["/a b/\u6587\u4ef6.so", "/c (deleted).so", "/x\ny.so", RUNTIME]
    assert [file.deleted for file in found] == [False, False, False, True]


def test_devices_are_named_once_and_a_container_is_seen(proc):
    proc.add(10, devices=[*GPU, "/dev/nvidia0", "socket:[1]"], files=[PROVIDER], namespace="mnt:[2]")
    process = read_process(10, proc.folder)
    assert process.devices == tuple(sorted(GPU))
    assert process.in_container
    assert process.root == proc.folder / "10" / "root"


def test_a_thread_of_the_kernel_is_named_as_such(proc):
    proc.add(10, flags=0x00208040, command="")
    with pytest.raises(ProcessError, match="process 10 is a thread of the kernel"):
        read_process(10, proc.folder)


def test_a_threads_number_leads_to_its_process():
    code = "import threading, time; threading.Thread(target=time.sleep, args=[60], daemon=True).start(); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code]) as child:
        try:
            until(lambda: len(os.listdir(f"/proc/{child.pid}/task")) == 2)
            for tid in os.listdir(f"/proc/{child.pid}/task"):
                assert thread_group(int(tid)) == child.pid
        finally:
            child.kill()
    assert thread_group(child.pid) == child.pid


@pytest.mark.parametrize("name", ["python3.8", "python", "python3", "python3.13t"])
def test_what_is_python_by_its_program(proc, name):
    proc.add(10, executable=f"/opt/env/bin/{name}")
    assert read_process(10, proc.folder).is_python


@pytest.mark.parametrize(
    ("name", "file", "python"),
    [
        ("service", "/usr/lib/libpython3.8.so.1.0", True),
        ("service", "/usr/lib/libc.so.6", False),
        ("pythonic", "/usr/lib/libpythonic.so", False),
    ],
)
def test_what_is_python_by_its_library(proc, name, file, python):
    proc.add(10, executable=f"/usr/bin/{name}", files=[file])
    assert read_process(10, proc.folder).is_python is python


def test_another_users_process_is_a_reason_and_not_an_error(proc, monkeypatch):
    proc.add(10)
    monkeypatch.setattr(_process, "_mapped_files", denied)
    same_user = read_process(10, proc.folder).unreadable
    assert "the kernel does not let you read it" in same_user
    monkeypatch.setattr(os, "geteuid", lambda: 4294967294)
    assert "it belongs to user" in read_process(10, proc.folder).unreadable


def test_a_kernel_that_does_not_answer_is_left_alone(proc, monkeypatch):
    own = proc.add(10)
    (own / "maps").unlink()
    os.mkfifo(own / "maps")  # whoever reads it waits for ever
    monkeypatch.setattr(_process, "_PATIENCE", 0.2)
    with pytest.raises(ProcessError, match="process 10 does not answer"):
        read_process(10, proc.folder)
    os.close(os.open(own / "maps", os.O_RDWR | os.O_NONBLOCK))  # lets the reader go


def denied(*_):
    raise PermissionError(13, "Permission denied")


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_root_of_its_own_counts_as_a_container(proc):
    own = proc.add(10)
    (own / "root").unlink()
    (own / "root").symlink_to("/srv/chroot")
    assert read_process(10, proc.folder).root == Path(own / "root")


def test_a_mount_namespace_of_its_own_counts_as_a_container(proc):
    own = proc.add(10, namespace="mnt:[2]")
    (own / "root").unlink()
    (own / "root").symlink_to("/")  # as its own / is called from outside
    assert read_process(10, proc.folder).root == own / "root"
