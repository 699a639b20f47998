"""Why a provider does not take a node."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any

from . import _core
from ._placement_log import plain_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._onnx_file import Node
    from ._placement_log import LoggedNode, PlacementLog
    from ._placement_profile import ProfiledNode

_NEWEST = 2**31 - 1  # what the end of a range of operator sets is where it is open


class Reasons:
    """Says why a node of a session is not on its device.

    Parameters
    ----------
    device : str
        What the provider is called in the texts.
    provider : str
        ONNX Runtime's name of it.
    log : PlacementLog or None
        What ONNX Runtime said when it loaded the model.
    nodes : sequence of Node
        The nodes that the model has.
    operator_sets : mapping
        Version by domain that the model uses.
    """

    def __init__(
        self,
        device: str,
        provider: str,
        log: PlacementLog | None,
        nodes: Sequence[Node],
        operator_sets: Mapping[str, int],
    ) -> None:
        self._device = device
        self._provider = provider
        self._log = log
        self._domains = {node.operator: _plain(node.domain) for node in nodes}
        self._operator_sets = {_plain(domain): version for domain, version in operator_sets.items()}

    def __call__(self, node: LoggedNode, measured: ProfiledNode | None) -> str:
        """Return the reason in a few words."""
        name = plain_name(node.name)
        if self._log is not None and name and name in self._log.kept:
            return f"ONNX Runtime keeps it on the CPU because {self._log.kept[name].rstrip('.')}"
        kernels = _kernels(self._provider)
        if kernels is not None:
            return self._from_kernels(node, measured, kernels)
        if self._log is not None and (node.operator, name) in self._log.no_kernel:
            return f"{self._device} has no kernel for this {node.operator}"
        return "no kernel, reason not reported"

    def _from_kernels(self, node: LoggedNode, measured: ProfiledNode | None, kernels: Sequence[Any]) -> str:
        domain = self._domains.get(node.operator, "")
        same = [kernel for kernel in kernels if kernel.op_name == node.operator and _plain(kernel.domain) == domain]
        if not same:
            return f"{self._device} has no kernel for the operator {node.operator}"
        if version := self._operator_sets.get(domain):
            first = min(kernel.version_range[0] for kernel in same)
            last = max(kernel.version_range[1] for kernel in same)
            if not first <= version <= last:
                has = f"from {first} on" if last == _NEWEST else f"{first} to {last}"
                return f"{self._device} has {node.operator} of operator sets {has}, and the model uses {version}"
        if measured is not None and measured.types:
            types = _first_types(same)
            if types and measured.types[0] not in types:
                return (
                    f"{self._device} has no kernel for {node.operator} of {measured.types[0]}, only of {_list(types)}"
                )
        return f"{self._device} has kernels for {node.operator} and took none: other types, attributes or shapes"


def _plain(domain: str) -> str:
    return "" if domain == "ai.onnx" else domain


def _first_types(kernels: Sequence[Any]) -> set[str]:
    """Return the element types that the kernels have in their first type constraint."""
    found: set[str] = set()
    for kernel in kernels:
        constraints = kernel.type_constraints
        for name in ("T", "T1", *sorted(constraints)):
            if name in constraints:
                found.update(each.removeprefix("tensor(").removesuffix(")") for each in constraints[name])
                break
    return found


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))


@functools.cache
def _kernels(provider: str) -> tuple[Any, ...] | None:
    """Return the kernels of a provider library; None where ONNX Runtime does not tell (before 1.25, built-in ones)."""
    module = importlib.import_module("onnxruntime.capi._pybind_state")
    ask = getattr(module, "get_registered_ep_kernel_defs", None)
    if ask is None:
        return None
    _core.provider_enter(provider)  # it makes a provider to ask it
    try:
        return tuple(ask(provider))
    except Exception:
        return None
    finally:
        _core.provider_leave(provider)
