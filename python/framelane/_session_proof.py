"""Loads a session on a device and proves that it is there, or raises."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import _core
from ._errors import PlacementError
from ._onnx_file import DamagedModelError, OnnxFile
from ._placement import Placement, size
from ._placement_log import read_log
from ._placement_proof import Evidence, allow, place, unasked_copies
from ._placement_reason import Reasons
from ._tensor_info import TensorInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._devices import Target
    from ._model import Model
    from ._placement import NodePlacement
    from ._placement_trial import Trial

_SHOWN = 5  # nodes that an error names


@dataclass(frozen=True)
class Request:
    """What was asked for.

    Attributes
    ----------
    target : Target
        The device.
    allow_cpu : sequence of str
        Names or operators of nodes that may be elsewhere.
    fallback : bool
        Whether all may.
    """

    target: Target
    allow_cpu: Sequence[str] = ()
    fallback: bool = False


def prove(session: _core.SessionBase, model: Model, request: Request, runtime: str, trial: Trial) -> Placement:
    """Return where a session runs that was just loaded with `trial`'s profile.

    Raises
    ------
    PlacementError
        Nodes are not on the device and not allowed elsewhere, or nothing proves where they are.
    """
    log = read_log(_core.session_take_log(session))
    inputs = [TensorInfo(*info) for info in _core.session_inputs(session)]
    target = request.target
    elsewhere = log is None or not set(log.counts).issubset(target.providers)
    measured = trial.measure(session, inputs, twice=elsewhere)
    file = _read(model)
    evidence = Evidence(log, measured, file.nodes)
    if evidence.proof is None:
        raise PlacementError(
            f"{model.label} may be anywhere: onnxruntime {runtime} logs its placement in a form that this framelane "
            f"does not know ({measured.note}). Take another onnxruntime, or device='cpu'"
        )
    reasons = Reasons(target.kind, target.provider, log, file.nodes, file.operator_sets)
    nodes, copies = place(evidence, target.providers, reasons)
    nodes = allow(nodes, request.allow_cpu, request.fallback)
    placement = Placement(
        target.device, target.provider, runtime, nodes, measured.note, proof=evidence.proof, copies=copies
    )
    _refuse(model, placement, measured.frame_bytes, request.fallback)
    if request.fallback and placement.misplaced:
        placement = replace(placement, fallback=_fell_back(placement))
    return placement


def _read(model: Model) -> OnnxFile:
    try:
        return model.read()
    except (DamagedModelError, OSError):
        return OnnxFile()


def _refuse(model: Model, placement: Placement, frame_bytes: int, fallback: bool) -> None:
    misplaced = [node for node in placement.misplaced if not node.allowed]
    copies = [] if fallback else unasked_copies(placement, frame_bytes)
    if not misplaced and not copies:
        return
    device, total = placement.device, len(placement.nodes)
    if not misplaced:
        text = (
            f"{model.label} moves {size(copies[0].bytes)} {copies[0].direction} in the middle of a run on {device!r}, "
            f"beside {copies[0].beside or 'a node'}, though every node is there"
        )
        raise _error(f"{text}. Change the model, or allow it: fallback='cpu'", placement)
    count = "1 of its" if len(misplaced) == 1 else f"{len(misplaced)} of its"
    note = f" ({placement.note})" if placement.note else ""
    raise _error(
        f"{model.label}: {count} {total} nodes {'is' if len(misplaced) == 1 else 'are'} not on {device!r}: "
        f"{'; '.join(_sentences(misplaced))}{note}. Change the model, or allow it: allow_cpu={_names(misplaced)}, or "
        "fallback='cpu' for all",
        placement,
    )


def _sentences(misplaced: Sequence[NodePlacement]) -> list[str]:
    """Say of each node what is wrong; of those that have it in common, of the one that moves most."""
    alike: dict[tuple[str, str], list[NodePlacement]] = {}
    for node in misplaced:
        alike.setdefault((node.operator, node.reason), []).append(node)
    sentences = []
    for nodes in list(alike.values())[:_SHOWN]:
        node = max(nodes, key=lambda each: each.moved or 0)
        others = f" (and {len(nodes) - 1} more of its kind)" if len(nodes) > 1 else ""
        moves = f"runs on {_plain(node.provider)} and moves {size(node.moved)} there"
        sentences.append(f"node {node}{others} {moves}: {node.reason}")
    if len(alike) > _SHOWN:
        sentences.append(f"and {len(alike) - _SHOWN} other operators")
    return sentences


def _names(misplaced: Sequence[NodePlacement]) -> list[str]:
    """Return what to give as ``allow_cpu``: the node's name, or operators where there are many."""
    if len(misplaced) == 1 and misplaced[0].name:
        return [misplaced[0].name]
    return sorted({node.operator for node in misplaced})


def _plain(provider: str) -> str:
    return "the CPU" if provider == "CPUExecutionProvider" else provider


def _error(text: str, placement: Placement) -> PlacementError:
    error = PlacementError(text)
    error.placement = placement
    return error


def _fell_back(placement: Placement) -> str:
    node = placement.misplaced[0]
    count = len(placement.misplaced)
    others = f" and {count - 1} more" if count > 1 else ""
    return f"node {node}{others} not on {placement.device!r}: {node.reason}"
