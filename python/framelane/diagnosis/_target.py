"""What is looked at: a library of a program, in the environment and with the LD_LIBRARY_PATH that it runs with."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._elf import ElfError
from ._search import Found, Loader, Missing
from ._search_path import library_path_entries

if TYPE_CHECKING:
    from pathlib import Path

    from ._environment import Environment


@dataclass(frozen=True)
class Target:
    """A library of an environment.

    Attributes
    ----------
    path : Path
        The library.
    environment : Environment
        Whose Python loads it.
    before : tuple of Path
        What is loaded first, the last of which asks for the library: ONNX Runtime's module before its provider.
    """

    path: Path
    environment: Environment
    before: tuple[Path, ...] = ()

    def walk(self, ld_library_path: str) -> Walk:
        """Find what it needs in a new process of that Python."""
        try:
            loader = Loader(ld_library_path=ld_library_path, executable=self.environment.program)
        except ElfError:  # a Python that is a script, whose program is not known
            loader = Loader(ld_library_path=ld_library_path)
        for path in self.before:
            loader.open(path)
        caller = os.fspath(self.before[-1]) if self.before else None
        return Walk(loader, tuple(loader.open(self.path, caller=caller)), os.fspath(self.path))


@dataclass(frozen=True)
class Walk:
    """What a process finds of all that a library needs."""

    loader: Loader
    results: tuple[Found | Missing, ...]
    path: str

    @property
    def found(self) -> tuple[Found, ...]:
        """The libraries that are found."""
        return tuple(one for one in self.results if isinstance(one, Found))

    @property
    def missing(self) -> tuple[Missing, ...]:
        """The libraries that are not."""
        return tuple(one for one in self.results if isinstance(one, Missing))

    def file_of(self, name: str) -> Found | None:
        """Return what was found for a name."""
        return next((one for one in self.found if one.name == name), None)


def absent_folders(ld_library_path: str) -> list[str]:
    """Return the folders of an LD_LIBRARY_PATH that do not exist."""
    return [folder for folder in library_path_entries(ld_library_path) if folder and not os.path.isdir(folder)]


def exec_command(environment: Environment, so: tuple[Path, ...] = ()) -> str:
    """Return the command that starts a program with what it needs."""
    options = "".join(f" --so {shlex.quote(os.fspath(path))}" for path in so)
    return f"framelane exec --python {environment.command}{options} -- python app.py"
