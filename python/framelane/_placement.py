"""Where the nodes of a model run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._onnx_file import Node

CPU_PROVIDER = "CPUExecutionProvider"


@dataclass(frozen=True, slots=True)
class NodePlacement:
    """Where one node runs.

    Attributes
    ----------
    name : str
        The node's, or its first output's where it has none.
    operator : str
        With its domain in front where that is not ONNX's own: ``com.microsoft.Gelu``.
    provider : str
        ONNX Runtime's name of what runs it.
    """

    name: str
    operator: str
    provider: str


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a session runs, node by node.

    On the CPU there is nothing to prove: ONNX Runtime was given no other provider, so whatever it runs, it runs there.

    Attributes
    ----------
    device : str
        As it was asked for.
    provider : str
        ONNX Runtime's name of what runs the nodes.
    runtime : str
        Version of ONNX Runtime.
    nodes : tuple of NodePlacement
        The nodes that the model has, those of graphs within it included. ONNX Runtime may merge some when it loads
        the model.
    note : str
        Why `nodes` is empty, where it should not be.
    """

    device: str
    provider: str
    runtime: str
    nodes: tuple[NodePlacement, ...]
    note: str = ""

    def __str__(self) -> str:
        count = self.note or f"{len(self.nodes)} node{'' if len(self.nodes) == 1 else 's'}"
        lines = [f"{self.device} ({self.provider}, onnxruntime {self.runtime}): {count}"]
        operators = Counter(node.operator for node in self.nodes)
        lines += [f"  {count} x {operator}" for operator, count in operators.most_common()]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        return {
            "device": self.device,
            "provider": self.provider,
            "runtime": self.runtime,
            "nodes": [{"name": node.name, "operator": node.operator, "provider": node.provider} for node in self.nodes],
            "note": self.note,
        }


def placement_on_cpu(nodes: Iterable[Node], runtime: str, note: str = "") -> Placement:
    """Return the placement of a session that has no provider but the CPU's."""
    placed = tuple(NodePlacement(node.name, _operator(node), CPU_PROVIDER) for node in nodes)
    return Placement("cpu", CPU_PROVIDER, runtime, placed, note)


def _operator(node: Node) -> str:
    return f"{node.domain}.{node.operator}" if node.domain not in ("", "ai.onnx") else node.operator
