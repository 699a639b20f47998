"""Reads from ONNX Runtime's log of a session where it put the nodes of the final graph, and why.

The log is text for people. What is read here is said alike by every ONNX Runtime from 1.24 on, and a log of another
form is refused, not guessed at::

    Node placements
     Node(s) placed on [WebGpuExecutionProvider]. Number of nodes: 6
      Conv (conv_token_1)
    ...
     All nodes placed on [WebGpuExecutionProvider]. Number of nodes: 1
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD = "Node placements"
_SOME = re.compile(r"\s*Node\(s\) placed on \[(\w+)\]\. Number of nodes: (\d+)")
_ALL = re.compile(r"\s*All nodes placed on \[(\w+)\]\. Number of nodes: (\d+)")
_NODE = re.compile(r"\s*(\S+) \((.*)\)")
_COPY = re.compile(r"Add (Memcpy(?:To|From)Host) (?:before|after) (.*) for \w+")
_NO_KERNEL = re.compile(r"(\S+) kernel not found in registries for Op type: (\S+) node name: (.*)")
_KEPT = re.compile(r"(?:ORT optimization- )?Force fallback to CPU execution for node: (.*?) because (?:the )?(.*)")
_TOKEN = re.compile(r"_token_\d+")


@dataclass(frozen=True, slots=True)
class LoggedNode:
    """A node of the final graph; `name` is as ONNX Runtime has it, empty where it has none."""

    operator: str
    name: str
    provider: str


@dataclass(slots=True)
class PlacementLog:
    """What a log says.

    Attributes
    ----------
    counts : dict
        Nodes a provider.
    nodes : list
        Each of them; empty where all are on one provider, for then the log does not name them.
    copies : list
        Operator of each copy between host and device that ONNX Runtime put in, and the tensor that it copies.
    no_kernel : set
        Operator and name of the nodes for which the provider has no kernel.
    kept : dict
        Names of the nodes that ONNX Runtime keeps on the CPU on purpose, and why.
    """

    counts: dict[str, int] = field(default_factory=dict)
    nodes: list[LoggedNode] = field(default_factory=list)
    copies: list[tuple[str, str]] = field(default_factory=list)
    no_kernel: set[tuple[str, str]] = field(default_factory=set)
    kept: dict[str, str] = field(default_factory=dict)


def plain_name(name: str) -> str:
    """Return the model's own name of a node that ONNX Runtime renamed."""
    return _TOKEN.sub("", name)


def read_log(lines: Iterable[str]) -> PlacementLog | None:
    """Read the log of one session; None when its form is not known."""
    log = PlacementLog()
    placements: list[str] | None = None
    for line in lines:
        if line.strip() == _HEAD:
            placements = []
        elif placements is not None and _continues(line, placements):
            placements.append(line)
        else:
            _remark(line, log)
    return log if placements and _read_placements(placements, log) else None


def _continues(line: str, placements: list[str]) -> bool:
    """Whether a line still belongs to the list of placements, which other lines follow."""
    if _SOME.fullmatch(line) or (not placements and _ALL.fullmatch(line)):
        return True
    return bool(placements) and line.startswith("  ") and _NODE.fullmatch(line) is not None


def _remark(line: str, log: PlacementLog) -> None:
    if found := _COPY.fullmatch(line):
        log.copies.append((found[1], plain_name(found[2])))
    elif found := _NO_KERNEL.fullmatch(line):
        log.no_kernel.add((found[2], plain_name(found[3].strip())))
    elif found := _KEPT.fullmatch(line):
        log.kept[plain_name(found[1])] = found[2]


def _read_placements(lines: list[str], log: PlacementLog) -> bool:
    """Take the list over; False where it is not complete."""
    if found := _ALL.fullmatch(lines[0]):
        log.counts[found[1]] = int(found[2])
        return True
    provider = ""
    for line in lines:
        if found := _SOME.fullmatch(line):
            provider = found[1]
            log.counts[provider] = log.counts.get(provider, 0) + int(found[2])
        elif found := _NODE.fullmatch(line):
            log.nodes.append(LoggedNode(found[1], found[2], provider))
    return len(log.nodes) == sum(log.counts.values())
