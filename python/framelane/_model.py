"""What a `Session` is made of: a file or bytes, looked at before ONNX Runtime gets them."""

from __future__ import annotations

import mmap
import os
import stat
from dataclasses import dataclass, replace
from typing import Any

from ._errors import ModelError
from ._onnx_file import DamagedModelError, ExternalData, Node, OnnxFile, read_onnx

_BUFFERS = (bytes, bytearray, memoryview, mmap.mmap)


@dataclass(frozen=True)
class Model:
    """A model that is to be loaded.

    Attributes
    ----------
    label : str
        How errors call it: the path as it was given, printable, or "the model given as bytes".
    path : bytes or None
        The absolute path that ONNX Runtime is to open, from whose folder it takes external data.
    data : buffer or None
        The bytes of a model that is no file.
    nodes : tuple or None
        The nodes of a model that is no file, and that could be read.
    stamp : tuple or None
        Tells whether a file is still the one that was opened.
    """

    label: str
    path: bytes | None = None
    data: Any = None
    nodes: tuple[Node, ...] | None = None
    stamp: tuple[int, int, int] | None = None

    def read(self) -> OnnxFile:
        """Read what the model says. Raises DamagedModelError, and OSError for a file that is gone."""
        if self.path is None:
            return read_onnx(memoryview(self.data).cast("B"))
        with open(self.path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            view = memoryview(mapped)
            try:
                return read_onnx(view)
            finally:
                view.release()

    @property
    def folder(self) -> bytes:
        """Where external data are looked for."""
        return os.path.dirname(self.path or b"")

    def read_nodes(self) -> tuple[tuple[Node, ...], str]:
        """Return the nodes, or none and why they are not known."""
        if self.path is None:
            return (self.nodes, "") if self.nodes is not None else ((), "nodes unknown: not in ONNX's own format")
        try:
            if _stamp(os.stat(self.path)) != self.stamp:
                return (), "nodes unknown: the file has changed since it was loaded"
            return tuple(self.read().nodes), ""
        except OSError:
            return (), "nodes unknown: the file is gone"
        except DamagedModelError:
            return (), "nodes unknown: not in ONNX's own format"


def _stamp(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns


def open_model(model: Any) -> Model:
    """Look at what was given for a model.

    Raises
    ------
    ModelError
        The file is missing, empty or no file; the bytes are empty, or their weights lie elsewhere.
    TypeError
        It is neither a path nor bytes nor a ModelProto.
    """
    if isinstance(model, (str, os.PathLike)):
        return _from_path(os.fsencode(model))
    if isinstance(model, _BUFFERS):
        return _from_bytes("the model given as bytes", model)
    if hasattr(model, "SerializeToString"):
        return _from_bytes("the ModelProto", _serialize(model))
    raise TypeError(f"a model is a path, bytes or an onnx.ModelProto, and not {type(model).__name__!r}")


def printable(path: bytes) -> str:
    """Return the path as text that every terminal and file takes."""
    text = path.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _from_path(path: bytes) -> Model:
    label = f"model {printable(path)!r}" if path else "the model"
    if b"\0" in path or not path:
        raise ModelError(f"{label} has a path that no file can have; give the path of an .onnx file")
    full = os.path.abspath(path)
    try:
        found = os.stat(full)
    except OSError as error:
        raise ModelError(f"{label} {_why_not_there(full, error)}") from error
    if stat.S_ISDIR(found.st_mode):
        raise ModelError(f"{label} is a folder; give the path of the .onnx file in it")
    if not stat.S_ISREG(found.st_mode):
        raise ModelError(f"{label} is no regular file; give the path of an .onnx file")
    if not os.access(full, os.R_OK):
        raise ModelError(f"{label} may not be read by this user; change its permissions: chmod a+r")
    if found.st_size == 0:
        raise ModelError(f"{label} is empty (0 bytes); it was not written or not downloaded to its end")
    return _beside_its_data(Model(label, full, stamp=_stamp(found)))


def _why_not_there(path: bytes, error: OSError) -> str:
    if os.path.islink(path):
        return f"is a symbolic link to {printable(os.readlink(path))!r}, which does not exist"
    if isinstance(error, FileNotFoundError):
        return f"does not exist (looked for {printable(path)})"
    return f"cannot be opened: {error.strerror} ({printable(path)})"


def _beside_its_data(model: Model) -> Model:
    """Follow a symbolic link when the external data lie beside what it points to, and not beside the link."""
    if model.path is None or not os.path.islink(model.path):
        return model
    real = replace(model, path=os.path.realpath(model.path))
    try:
        external = model.read().external_data
    except (DamagedModelError, OSError):
        return model
    return real if missing_data(model, external) and not missing_data(real, external) else model


def missing_data(model: Model, external: list[ExternalData]) -> list[ExternalData]:
    """Return the external data whose file is not there."""
    return [data for data in external if not os.path.isfile(external_path(model, data))]


def external_path(model: Model, data: ExternalData) -> bytes:
    """Return where the file of external data is looked for."""
    return os.path.join(model.folder, os.fsencode(data.location))


def _from_bytes(label: str, data: Any) -> Model:
    if memoryview(data).nbytes == 0:
        raise ModelError(f"{label} is empty (0 bytes)")
    model = Model(label, data=data)
    try:
        file = model.read()
    except DamagedModelError:
        return model  # ONNX Runtime may know it (its own format is another one), or say what is wrong
    if file.external_data:
        raise ModelError(
            f"{label} keeps weights in the file {file.external_data[0].location!r}, and bytes do not tell where that "
            "is; pass the path of the .onnx file instead, or read the weights in first: onnx.load(path)"
        )
    return replace(model, nodes=tuple(file.nodes))


def _serialize(proto: Any) -> bytes:
    try:
        return bytes(proto.SerializeToString())
    except Exception as error:
        raise ModelError(
            f"the ModelProto cannot be serialised ({error}); a model of more than 2 GB has to be a file with external "
            "data: onnx.save(model, path, save_as_external_data=True), then pass the path"
        ) from error
