"""Starts a child in another environment that makes a session of one node, to see which provider it really gets."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._check import failed, passed
from ._target import exec_command

if TYPE_CHECKING:
    from pathlib import Path

    from ._check import Check
    from ._environment import Environment

NAME = "a session there"
PATIENCE = 180.0  # seconds: the first load of the CUDA libraries reads gigabytes
CUDA = "CUDAExecutionProvider"
_MARK = "framelane-deep:"
_REASON = re.compile(
    r"([^\s:]{1,200}: cannot open shared object file[^\n\x1b]{0,200}"
    r"|CUDA failure \d+: [^;\n\x1b]{0,200}"
    r"|version `[^\n\x1b]{1,100}' not found[^\n\x1b]{0,200})"
)

# For any Python 3 and any onnxruntime.
_CHILD = """
import base64, json, sys
said = {}
try:
    import onnxruntime
    said["version"] = onnxruntime.__version__
    said["available"] = onnxruntime.get_available_providers()
    wanted = [name for name in sys.argv[2].split(",") if name in said["available"]]
    session = onnxruntime.InferenceSession(base64.b64decode(sys.argv[1]), providers=wanted)
    said["providers"] = session.get_providers()
    import numpy
    said["result"] = session.run(None, {"x": numpy.array([-1.0, 2.0], numpy.float32)})[0].tolist()
except BaseException as error:
    said["error"] = "%s: %s" % (type(error).__name__, error)
sys.stdout.write("\\n%s%s\\n" % (sys.argv[3], json.dumps(said)))
"""


@dataclass(frozen=True)
class DeepAnswer:
    """What the child said; `error` is why it said nothing, or what was raised in it."""

    providers: tuple[str, ...] = ()
    version: str = ""
    error: str = ""
    reason: str = ""


def one_node_model() -> bytes:
    """Return a model of one Relu over a vector, as ONNX's protobuf, which every ONNX Runtime since 1.0 reads."""

    def field(number: int, data: bytes) -> bytes:
        return bytes([number << 3 | 2, len(data)]) + data

    def value(name: bytes) -> bytes:
        shape = field(2, field(1, field(2, b"n")))  # one free dimension
        return field(1, name) + field(2, field(1, b"\x08\x01" + shape))  # element type 1: float

    node = field(1, b"x") + field(2, b"y") + field(4, b"Relu")
    graph = field(1, node) + field(2, b"g") + field(11, value(b"x")) + field(12, value(b"y"))
    return b"\x08\x04" + field(7, graph) + field(8, b"\x10\x09")  # IR version 4, opset 9


def ask_session(environment: Environment, ld_library_path: str | None, device: str) -> DeepAnswer:
    """Start the child and wait for its word; it and its children are killed when it takes too long."""
    providers = f"{CUDA},CPUExecutionProvider" if device == "cuda" else "CPUExecutionProvider"
    model = base64.b64encode(one_node_model()).decode()
    env = dict(os.environ)
    if ld_library_path is not None:
        env["LD_LIBRARY_PATH"] = ld_library_path
    for name in ("PYTHONPATH", "PYTHONHOME"):  # ours, not theirs
        env.pop(name, None)
    with tempfile.TemporaryDirectory() as folder:
        try:
            child = subprocess.Popen(
                [os.fspath(environment.python), "-c", _CHILD, model, providers, _MARK],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=env,
                cwd=folder,  # nothing of the current folder is imported by chance
                start_new_session=True,
            )
        except OSError as error:
            return DeepAnswer(error=f"{environment.python} cannot be started: {error.strerror}")
        return _answer(child)


def _answer(child: subprocess.Popen[bytes]) -> DeepAnswer:
    try:
        out, err = (data.decode("utf-8", "replace") for data in child.communicate(timeout=PATIENCE))
    except subprocess.TimeoutExpired:
        _kill(child)
        return DeepAnswer(error=f"no answer within {PATIENCE:.0f} s")
    except BaseException:
        _kill(child)
        raise
    reasons = _REASON.findall(err + out)
    line = next((line for line in out.splitlines() if line.startswith(_MARK)), None)
    if line is None:
        ended = f"killed by {signal.Signals(-child.returncode).name}" if child.returncode < 0 else "ended"
        tail = err.strip().splitlines()[-1:] or [""]
        return DeepAnswer(error=f"the child was {ended} without a word: {tail[0][:300]}".removesuffix(": "))
    said: dict[str, Any] = json.loads(line.removeprefix(_MARK))
    return DeepAnswer(
        tuple(said.get("providers", ())), said.get("version", ""), said.get("error", ""), reasons[0] if reasons else ""
    )


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill the child and its group; not waiting for the end of its output, which a grandchild elsewhere may hold."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for stream in (child.stdout, child.stderr):
        if stream is not None:
            stream.close()


def check_session(
    environment: Environment, ld_library_path: str | None, device: str, so: tuple[Path, ...], fix: str
) -> Check:
    """See which provider a session gets there.

    Parameters
    ----------
    environment, ld_library_path, device, so
        What is looked at; without an LD_LIBRARY_PATH the child has that of this process.
    fix : str
        The cure of the first link that does not hold; without one, that of the path.
    """
    answer = ask_session(environment, ld_library_path, device)
    data: dict[str, Any] = {"providers": list(answer.providers), "version": answer.version, "reason": answer.reason}
    fix = fix or exec_command(environment, so)
    if answer.error:
        return failed(NAME, f"it raised {answer.error}{_because(answer)}", fix, data=data)
    got = answer.providers[0] if answer.providers else "no provider"
    if device == "cuda" and got != CUDA:
        return failed(NAME, f"asked for {CUDA}, it got {got}{_because(answer)}", fix, data=data)
    return passed(NAME, f"onnxruntime {answer.version} ran one node on {got}", data=data)


def _because(answer: DeepAnswer) -> str:
    return f": {answer.reason.strip()}" if answer.reason else ""
