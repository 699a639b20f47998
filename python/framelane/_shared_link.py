"""Handing a SharedRing to a process that is not a child: a Unix socket carries the descriptor of its memory."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import struct
import threading
import time
from typing import TYPE_CHECKING, Self

from . import _core
from ._errors import RingError, RingTimeout

if TYPE_CHECKING:
    from ._shared_ring import SharedRing

_GREETING = b"framelane ring 1\n"
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid, as SO_PEERCRED gives them


def _user_of(peer: socket.socket) -> int:
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(raw)[1])


def _is_deserted(path: str) -> bool:
    """Whether a socket lies at the path that nobody listens to any more."""
    if not stat.S_ISSOCK(os.lstat(path).st_mode):
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


def _bind(server: socket.socket, path: str) -> None:
    os.fchmod(server.fileno(), 0o600)  # before it has a name: Linux gives the name these permissions
    try:
        server.bind(path)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise RingError(f"{path}: {os.strerror(error.errno or 0)}; give a path for a Unix socket") from None
        if not _is_deserted(path):
            raise RingError(f"{path} is in use: another process listens there, or it is no socket") from None
        os.unlink(path)
        _bind(server, path)


class Listener:
    """Hands a ring to those who connect, in a thread of its own, until `close`. From `SharedRing.listen`.

    Parameters
    ----------
    ring : SharedRing
        The ring to hand out.
    path : str or path
        Where to listen.
    """

    def __init__(self, ring: SharedRing, path: str | os.PathLike[str]) -> None:
        self._path = os.path.abspath(os.fspath(path))
        self._descriptor = os.dup(_core.shared_ring_descriptor(ring))
        self._server = socket.socket(socket.AF_UNIX)
        self._pid = os.getpid()
        try:
            _bind(self._server, self._path)
            self._server.listen()
        except BaseException:
            self._server.close()
            os.close(self._descriptor)
            raise
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="framelane-listen", daemon=True)
        self._thread.start()

    @property
    def path(self) -> str:
        """Where it listens, as an absolute path."""
        return self._path

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return  # closed
            with peer, contextlib.suppress(OSError):
                peer.settimeout(2)
                if not self._closed and _user_of(peer) == os.geteuid():
                    socket.send_fds(peer, [_GREETING], [self._descriptor])

    def close(self) -> None:
        """Hand the ring to nobody any more, and remove the socket. Those who have it keep it. May be called again."""
        with self._lock:
            if self._closed or self._pid != os.getpid():
                return
            self._closed = True
        with contextlib.suppress(OSError):
            os.unlink(self._path)
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # wakes accept
        self._thread.join(5)
        self._server.close()
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_thread", None) is not None:
            self.close()


def _connected(path: str, deadline: float | None) -> socket.socket:
    while True:
        peer = socket.socket(socket.AF_UNIX)
        try:
            peer.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            peer.close()
            if deadline is not None and time.monotonic() >= deadline:
                raise RingTimeout(f"nobody listens at {path}: call listen() on the ring there first") from None
            time.sleep(0.02)
        except OSError as error:
            peer.close()
            raise RingError(f"{path}: {error.strerror or error}") from None
        else:
            return peer


def receive(path: str | os.PathLike[str], timeout: float | None) -> int:
    """Get the descriptor of the ring that is handed out at the path; it is the caller's to close."""
    where = os.path.abspath(os.fspath(path))
    deadline = None if timeout is None else time.monotonic() + timeout
    with _connected(where, deadline) as peer:
        if (user := _user_of(peer)) not in (os.geteuid(), 0):
            raise RingError(f"who listens at {where} is a process of user {user}, not yours")
        peer.settimeout(None if deadline is None else max(deadline - time.monotonic(), 0.1))
        try:
            greeting, descriptors, _, _ = socket.recv_fds(peer, len(_GREETING), 1)
        except TimeoutError:
            raise RingTimeout(f"who listens at {where} does not answer") from None
        except OSError as error:
            raise RingError(f"{where}: {error.strerror or error}") from None
    if greeting != _GREETING or len(descriptors) != 1:
        for descriptor in descriptors:
            os.close(descriptor)
        raise RingError(f"who listens at {where} hands over no ring: it is another program, or refused this user")
    return descriptors[0]
