"""Another Python environment, read from its files: a venv, a conda environment, or an installation, of any version.

Nothing of it is imported or run. What a venv is stands in its ``pyvenv.cfg`` (PEP 405), what a conda environment holds
in ``conda-meta``; packages are known by their ``dist-info`` and ``egg-info`` folders.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from framelane._errors import LoadError
from framelane._printable import printable

from ._elf import open_regular

_CONFIG_LIMIT = 1 << 20  # bytes of a text file that are read
_FIND = "python -c 'import sys; print(sys.executable)' (in the service's shell; it prints the path to name)"


class EnvironmentReadError(LoadError):
    """A Python environment that is none, or broken.

    Attributes
    ----------
    fix : str
        The command that mends it.
    """

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.fix = fix


@dataclass(frozen=True)
class Environment:
    """A Python environment.

    Attributes
    ----------
    prefix : Path
        Its folder.
    kind : str
        ``"venv"``, ``"conda environment"`` or ``"installation"``.
    python : Path
        Its interpreter, as a user would call it.
    version : tuple of int, or None
        Such as ``(3, 8)``; None where its files do not say.
    site_packages : tuple of Path
        The folders that have its packages, in the order of import.
    base : Path or None
        Of a venv, the folder of the Python it was made with.
    """

    prefix: Path
    kind: str
    python: Path
    version: tuple[int, int] | None
    site_packages: tuple[Path, ...]
    base: Path | None = None

    @property
    def name(self) -> str:
        """What it is and where, on one line."""
        version = ".".join(map(str, self.version)) if self.version else "of unknown version"
        return f"{self.kind} {printable(self.prefix)}, Python {version}"

    @property
    def command(self) -> str:
        """How its interpreter is written in a shell."""
        return shlex.quote(os.fsdecode(self.python))

    @property
    def program(self) -> Path | None:
        """The program behind the interpreter's links; None where they lead nowhere."""
        try:
            resolved = self.python.resolve(strict=True)
        except (OSError, RuntimeError):
            return None
        return resolved if resolved.is_file() else None

    @property
    def library_folders(self) -> tuple[Path, ...]:
        """Folders of the environment that have shared libraries of no Python package."""
        return (self.prefix / "lib",) if self.kind == "conda environment" else ()


def this_environment() -> Environment:
    """Return the environment that runs this program, with every folder that it imports from."""
    found = read_environment(Path(sys.executable))
    more = [Path(entry) for entry in sys.path if entry and any(Path(entry).glob("*.dist-info"))]
    return replace(found, version=sys.version_info[:2], site_packages=_once([*more, *found.site_packages]))


def read_environment(path: Path) -> Environment:
    """Read an environment.

    Parameters
    ----------
    path : Path
        Its interpreter, which may be a link, or its folder.

    Raises
    ------
    EnvironmentReadError
        There is none, or it is broken; the text says how.
    """
    path = Path(os.path.abspath(path))
    if not os.path.lexists(path):
        raise EnvironmentReadError(f"{printable(path)} does not exist", _FIND)
    prefix, python = _prefix_and_python(path)
    base = _base_of(prefix)
    conda = (prefix / "conda-meta").is_dir()
    kind = "venv" if base else "conda environment" if conda else "installation"
    version = _version(prefix, python, conda)
    sites = _own_sites(prefix, version)
    if base and _config(prefix).get("include-system-site-packages", "").lower() == "true":
        sites += _own_sites(base, version)
    if not base and version:
        sites = [Path.home() / f".local/lib/python{version[0]}.{version[1]}/site-packages", *sites]
    existing = [site for site in sites if site.is_dir()]
    if not existing:
        what = f"{printable(prefix)} is a broken Python environment: it has no site-packages folder"
        raise EnvironmentReadError(what, _again(prefix))
    return Environment(prefix, kind, python, version, _once([*existing, *_linked(existing)]), base)


def _prefix_and_python(path: Path) -> tuple[Path, Path]:
    """Return folder and interpreter, whichever of them was given."""
    if path.is_dir():
        found = [path / "bin" / name for name in ("python", "python3") if os.path.lexists(path / "bin" / name)]
        if not found and path.name == "bin":
            return _prefix_and_python(path.parent)
        if not found:
            raise EnvironmentReadError(f"{printable(path)} is no Python environment: it has no bin/python", _FIND)
        path = found[0]
    prefix = path.parent.parent
    if path.parent.name != "bin" or not (prefix / "lib").is_dir():
        resolved = Path(os.path.realpath(path))
        if resolved != path and (resolved.parent.parent / "lib").is_dir():  # a link from elsewhere, as in ~/bin
            return resolved.parent.parent, path
        what = f"{printable(path)} is no Python: beside it there is no lib folder with its packages"
        raise EnvironmentReadError(what, _FIND)
    if not path.exists():
        what = (
            f"{printable(path)} is broken: it is a link to {printable(os.path.realpath(path))}, which is not there, so "
            "the Python that the environment was made with is gone"
        )
        raise EnvironmentReadError(what, _again(prefix))
    return prefix, path


def _again(prefix: Path) -> str:
    return f"python3 -m venv --clear {shlex.quote(os.fsdecode(prefix))}"


def _base_of(prefix: Path) -> Path | None:
    home = _config(prefix).get("home")
    return Path(home).parent if home else None


def _config(prefix: Path) -> dict[str, str]:
    """Return what stands in ``pyvenv.cfg``."""
    pairs = (line.partition("=") for line in read_text(prefix / "pyvenv.cfg").splitlines())
    return {key.strip().lower(): value.strip() for key, sign, value in pairs if sign}


def read_text(path: Path) -> str:
    """Return the text of a file; nothing where there is none, and what is no file is never waited for."""
    try:
        with open_regular(path) as stream:
            return stream.read(_CONFIG_LIMIT).decode("utf-8", "replace")
    except OSError:
        return ""


def _version(prefix: Path, python: Path, conda: bool) -> tuple[int, int] | None:
    """Return the version: as written down, else by the interpreter's name, else by the only folder in ``lib``."""
    config = _config(prefix)
    said = [config.get("version", ""), config.get("version_info", "")]
    if conda:
        records = (prefix / "conda-meta").glob("python-[0-9]*.json")
        said += [record.name.removeprefix("python-") for record in records]
    names = [re.sub(r"^python", "", os.path.basename(name)) for name in (os.path.realpath(python), python)]
    folders = sorted(folder.name.removeprefix("python") for folder in (prefix / "lib").glob("python[0-9].*"))
    for text in (*said, *names, *(folders if len(folders) == 1 else ())):
        if match := re.match(r"(\d)\.(\d+)", text):
            return int(match[1]), int(match[2])
    return None


def _own_sites(prefix: Path, version: tuple[int, int] | None) -> list[Path]:
    if version is None:
        return sorted((prefix / "lib").glob("python*/site-packages"))
    python = f"python{version[0]}.{version[1]}"
    sites = [prefix / lib / python / "site-packages" for lib in ("lib", "lib64")]
    if prefix == Path("/usr"):  # Debian keeps what pip installs apart from its own packages
        sites += [Path(f"/usr/local/lib/{python}/dist-packages"), Path(f"/usr/lib/python{version[0]}/dist-packages")]
    return sites


def _linked(sites: list[Path]) -> list[Path]:
    """Return the folders that ``.pth`` files add; their lines of code are not run."""
    found = []
    for site in sites:
        for file in sorted(site.glob("*.pth")):
            lines = (line.strip() for line in read_text(file).splitlines())
            found += [site / line for line in lines if line and not line.startswith(("#", "import ", "import\t"))]
    return [folder for folder in found if _is_folder(folder)]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except ValueError:  # a name that no file can have
        return False


def _once(folders: list[Path]) -> tuple[Path, ...]:
    """Return each folder once, however it is reached."""
    seen: dict[str, Path] = {}
    for folder in folders:
        seen.setdefault(os.path.realpath(folder), folder)
    return tuple(seen.values())
