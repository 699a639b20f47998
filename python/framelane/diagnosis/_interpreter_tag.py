"""Which Python an extension module was built for: the tag in its file's name (PEP 3149), against an environment's."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TAGGED = re.compile(
    r"\.(?:(?P<python>cpython|pypy)-?(?P<digits>\d+)(?P<flags>[a-z]*)(?:-[\w.-]+)?|(?P<abi3>abi3))\.so$"
)


@dataclass(frozen=True)
class InterpreterTag:
    """The tag of an extension module.

    Attributes
    ----------
    text : str
        As in the name: ``"cpython-38"``, ``"abi3"``.
    python : str
        ``"cpython"``, ``"pypy"``, or ``"abi3"`` for any CPython 3.
    version : tuple of int, or None
        Such as ``(3, 8)``; None for abi3.
    flags : str
        Such as ``"t"`` for the build without the global lock.
    """

    text: str
    python: str
    version: tuple[int, int] | None
    flags: str = ""

    def fits(self, version: tuple[int, int]) -> bool:
        """Whether a CPython of that version imports it."""
        if self.python == "abi3":
            return version >= (3, 2)
        return self.python == "cpython" and self.version == version and "t" not in self.flags


def interpreter_tag(name: str) -> InterpreterTag | None:
    """Return the tag in the name of a file; None where it has none, and any Python would try it."""
    match = _TAGGED.search(name)
    if match is None:
        return None
    if match["abi3"]:
        return InterpreterTag("abi3", "abi3", None)
    digits = match["digits"]
    version = (int(digits[0]), int(digits[1:] or 0))
    return InterpreterTag(f"{match['python']}-{digits}{match['flags']}", match["python"], version, match["flags"])
