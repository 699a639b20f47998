"""A /proc of our own making, for what no test can have: a GPU's devices, a kernel thread, another's process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CAPI = "/opt/env/lib/python3.8/site-packages/onnxruntime/capi"


class FakeProc:
    """Folders that look as /proc does to a reader."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "self" / "ns").mkdir(parents=True)
        (folder / "self" / "ns" / "mnt").symlink_to("mnt:[1]")
        self.root = folder / "container"

    def add(
        self, pid, *, parent=1, command="python app.py", state="S", flags=0, files=(), devices=(), environment=None,
        started=100, executable="/opt/env/bin/python3.8", namespace="mnt:[1]", wchan="futex_wait_queue", ticks=0,
    ):  # fmt: skip
        own = self.folder / str(pid)
        task = own / "task" / str(pid)
        for made in (own / "ns", own / "fd", task):
            made.mkdir(parents=True)
        fields = [state, parent, 0, 0, 0, 0, flags, 0, 0, 0, 0, ticks, 0, *[0] * 6, started, 0, 0]
        line = f"{pid} (a (strange) name) {' '.join(map(str, fields))}\n"
        for where in (own, task):
            (where / "stat").write_text(line)
        (task / "wchan").write_text(wchan)
        (own / "status").write_text(f"Name:\tpython\nTgid:\t{pid}\nUid:\t{os.getuid()}\t0\t0\t0\n")
        (own / "statm").write_text("1000 500 0 0 0 0 0\n")
        (own / "cmdline").write_bytes(command.replace(" ", "\0").encode() + b"\0" if command else b"")
        pairs = [f"{name}={value}".encode() for name, value in (environment or {}).items()]
        (own / "environ").write_bytes(b"\0".join(pairs))
        lines = [f"7f0000000000-7f0000001000 r-xp 00000000 fe:00 {n + 1}  {name}\n" for n, name in enumerate(files)]
        (own / "maps").write_text("".join(["7f00-7f01 rw-p 0 00:00 0 [heap]\n", *lines, *lines]))
        for number, device in enumerate(devices):
            (own / "fd" / str(number)).symlink_to(device)
        (own / "exe").symlink_to(executable)
        (own / "cwd").symlink_to("/usr")
        (own / "ns" / "mnt").symlink_to(namespace)
        (own / "root").symlink_to("/" if namespace == "mnt:[1]" else self.root)
        return own


RUNTIME = f"{CAPI}/onnxruntime_pybind11_state.so"
PROVIDER = f"{CAPI}/libonnxruntime_providers_cuda.so"
GPU = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/nvidia-uvm")
