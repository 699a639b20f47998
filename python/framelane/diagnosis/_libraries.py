"""Whether the loader finds all that a library needs, with and without an LD_LIBRARY_PATH, and who supplies what."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any

from framelane._printable import printable

from ._check import failed, passed
from ._search import Found, Missing
from ._search_path import Rule
from ._target import absent_folders, exec_command
from ._wheels import cuda_major_of, from_driver, system_package_of, wheel_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ._check import Check
    from ._environment import Environment
    from ._supply import Supply
    from ._target import Target, Walk


def check_libraries(
    name: str, target: Target, supply: Supply, ld_library_path: str, so: tuple[Path, ...], *, own: bool = False
) -> Check:
    """See whether everything is found that a library needs, apart from what comes with the driver.

    Parameters
    ----------
    name : str
        The link.
    target : Target
        The library.
    supply : Supply
        Where the environment has libraries, for the cure.
    ld_library_path : str
        That of the start script; empty for none.
    so : tuple of Path
        The files that the user asked about, for the cure.
    own : bool
        Whether framelane itself is going to load it, which does without the loader's path.
    """
    bare = target.walk("")
    walk = target.walk(ld_library_path) if ld_library_path else bare
    data: dict[str, Any] = {"libraries": [as_dict(one) for one in walk.results]}
    if ld_library_path:
        data["libraries_without_ld_library_path"] = [as_dict(one) for one in bare.results]
    details = tuple(_details(walk, supply))
    fix = cure(lacking(walk), walk, target.environment, supply, so)
    if missing := lacking(walk):
        if own and not any(one.refused for one in missing) and all(supply.folders_with(one.name) for one in missing):
            seen = (
                f"{_counted(missing, walk)} off the loader's path, and framelane loads them itself; a program that "
                f"uses onnxruntime without framelane is started by: {fix}"
            )
            return passed(name, seen, details, data)
        given = f" with the LD_LIBRARY_PATH given{_absent(ld_library_path)}" if ld_library_path else ""
        return failed(name, f"{_sentence(missing, walk, supply)}{given}", fix, details, data)
    if only_so := lacking(bare):
        seen = (
            f"all {len(walk.found)} are found with the LD_LIBRARY_PATH given; without it {_names(only_so)} not, so it "
            "has to be set before the program starts, and for its children too"
        )
        return passed(name, seen, details, data)
    either = ", with and without the LD_LIBRARY_PATH given" if ld_library_path else ""
    return passed(name, f"all {len(walk.found)} are found{either}", details, data)


def lacking(walk: Walk) -> list[Missing]:
    """Return what is missing and does not come with the driver."""
    return [one for one in walk.missing if not from_driver(one.name)]


def _sentence(missing: list[Missing], walk: Walk, supply: Supply) -> str:
    if refused := [one for one in missing if one.refused]:
        return f"the loader gives up at {printable(refused[0].refused)}, which {refused[0].reason}"
    nowhere = [one for one in missing if not supply.folders_with(one.name)]
    if not nowhere:
        return f"{_counted(missing, walk)} not found: the environment has them where the loader does not look"
    if len(nowhere) == len(missing):
        return f"{_counted(missing, walk)} not found, and nowhere in the environment: {_listed(missing)}"
    return f"{_counted(missing, walk)} not found; nowhere in the environment: {_listed(nowhere)}"


def _counted(missing: Sequence[Missing], walk: Walk) -> str:
    return f"{len(missing)} of {len(walk.results)} {'is' if len(missing) == 1 else 'are'}"


def _listed(missing: Sequence[Missing]) -> str:
    return ", ".join(printable(one.name) for one in missing)


def _names(missing: Sequence[Missing]) -> str:
    return f"{_listed(missing)} {'is' if len(missing) == 1 else 'are'}"


def _absent(ld_library_path: str) -> str:
    absent = absent_folders(ld_library_path)
    verb = "does" if len(absent) == 1 else "do"
    return f" (of which {', '.join(map(printable, absent))} {verb} not exist)" if absent else ""


def cure(
    missing: Sequence[Missing], walk: Walk, environment: Environment, supply: Supply, so: tuple[Path, ...] = ()
) -> str:
    """Return the commands after which nothing is missing; empty where nothing is."""
    refused = [one for one in missing if one.refused]
    if refused:
        return _replace(refused[0], walk, environment)
    nowhere = [one for one in missing if not supply.folders_with(one.name)]
    commands = []
    major = _cuda_major(walk)
    wheels = dict.fromkeys(filter(None, (wheel_of(one.name, major) for one in nowhere)))
    if wheels:
        commands.append(f"{environment.command} -m pip install {' '.join(map(shlex.quote, wheels))}")
    others = [one.name for one in nowhere if wheel_of(one.name, major) is None]
    packages = dict.fromkeys(filter(None, map(system_package_of, others)))
    if packages:
        commands.append(f"sudo apt-get install {' '.join(packages)}")
    commands += [f"apt-file search {shlex.quote(name)}" for name in others if system_package_of(name) is None]
    if len(nowhere) < len(missing) or wheels:
        commands.append(exec_command(environment, so))
    return " && ".join(commands)


def _replace(one: Missing, walk: Walk, environment: Environment) -> str:
    if wheel := wheel_of(one.name, _cuda_major(walk)):
        sites = [os.fspath(site) for site in environment.site_packages]
        if any(one.refused.startswith(site + os.sep) for site in sites):
            return f"{environment.command} -m pip install --force-reinstall --no-deps {shlex.quote(wheel)}"
    rule = next((place.rule for place in one.searched[::-1] if one.refused.startswith(place.folder + os.sep)), None)
    folder = os.path.dirname(one.refused)
    if rule is Rule.LD_LIBRARY_PATH:
        return f"take {shlex.quote(folder)} out of LD_LIBRARY_PATH"
    return f"sudo mv {shlex.quote(one.refused)} {shlex.quote(one.refused + '.bad')} && sudo ldconfig"


def _cuda_major(walk: Walk) -> int | None:
    return cuda_major_of(tuple(one.name for one in walk.results))


def _details(walk: Walk, supply: Supply) -> Iterator[str]:
    """Yield who supplies each library that is not the system's, what is missing, and where it was looked for."""
    searched: dict[str, None] = {}
    for one in walk.results:
        if isinstance(one, Missing):
            yield _missing_line(one, supply)
            searched |= dict.fromkeys(printable(place.folder) for place in one.searched)
        elif one.rule not in (Rule.CACHE, Rule.DEFAULT, Rule.LOADED):
            source = f" of {printable(os.path.basename(one.source))}" if one.source else ""
            yield f"{printable(one.name)} from {printable(os.path.dirname(one.path))} ({one.rule}{source})"
    if searched:
        yield f"searched: {', '.join(searched)}"


def _missing_line(one: Missing, supply: Supply) -> str:
    name = printable(one.name)
    by = f"needed by {printable(os.path.basename(one.needed_by))}"
    if one.refused:
        return f"{name} ({by}): {printable(one.refused)} {one.reason}"
    if from_driver(one.name):
        return f"{name} ({by}) comes with the driver"
    folders = supply.folders_with(one.name)
    return f"{name} ({by}) {'lies in ' + printable(folders[0]) if folders else 'is nowhere'}"


def as_dict(one: Found | Missing) -> dict[str, Any]:
    """Put a result of the walk into what JSON holds."""
    base = {"name": one.name, "needed_by": one.needed_by}
    if isinstance(one, Found):
        return {**base, "found": True, "path": one.path, "rule": one.rule.value, "source": one.source}
    searched = [{"folder": p.folder, "rule": p.rule.value, "source": p.source} for p in one.searched]
    return {**base, "found": False, "searched": searched, "refused": one.refused, "reason": one.reason}
