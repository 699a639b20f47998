"""How a session is made."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OptimizationLevel = Literal["none", "basic", "extended", "layout", "all"]
LogLevel = Literal["verbose", "info", "warning", "error", "fatal"]

_OPTIMIZATION_LEVELS = {"none": 0, "basic": 1, "extended": 2, "layout": 3, "all": 99}
_LOG_LEVELS = {"verbose": 0, "info": 1, "warning": 2, "error": 3, "fatal": 4}
_EXECUTION_ORDERS = {"sequential": False, "parallel": True}


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """Options of a `Session`; what is not given is ONNX Runtime's default.

    Attributes
    ----------
    intra_op_threads : int or None
        Threads within one operator; None or 0: one a core.
    inter_op_threads : int or None
        Threads over independent operators, used with ``execution_order="parallel"``.
    execution_order : {"sequential", "parallel"}
        Whether independent operators run one after another.
    allow_spinning : bool or None
        Whether idle threads spin before they sleep: faster for one session that runs all the time, slower when
        several share the machine.
    optimization_level : {"none", "basic", "extended", "layout", "all"}
        How far the graph is rewritten when it is loaded.
    optimized_model_path : path or None
        Where to write the rewritten graph.
    free_dimensions : mapping
        Sizes for symbolic dimensions, by name: ``{"batch": 1}``.
    profile : path or None
        Prefix of the file that ONNX Runtime writes its profile to. `Session.end_profiling` returns its name.
    memory_pattern, memory_arena : bool
        Whether buffers are planned ahead, and kept for the next run.
    custom_operator_libraries : sequence of paths
        Shared libraries that bring operators of other domains, registered in this order.
    log_level : {"verbose", "info", "warning", "error", "fatal"}
        What ONNX Runtime prints to stderr. What fails is raised whatever this says.
    config : mapping
        Any other entry of ONNX Runtime's session configuration, string to string, such as
        ``{"session.set_denormal_as_zero": "1"}``.
    """

    intra_op_threads: int | None = None
    inter_op_threads: int | None = None
    execution_order: Literal["sequential", "parallel"] = "sequential"
    allow_spinning: bool | None = None
    optimization_level: OptimizationLevel = "all"
    optimized_model_path: str | os.PathLike[str] | None = None
    free_dimensions: Mapping[str, int] = field(default_factory=dict)
    profile: str | os.PathLike[str] | None = None
    memory_pattern: bool = True
    memory_arena: bool = True
    custom_operator_libraries: Sequence[str | os.PathLike[str]] = ()
    log_level: LogLevel = "fatal"
    config: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _choice("execution_order", self.execution_order, _EXECUTION_ORDERS)
        _choice("optimization_level", self.optimization_level, _OPTIMIZATION_LEVELS)
        _choice("log_level", self.log_level, _LOG_LEVELS)
        for name in ("intra_op_threads", "inter_op_threads"):
            threads = getattr(self, name)
            if threads is not None and threads < 0:
                raise ValueError(f"{name} is {threads}; give 0 (one a core) or more")
        for name, size in self.free_dimensions.items():
            if size < 1:
                raise ValueError(f"free_dimensions[{name!r}] is {size}; give 1 or more")

    def _native(self) -> dict[str, Any]:
        """Return the fields of ``ort::SessionOptions``."""
        config = {str(key): str(value) for key, value in self.config.items()}
        if self.allow_spinning is not None:
            for pool in ("intra_op", "inter_op"):
                config.setdefault(f"session.{pool}.allow_spinning", str(int(self.allow_spinning)))
        return {
            "intra_op_threads": self.intra_op_threads or 0,
            "inter_op_threads": self.inter_op_threads or 0,
            "parallel": _EXECUTION_ORDERS[self.execution_order],
            "optimization_level": _OPTIMIZATION_LEVELS[self.optimization_level],
            "memory_pattern": self.memory_pattern,
            "memory_arena": self.memory_arena,
            "log_severity": _LOG_LEVELS[self.log_level],
            "profile_prefix": os.fsencode(self.profile) if self.profile is not None else b"",
            "optimized_model_path": os.fsencode(self.optimized_model_path) if self.optimized_model_path else b"",
            "free_dimensions": list(self.free_dimensions.items()),
            "config": list(config.items()),
            "custom_operator_libraries": [os.fsencode(library) for library in self.custom_operator_libraries],
            "provider": "",
            "provider_index": 0,
            "provider_options": [],
        }


def _choice(name: str, value: str, choices: Mapping[str, object]) -> None:
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; use one of: {', '.join(choices)}")
