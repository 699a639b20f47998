"""Finds the libraries that a file needs the way glibc's loader does, without loading any.

The order is that of ld.so(8) and of ``elf/dl-load.c``: what is loaded already by that name; RPATH of the object that
asks, of those that loaded it, and of the program, unless the object has a RUNPATH; LD_LIBRARY_PATH; RUNPATH of the
object; ld.so.cache; the default folders. In each folder the glibc-hwcaps subfolders come first. The older hardware
subfolders (``tls``, ``haswell``), which glibc gave up in 2.37, are not looked at, nor are LD_PRELOAD and LD_AUDIT.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ._candidate import Unusable, usable_library
from ._elf import ElfFile, elf_error, read_elf
from ._ld_cache import LdCache, read_cache
from ._loader_host import LoaderHost, this_host
from ._search_path import Place, Rule, candidates, expand, folders_of, library_path_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Found:
    """A library that the loader finds.

    Attributes
    ----------
    name : str
        As NEEDED has it.
    needed_by : str
        The file that asked first.
    path : str
        The file that is taken.
    rule : Rule
        Why the loader looked there.
    source : str
        The file whose RPATH or RUNPATH led there; empty for other rules.
    elf : ElfFile
        Its headers.
    """

    name: str
    needed_by: str
    path: str
    rule: Rule
    source: str
    elf: ElfFile


@dataclass(frozen=True)
class Missing:
    """A library that the loader does not find, or whose file makes it give up.

    Attributes
    ----------
    name, needed_by : str
        As in `Found`.
    searched : tuple of Place
        Every folder that was searched, in order; those that do not exist are among them.
    refused : str
        The file at which the loader gives up, though others may follow; empty where there is no file at all.
    reason : str
        Why it gives up there.
    """

    name: str
    needed_by: str
    searched: tuple[Place, ...]
    refused: str = ""
    reason: str = ""


@dataclass
class LoadedObject:
    """A file in the imagined process, and the one that brought it in."""

    path: str
    elf: ElfFile
    identity: tuple[int, int]
    loader: LoadedObject | None
    names: set[str] = field(default_factory=set)

    @property
    def origin(self) -> str:
        """What ``$ORIGIN`` stands for."""
        return os.path.dirname(self.path)


class Loader:
    """An imagined process that loads libraries; what one call has loaded, the next one finds loaded.

    Parameters
    ----------
    ld_library_path : str
        Value of LD_LIBRARY_PATH that it was started with.
    executable : Path, optional
        The program, whose RPATH counts for all and whose libraries are there first. A Python with its own libpython
        loads extension modules from there.
    current : str, optional
        Its current folder, for relative entries; this process's when left out.
    host : LoaderHost, optional
        The loader it has; this machine's when left out.
    cache : LdCache, optional
        This machine's when left out.
    file_of : callable, optional
        Where a path of that process is found from here, for one in a container.

    Raises
    ------
    ElfError
        The executable cannot be read or is no program.
    """

    def __init__(
        self,
        *,
        ld_library_path: str = "",
        executable: Path | None = None,
        current: str | None = None,
        host: LoaderHost | None = None,
        cache: LdCache | None = None,
        file_of: Callable[[str], Path] = Path,
    ) -> None:
        self._host = host or this_host()
        self._cache = read_cache() if cache is None else cache
        self._current = os.getcwd() if current is None else current
        self._file_of = file_of
        self._objects: list[LoadedObject] = []
        self._main: LoadedObject | None = None
        self._environment: list[Place] = []
        self.program_libraries: list[Found | Missing] = []
        if executable is not None:
            path = self._file_of(str(executable))
            self._main = self._add(os.path.realpath(path) if file_of is Path else str(executable), None)
        origin = self._main.origin if self._main else None
        folders = folders_of(library_path_entries(ld_library_path), origin, self._host, self._current)
        self._environment = [Place(folder, Rule.LD_LIBRARY_PATH) for folder in folders]
        if self._main is not None:
            self.program_libraries = self._load_needs([self._main])

    @property
    def paths(self) -> list[str]:
        """Return the files that are loaded, in order."""
        return [one.path for one in self._objects]

    def open(self, path: str | os.PathLike[str], *, caller: str | None = None) -> list[Found | Missing]:
        """Load a file by its path, as `dlopen` does, with all that it needs.

        Parameters
        ----------
        path : path
            The file.
        caller : str, optional
            Path of a loaded file that asks for it, whose RPATH then counts; libpython or the program when left out.

        Returns
        -------
        list of Found and Missing
            What it and its libraries need, each name once, in the order in which the loader comes to them. Like `ldd`
            it goes on after a missing one, where the loader would give up.

        Raises
        ------
        ElfError
            The file itself cannot be read, is no ELF file, or is damaged.
        """
        return self._load_needs([self._add(os.path.join(self._current, os.fspath(path)), self._caller(caller))])

    def find(self, name: str, *, caller: str | None = None) -> list[Found | Missing]:
        """Load a library by its name, as `dlopen` does; the first of the result is the library itself."""
        asker = self._caller(caller)
        result, added = self._resolve(name, asker)
        return [result, *(self._load_needs([added]) if added else [])]

    def _caller(self, path: str | None) -> LoadedObject | None:
        if path is not None:
            return next((one for one in self._objects if one.path == path), self._main)
        libpython = (one for one in self._objects if (one.elf.soname or "").startswith("libpython"))
        return next(libpython, self._main)

    def _load_needs(self, waiting: list[LoadedObject]) -> list[Found | Missing]:
        """Load what objects need, and what that needs: breadth first, as the loader does."""
        results: dict[tuple[str, bool], Found | Missing] = {}
        for asker in waiting:  # it grows
            for name in asker.elf.needed:
                result, added = self._resolve(name, asker)
                results.setdefault((name, isinstance(result, Found)), result)
                if added:
                    waiting.append(added)
        return list(results.values())

    def _resolve(self, name: str, asker: LoadedObject | None) -> tuple[Found | Missing, LoadedObject | None]:
        by = asker.path if asker else ""
        if loaded := self._loaded(name):
            return Found(name, by, loaded.path, Rule.LOADED, "", loaded.elf), None
        searched: list[Place] = []
        try:
            for place, path in self._tries(name, asker, searched):
                if (elf := usable_library(self._file_of(path), self._host.architecture)) is not None:
                    before = len(self._objects)
                    taken = self._add(path, asker, elf, name)
                    found = Found(name, by, taken.path, place.rule, place.source, taken.elf)
                    return found, taken if len(self._objects) > before else None
        except Unusable as error:
            return Missing(name, by, tuple(searched), error.path, error.reason), None
        return Missing(name, by, tuple(searched)), None

    def _loaded(self, name: str) -> LoadedObject | None:
        return next((one for one in self._objects if name in one.names), None)

    def _tries(self, name: str, asker: LoadedObject | None, searched: list[Place]) -> Iterator[tuple[Place, str]]:
        """Yield the files that the loader would try, and note the folders on the way."""
        if "/" in name:
            expanded = expand(name, asker.origin if asker else None, self._host)
            path = os.path.join(self._current, expanded or name)
            searched.append(Place(os.path.dirname(path), Rule.PATH))
            yield searched[-1], path
            return
        if name == os.path.basename(self._host.loader):
            yield Place(os.path.dirname(self._host.loader), Rule.LOADED), self._host.loader
        for place in self._places(asker):
            if place not in searched:
                searched.append(place)
            if place.rule is not Rule.CACHE:
                yield from ((place, path) for path in candidates(place, name, self._host))
            elif (cached := self._cache.find(name, *self._host.architecture, self._host.hwcaps)) is not None:
                yield place, cached

    def _places(self, asker: LoadedObject | None) -> Iterator[Place]:
        if asker is None or not asker.elf.has_runpath:
            for one in self._chain(asker):
                yield from self._own_places(one, one.elf.rpath, Rule.RPATH)
        yield from self._environment
        if asker is not None:
            yield from self._own_places(asker, asker.elf.runpath, Rule.RUNPATH)
        if asker is None or not asker.elf.no_default_folders:
            yield Place("/etc/ld.so.cache", Rule.CACHE)
            yield from (Place(folder, Rule.DEFAULT) for folder in self._host.default_folders)

    def _chain(self, asker: LoadedObject | None) -> Iterator[LoadedObject]:
        """Yield an object and those that loaded it, of which the program is the last."""
        while asker is not None:
            yield asker
            asker = asker.loader

    def _own_places(self, one: LoadedObject, entries: tuple[str, ...], rule: Rule) -> Iterator[Place]:
        for folder in folders_of(entries, one.origin, self._host, self._current):
            yield Place(folder, rule, one.path)

    def _add(
        self, path: str, loader: LoadedObject | None, elf: ElfFile | None = None, name: str | None = None
    ) -> LoadedObject:
        """Take a file into the process; the same file under another name is still one."""
        file = self._file_of(path)
        if elf is None:
            elf = read_elf(file)
        try:
            facts = os.stat(file)
        except OSError as error:  # it is gone since
            raise elf_error(file, f"cannot be read: {error.strerror}") from None
        identity = (facts.st_dev, facts.st_ino)
        one = next((one for one in self._objects if one.identity == identity), None)
        if one is None:
            one = LoadedObject(path, elf, identity, loader, {path, *filter(None, [elf.soname])})
            self._objects.append(one)
        one.names |= {path, *filter(None, [name])}
        return one


def find_libraries(
    path: str | os.PathLike[str], *, ld_library_path: str = "", executable: Path | None = None
) -> list[Found | Missing]:
    """Find what a file needs in a new process; see `Loader`."""
    return Loader(ld_library_path=ld_library_path, executable=executable).open(path)
