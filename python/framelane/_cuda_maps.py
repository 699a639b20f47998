"""Which files this process has really loaded: the kernel's own list of them, and the check that they are ours."""

from __future__ import annotations

from pathlib import Path

from ._errors import LibraryVersionError


def mapped_files() -> set[str]:
    """Return every file that is mapped into this process, as the kernel names it."""
    text = Path("/proc/self/maps").read_bytes().decode(errors="surrogateescape")
    fields = (line.split(None, 5) for line in text.splitlines())
    return {field[5] for field in fields if len(field) == 6 and field[5].startswith("/")}


def loaded_libraries(names: set[str]) -> dict[str, list[str]]:
    """Return the mapped files whose names are among these: name -> every file that is loaded under it."""
    loaded: dict[str, list[str]] = {}
    for file in sorted(mapped_files()):
        name = Path(file.removesuffix(" (deleted)")).name
        if name in names:
            loaded.setdefault(name, []).append(file)
    return loaded


def check_loaded(expected: dict[str, Path]) -> None:
    """See that each of these libraries, as far as it is loaded, is loaded from its one file.

    Parameters
    ----------
    expected : mapping
        Name of a library to its file.

    Raises
    ------
    LibraryVersionError
        Another file is loaded under the name of one; names both.
    """
    real = {name: str(path.resolve()) for name, path in expected.items()}
    cudnn = expected.get("libcudnn.so.9")
    for file in sorted(mapped_files()):
        path = Path(file.removesuffix(" (deleted)"))
        wanted = real.get(path.name)
        if wanted is None and cudnn is not None and path.name.startswith("libcudnn"):
            wanted = str(cudnn.resolve().parent / path.name)  # a part that a newer cuDNN has added
        if wanted is not None and file != wanted:
            raise LibraryVersionError(_mixed(file, wanted))


def _mixed(loaded: str, wanted: str) -> str:
    if loaded == f"{wanted} (deleted)":
        return f"{wanted} was replaced while this process had it loaded; start the process again"
    return (
        f"two sets of CUDA libraries are mixed in this process: {loaded} is loaded, and {wanted} is the one that fits "
        "the others. What was imported before has loaded the first, or LD_PRELOAD has; create the session before it, "
        "or keep one of the two"
    )
