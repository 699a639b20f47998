"""One running process as /proc shows it. Nothing is attached to it, stopped or changed."""

from __future__ import annotations

import os
import pwd
import re
import signal
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from framelane._errors import FramelaneError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROC = Path("/proc")
_KERNEL_THREAD = 0x00200000  # PF_KTHREAD of <linux/sched.h>
_PATIENCE = 5.0  # seconds; a process that the kernel holds in a page fault can block whoever reads its /proc files
_MAPPED = re.compile(r"^\S+ \S+ \S+ \S+ \d+ +(/.*?)( \(deleted\))?$", re.M)


class ProcessError(FramelaneError):
    """A process cannot be looked at; the text says why, and what to do instead."""


@dataclass(frozen=True)
class MappedFile:
    """A file that a process has mapped: `path` as the process names it, and whether the file is gone since."""

    path: str
    deleted: bool = False

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The folder that it was loaded from."""
        return self.path.rpartition("/")[0] or "/"


@dataclass(frozen=True)
class Process:
    """What /proc shows of one process.

    Attributes
    ----------
    pid, parent : int
        Its number and its parent's.
    state : str
        One letter, as in ``ps``: R, S, D, Z, ...
    started : int
        Clock ticks since the machine's start: with `pid` it names the process for good.
    command : tuple of str
        Its arguments; empty for a zombie and a kernel thread.
    user : str
        The name, or else the number, of its user.
    ended : str
        How a zombie ended: ``of signal 11 (SIGSEGV)``, ``with exit status 1``; empty for others.
    executable : str or None
        The program; None where it may not be read.
    environment : mapping of str to str
        The variables that it was started with. Later changes, as by ``os.environ``, do not show here.
    files : tuple of MappedFile
        The files that are mapped into it, each once.
    devices : tuple of str
        The devices that it has open, such as ``/dev/nvidia0``.
    current : str or None
        Its current folder.
    root : Path
        Where its files are found from here: ``/``, or ``/proc/PID/root`` for one in a container.
    unreadable : str or None
        Why the last six are empty, or None where they are not.
    """

    pid: int
    parent: int
    state: str
    started: int
    command: tuple[str, ...]
    user: str
    ended: str = ""
    executable: str | None = None
    environment: Mapping[str, str] | None = None
    files: tuple[MappedFile, ...] = ()
    devices: tuple[str, ...] = ()
    current: str | None = None
    root: Path = Path("/")
    unreadable: str | None = None

    @property
    def in_container(self) -> bool:
        """Whether it sees other files than we do: another mount namespace."""
        return self.root != Path("/")

    @property
    def is_python(self) -> bool:
        """Whether it runs a Python interpreter, by the program's name or by its library."""
        names = [os.path.basename(self.executable or ""), *(file.name for file in self.files)]
        return any(re.match(r"(lib)?python\d*(\.\d+)*t?($|\.so|m?\.so)", name) for name in names)


def read_process(pid: int, proc: Path = PROC) -> Process:
    """Read one process.

    Raises
    ------
    ProcessError
        There is no such process, it is a kernel thread, or it ended meanwhile.
    """
    folder = proc / str(pid)
    try:
        known = _public_parts(pid, folder)
        try:
            return known if known.state in "ZX" else _with_private_parts(known, folder, proc)
        except (FileNotFoundError, ProcessLookupError):  # it is on its way out: its memory goes before its entry
            return replace(_public_parts(pid, folder), state="Z", command=())
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessError(_gone(pid, proc)) from None


def thread_group(pid: int, proc: Path = PROC) -> int:
    """Find the process that a thread's number belongs to; `pid` itself for a process, or one that is gone."""
    try:
        return int(re.search(r"^Tgid:\s*(\d+)", (proc / str(pid) / "status").read_text(), re.M)[1])  # type: ignore[index]
    except (OSError, TypeError):
        return pid


def descendants(pid: int, proc: Path = PROC) -> list[int]:
    """List the numbers of all children of a process and of their children, parents first; we are none of them."""
    children: dict[int, list[int]] = {}
    for entry in sorted({int(name) for name in os.listdir(proc) if name.isdecimal()} - {os.getpid()}):
        try:
            children.setdefault(_stat(proc / str(entry))[1], []).append(entry)
        except (OSError, ProcessError):  # it ended while we looked
            continue
    found: list[int] = []
    waiting = children.get(pid, [])[::-1]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])[::-1]
    return found


def _public_parts(pid: int, folder: Path) -> Process:
    """Read what everybody may read."""
    state, parent, flags, started = _stat(folder)
    if flags & _KERNEL_THREAD:
        raise ProcessError(f"process {pid} is a thread of the kernel: it has no program, no memory and no libraries")
    command = () if state in "ZX" else _command(folder)
    return Process(pid, parent, state, started, command, _user(folder), _end(folder) if state in "ZX" else "")


def _with_private_parts(known: Process, folder: Path, proc: Path) -> Process:
    """Add what only the process's own user, or root, may read."""
    try:
        return replace(
            known,
            executable=os.readlink(folder / "exe").removesuffix(" (deleted)"),
            environment=dict(_variables(folder / "environ")),
            files=_mapped_files(folder),
            devices=_devices(folder),
            current=os.readlink(folder / "cwd"),
            root=_root(folder, proc),
        )
    except PermissionError:
        me = _user_name(os.geteuid())
        why = f"it belongs to user {known.user}, and you are {me}: run as {known.user} or with sudo"
        if known.user == me:
            why = (
                "the kernel does not let you read it (it changed its user, or lies in another user namespace): use sudo"
            )
        return replace(known, unreadable=why)


def _stat(folder: Path) -> tuple[str, int, int, int]:
    """State, parent, flags and start of a process, see proc(5)."""
    fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
    return fields[0], int(fields[1]), int(fields[6]), int(fields[19])


def _end(folder: Path) -> str:
    """Say how a zombie ended; empty where the kernel does not tell."""
    fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
    code = int(fields[49]) if len(fields) > 49 else 0
    if number := code & 0x7F:
        known = {one.value: one.name for one in signal.Signals}
        return f"of signal {number} ({known.get(number, 'unknown')})"
    return f"with exit status {code >> 8}" if code else ""


def _command(folder: Path) -> tuple[str, ...]:
    raw = _within_patience(lambda: (folder / "cmdline").read_bytes(), folder)
    return tuple(os.fsdecode(part) for part in raw.rstrip(b"\0").split(b"\0") if raw)


def _variables(path: Path) -> list[tuple[str, str]]:
    raw = _within_patience(path.read_bytes, path.parent)
    pairs = (os.fsdecode(part).partition("=") for part in raw.split(b"\0"))
    return [(name, value) for name, equals, value in pairs if equals]


def _mapped_files(folder: Path) -> tuple[MappedFile, ...]:
    raw = _within_patience((folder / "maps").read_bytes, folder)
    found = dict.fromkeys(_MAPPED.findall(os.fsdecode(raw)))
    return tuple(MappedFile(path.replace("\\012", "\n"), bool(gone)) for path, gone in found)


def _devices(folder: Path) -> tuple[str, ...]:
    found = set()
    for number in os.listdir(folder / "fd"):
        try:
            found.add(os.readlink(folder / "fd" / number))
        except FileNotFoundError:  # closed meanwhile
            continue
    return tuple(sorted(name for name in found if name.startswith("/dev/")))


def _root(folder: Path, proc: Path) -> Path:
    """``/`` for a process that sees the files that we see."""
    theirs, ours = (os.readlink(one / "ns" / "mnt") for one in (folder, proc / "self"))
    seen = os.readlink(folder / "root")
    return Path("/") if theirs == ours and seen == "/" else folder / "root"


def _user(folder: Path) -> str:
    return _user_name(int(re.search(r"^Uid:\s*(\d+)", (folder / "status").read_text(), re.M)[1]))  # type: ignore[index]


def _user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _gone(pid: int, proc: Path) -> str:
    if proc == PROC:
        try:
            os.kill(pid, 0)  # sends nothing
        except PermissionError:
            return f"process {pid} is there, but /proc hides it from you (hidepid): use sudo"
        except (ProcessLookupError, OverflowError):
            pass
    return f"there is no process {pid}: it has ended, or the number is one of another container; `ps aux` lists all"


def _within_patience(read: Callable[[], bytes], folder: Path) -> bytes:
    """Read a file that the kernel may block on, in a thread that is left alone when it does not come back."""
    answer: list[bytes | OSError] = []

    def work() -> None:
        try:
            answer.append(read())
        except OSError as error:
            answer.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    if not answer:
        raise ProcessError(
            f"process {folder.name} does not answer: the kernel has let nobody read its memory map for "
            f"{_PATIENCE:.0f} s, as when it is stuck in a driver or on a network disk (state D in `ps`)"
        )
    if isinstance(answer[0], OSError):
        raise answer[0]
    return answer[0]
