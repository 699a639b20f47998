"""Proves where the nodes of a session run, from what ONNX Runtime logged and from the profile of one run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ._placement import CopyPlacement, NodeKind, NodePlacement, Placement, Proof, operator_of
from ._placement_log import LoggedNode, PlacementLog, plain_name
from ._placement_profile import ProfiledNode

if TYPE_CHECKING:
    from ._onnx_file import Node
    from ._placement_trial import Measurement

_COPIES: dict[str, Literal["to host", "to device"]] = {"MemcpyToHost": "to host", "MemcpyFromHost": "to device"}
# The most that a node which only reckons with shapes moves: a hundred integers of 64 bits and some.
_SHAPE_BYTES = 1024

Reason = Callable[[LoggedNode, ProfiledNode | None], str]


@dataclass(frozen=True)
class Evidence:
    """What is known of a session.

    Attributes
    ----------
    log : PlacementLog or None
        None where ONNX Runtime's log has another form than those that we know.
    measured : Measurement
        What a run on zeros gave.
    nodes : sequence of Node
        Those that the model's file has.
    """

    log: PlacementLog | None
    measured: Measurement
    nodes: Sequence[Node]

    @property
    def proof(self) -> Proof | None:
        """What proves the placement; None when nothing does."""
        if self.log is not None:
            return "log and profile" if self.measured.nodes else "log"
        return "profile" if self.measured.nodes else None


def place(
    evidence: Evidence, providers: Sequence[str], reason: Reason
) -> tuple[tuple[NodePlacement, ...], tuple[CopyPlacement, ...]]:
    """Return each node and each copy of the final graph.

    Parameters
    ----------
    evidence : Evidence
        With a proof.
    providers : sequence of str
        Those whose nodes are on the device.
    reason : callable
        Says why a node is not there.
    """
    found = _final_nodes(evidence)
    copies = _copies(evidence)
    judge = _Judge(evidence, copies)
    names = _Names(evidence.nodes)
    placed = []
    for node, profiled in found:
        kind: NodeKind = "on device" if node.provider in providers else judge.kind(profiled)
        why = reason(node, profiled) if kind == "misplaced" else ""
        moved = profiled.moved if profiled is not None else None
        placed.append(NodePlacement(names.name(node, profiled), names.operator(node), node.provider, kind, moved, why))
    return tuple(placed), copies


class _Judge:
    """Tells shape arithmetic from nodes that move a frame."""

    def __init__(self, evidence: Evidence, copies: Iterable[CopyPlacement]) -> None:
        # In a network for tiny frames the frame itself is below what shapes are allowed to move: there, what is
        # copied, or as large as the input, is the frame.
        self._measured = evidence.measured
        frame_bytes = evidence.measured.frame_bytes
        limit = copy_limit(frame_bytes)
        self._limit = min(_SHAPE_BYTES, max(limit, 64))
        self._suspects = {copy.bytes for copy in copies if copy.bytes is not None and copy.bytes > limit}
        if frame_bytes > 0:
            self._suspects.add(frame_bytes)

    def kind(self, node: ProfiledNode | None) -> NodeKind:
        """Judge a node that is not on the device. One that nobody measured is misplaced."""
        if node is None:
            return "misplaced"
        suspect = not self._suspects.isdisjoint(node.inputs + node.outputs)
        if suspect or node.moved > self._limit or self._measured.grows(node):
            return "misplaced"
        return "shape-only"


def copy_limit(frame_bytes: int) -> int:
    """Return the most bytes of a copy that carries no frame."""
    return min(_SHAPE_BYTES, frame_bytes // 8)


def _final_nodes(evidence: Evidence) -> list[tuple[LoggedNode, ProfiledNode | None]]:
    ran = [node for node in evidence.measured.nodes if node.operator not in _COPIES]
    log = evidence.log
    if log is None or (not log.nodes and ran):
        return [(LoggedNode(node.operator, _own_name(node), node.provider), node) for node in ran]
    if not log.nodes:  # all on one provider, and no run that names them: then as the model has them
        (provider,) = log.counts
        return [(LoggedNode(node.operator, node.name, provider), None) for node in evidence.nodes]
    logged = [node for node in log.nodes if node.operator not in _COPIES]
    return list(zip(logged, _measured(logged, ran), strict=True))


def _measured(logged: Sequence[LoggedNode], ran: Iterable[ProfiledNode]) -> list[ProfiledNode | None]:
    """Find each node of the log in the profile."""
    known: dict[tuple[str, str, str], list[ProfiledNode]] = defaultdict(list)
    for node in ran:
        known[node.operator, _own_name(node), node.provider].append(node)
    found: list[ProfiledNode | None] = []
    for each in logged:
        same = known[each.operator, each.name, each.provider]
        # Several of one name, in graphs within the model: the most that any of them moved.
        found.append(max(same, key=lambda node: node.moved, default=None))
    return found


def _own_name(node: ProfiledNode) -> str:
    """Return the node's name; the profile calls one without a name by its operator and number."""
    return "" if node.name == f"{node.operator}_{node.index}" else node.name


def _copies(evidence: Evidence) -> tuple[CopyPlacement, ...]:
    logged = evidence.log.copies if evidence.log is not None else []
    ran = sorted((node for node in evidence.measured.nodes if node.operator in _COPIES), key=lambda node: node.index)
    if [node.operator for node in ran] == [operator for operator, _ in logged]:
        pairs = [(node.operator, beside, sum(node.outputs)) for node, (_, beside) in zip(ran, logged, strict=True)]
        return tuple(CopyPlacement(_COPIES[operator], beside, count) for operator, beside, count in pairs)
    if ran:
        return tuple(CopyPlacement(_COPIES[node.operator], "", sum(node.outputs)) for node in ran)
    return tuple(CopyPlacement(_COPIES[operator], beside, None) for operator, beside in logged)


class _Names:
    """The model's own names of the nodes of the final graph."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._main = [node for node in nodes if node.depth == 0]
        self._named = {node.name: node for node in nodes}
        self._operators: dict[str, Node] = {}
        for node in nodes:
            self._operators.setdefault(node.operator, node)

    def name(self, node: LoggedNode, profiled: ProfiledNode | None) -> str:
        if node.name or profiled is None or not 0 <= profiled.index < len(self._main):
            return plain_name(node.name)
        own = self._main[profiled.index]  # ONNX Runtime numbers the model's nodes in their order
        return own.name if own.operator == node.operator else ""

    def operator(self, node: LoggedNode) -> str:
        own = self._named.get(plain_name(node.name))
        if own is None or own.operator != node.operator:
            own = self._operators.get(node.operator)
        return operator_of(own) if own is not None else node.operator


def allow(nodes: Iterable[NodePlacement], names: Iterable[str], everything: bool) -> tuple[NodePlacement, ...]:
    """Mark the misplaced nodes that the user allowed, by name or by operator."""
    allowed = frozenset(names)
    return tuple(
        replace(node, allowed=True)
        if node.kind == "misplaced" and (everything or not allowed.isdisjoint((node.name, node.operator)))
        else node
        for node in nodes
    )


def unasked_copies(placement: Placement, frame_bytes: int) -> list[CopyPlacement]:
    """Return the copies that carry a frame though no misplaced node explains them."""
    if placement.misplaced:
        return []
    limit = copy_limit(frame_bytes)
    return [copy for copy in placement.copies if copy.bytes is not None and copy.bytes > limit]
