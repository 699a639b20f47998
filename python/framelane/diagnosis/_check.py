"""One link of the chain from a program to the GPU, looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How a link is."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKABLE = "not checkable"


@dataclass(frozen=True)
class Check:
    """What was seen of one link.

    Attributes
    ----------
    name : str
        The link.
    status : Status
        Whether it holds.
    seen : str
        What was found, or why it cannot be looked at: one sentence.
    fix : str
        For a link that does not hold, the exact command that mends it.
    details : tuple of str
        Lines below it: who supplies each library.
    data : dict
        The same for machines; only in JSON.
    """

    name: str
    status: Status
    seen: str
    fix: str = ""
    details: tuple[str, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Put it into what JSON holds."""
        said = {"name": self.name, "status": self.status.value, "seen": self.seen, "fix": self.fix}
        return {**said, "details": list(self.details), **self.data}


def passed(name: str, seen: str, details: tuple[str, ...] = (), data: dict[str, Any] | None = None) -> Check:
    """Return a link that holds."""
    return Check(name, Status.PASSED, seen, "", details, data or {})


def failed(name: str, seen: str, fix: str, details: tuple[str, ...] = (), data: dict[str, Any] | None = None) -> Check:
    """Return a link that does not hold, with the command that mends it."""
    return Check(name, Status.FAILED, seen, fix, details, data or {})


def unknown(name: str, seen: str, fix: str = "") -> Check:
    """Return a link that cannot be looked at."""
    return Check(name, Status.NOT_CHECKABLE, seen, fix)
