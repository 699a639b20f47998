"""Where the nodes of a model run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._onnx_file import Node

CPU_PROVIDER = "CPUExecutionProvider"

NodeKind = Literal["on device", "shape-only", "misplaced"]
Proof = Literal["no other provider", "log and profile", "log", "profile"]


class PlacementWarning(UserWarning):
    """A session does not run where it was asked to, and ``fallback="cpu"`` allowed that."""


@dataclass(frozen=True, slots=True)
class NodePlacement:
    """Where one node runs.

    Attributes
    ----------
    name : str
        The node's, or its first output's where it has none; empty where neither is known.
    operator : str
        With its domain in front where that is not ONNX's own: ``com.microsoft.Gelu``.
    provider : str
        ONNX Runtime's name of what runs it.
    kind : {"on device", "shape-only", "misplaced"}
        ``"shape-only"`` runs on the CPU, where ONNX Runtime puts the arithmetic on a few integers, and moves none of
        the frame. ``"misplaced"`` is on the CPU and moves more than that.
    moved : int or None
        Bytes that it reads and writes, weights not among them; None where that was not measured.
    reason : str
        Why a misplaced node is where it is.
    allowed : bool
        Whether a misplaced node was allowed there, by ``allow_cpu=`` or ``fallback=``.
    """

    name: str
    operator: str
    provider: str
    kind: NodeKind = "on device"
    moved: int | None = None
    reason: str = ""
    allowed: bool = False

    def __str__(self) -> str:
        return f"{self.name!r} ({self.operator})" if self.name else f"of operator {self.operator}"


@dataclass(frozen=True, slots=True)
class CopyPlacement:
    """A copy between host and device that ONNX Runtime put between nodes.

    Attributes
    ----------
    direction : {"to host", "to device"}
        Where it goes.
    beside : str
        What it copies, as ONNX Runtime calls it; empty where that is not known.
    bytes : int or None
        A run; None where that was not measured.
    """

    direction: Literal["to host", "to device"]
    beside: str
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a session runs, node by node.

    On the CPU there is nothing to prove: ONNX Runtime was given no other provider, so whatever it runs, it runs there.
    On any other device the nodes are those of the graph that ONNX Runtime made of the model, and `proof` says from
    what their places are known.

    Attributes
    ----------
    device : str
        Where the session runs.
    provider : str
        ONNX Runtime's name of what runs the nodes.
    runtime : str
        Version of ONNX Runtime.
    nodes : tuple of NodePlacement
        Each node, those of graphs within the model included.
    note : str
        Why `nodes` is empty, where it should not be, or what could not be measured.
    proof : {"no other provider", "log and profile", "log", "profile"}
        ONNX Runtime's log of loading the model, and the profile of one run on zeros.
    copies : tuple of CopyPlacement
        Copies between host and device that nobody asked for.
    requested : str
        The device that was asked for, where ``fallback="cpu"`` took another one; else empty.
    fallback : str
        Why it fell back; empty when it did not.
    """

    device: str
    provider: str
    runtime: str
    nodes: tuple[NodePlacement, ...]
    note: str = ""
    proof: Proof = "no other provider"
    copies: tuple[CopyPlacement, ...] = ()
    requested: str = ""
    fallback: str = ""

    @property
    def misplaced(self) -> tuple[NodePlacement, ...]:
        """The nodes that are not where they were asked to be, allowed or not."""
        return tuple(node for node in self.nodes if node.kind == "misplaced")

    def __str__(self) -> str:
        count = _count(len(self.nodes), "node") if self.nodes or not self.note else self.note
        lines = [f"{self.device} ({self.provider}, onnxruntime {self.runtime}): {count}"]
        if self.fallback:
            lines.append(f"  fell back from {self.requested or self.device}: {self.fallback}")
        operators = Counter(node.operator for node in self.nodes if node.kind == "on device")
        lines += [f"  {count} x {operator}" for operator, count in operators.most_common()]
        if self.proof != "no other provider":
            lines += self._off_device()
        return "\n".join(lines)

    def _off_device(self) -> list[str]:
        lines = []
        shapes = Counter(node.operator for node in self.nodes if node.kind == "shape-only")
        if shapes:
            listed = ", ".join(f"{count} x {operator}" for operator, count in shapes.most_common())
            lines.append(f"  on the CPU, shapes only: {listed}")
        for node in self.misplaced:
            allowed = " (allowed)" if node.allowed else ""
            lines.append(
                f"  MISPLACED{allowed}: node {node} moves {size(node.moved)} on {node.provider}: {node.reason}"
            )
        for copy in self.copies:
            beside = f" of {copy.beside}" if copy.beside else ""
            lines.append(f"  copy {copy.direction}{beside}: {size(copy.bytes)}")
        lines.append(f"  proof: {self.proof}{f'; {self.note}' if self.note and self.nodes else ''}")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        return {
            "device": self.device,
            "provider": self.provider,
            "runtime": self.runtime,
            "proof": self.proof,
            "requested": self.requested,
            "fallback": self.fallback,
            "nodes": [_fields(node) for node in self.nodes],
            "copies": [_fields(copy) for copy in self.copies],
            "note": self.note,
        }


def placement_on_cpu(
    nodes: Iterable[Node], runtime: str, note: str = "", *, requested: tuple[str, str] = ("", "")
) -> Placement:
    """Return the placement of a session that has no provider but the CPU's; `requested` what it fell back from."""
    placed = tuple(NodePlacement(node.name, operator_of(node), CPU_PROVIDER) for node in nodes)
    return Placement("cpu", CPU_PROVIDER, runtime, placed, note, requested=requested[0], fallback=requested[1])


def operator_of(node: Node) -> str:
    """Return the operator with its domain in front, unless that is ONNX's own."""
    return f"{node.domain}.{node.operator}" if node.domain not in ("", "ai.onnx") else node.operator


def size(count: int | None) -> str:
    """Write a number of bytes for people."""
    if count is None:
        return "an unknown number of bytes"
    for unit, above in (("MB", 1_000_000), ("kB", 1_000)):
        if count >= above:
            return f"{count / above:.1f} {unit}"
    return _count(count, "byte")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _fields(value: NodePlacement | CopyPlacement) -> dict[str, Any]:
    return {name: getattr(value, name) for name in type(value).__slots__}
