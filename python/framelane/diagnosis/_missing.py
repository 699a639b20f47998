"""Why the CUDA provider of a running process cannot be loaded: the libraries that it needs and does not find."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Missing:
    """Libraries that are not found.

    Attributes
    ----------
    names : tuple of str
        The libraries, in the order in which the loader asks for them.
    found_in : tuple of str
        Folders of the process's own Python in which they lie, although nothing leads the loader there.
    fix : str
        What installs them, where they are not there at all.
    """

    names: tuple[str, ...]
    found_in: tuple[str, ...]
    fix: str

    def __str__(self) -> str:
        more = f" (nor {', '.join(self.names[1:])})" if self.names[1:] else ""
        where = f"; it lies in {self.found_in[0]}, where the loader does not look" if self.found_in else ""
        return f"{self.names[0]} is not found{more}{where}"
