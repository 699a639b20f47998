"""Whether cuDNN's parts come from one place: it is a small library that opens others by name, of the same version."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from framelane._cuda_libraries import CUDNN_PARTS
from framelane._printable import printable

from ._check import failed, passed, unknown
from ._search import Found
from ._wheels import wheel_of

if TYPE_CHECKING:
    from ._check import Check
    from ._environment import Environment
    from ._supply import Supply
    from ._target import Walk

NAME = "cuDNN"
_PARTS = {
    8: ("ops_infer", "ops_train", "cnn_infer", "cnn_train", "adv_infer", "adv_train"),
    9: CUDNN_PARTS,
}
_PACKAGE = re.compile(r"(nvidia_cudnn_cu\d+)-([\w.+!]+)\.(?:dist|egg)-info")


def check_cudnn(needed: str, walk: Walk, environment: Environment, supply: Supply, cuda_major: int | None) -> Check:
    """See whether cuDNN is whole and of one version.

    Parameters
    ----------
    needed : str
        The name that the provider asks for, such as ``"libcudnn.so.9"``.
    walk : Walk
        Of the provider; the parts are looked for in the same process.
    environment, supply
        Where packages and libraries lie.
    cuda_major : int or None
        The provider's CUDA.
    """
    wheel = wheel_of(needed, cuda_major) or "nvidia-cudnn-cu12"
    packages = _packages(environment)
    if over := _over_each_other(packages):
        names = [name for name, _ in over]
        pip = f"{environment.command} -m pip"
        seen = f"{' and '.join(f'{name} {version}' for name, version in over)} are installed over each other"
        return failed(NAME, seen, f"{pip} uninstall -y {' '.join(names)} && {pip} install '{wheel}'")
    here = walk.file_of(needed)
    folders = supply.folders_with(needed) if here is None else []
    if here is None and not folders:
        return unknown(NAME, f"{needed} is not there (see above)")
    folder = os.path.dirname(here.path) if here else folders[0]
    major = int(needed.rpartition(".")[2])
    parts = [f"libcudnn_{part}.so.{major}" for part in _PARTS.get(major, ())]
    absent = [part for part in parts if not os.path.exists(os.path.join(folder, part))]
    fix = f"{environment.command} -m pip install --force-reinstall --no-deps '{wheel}'"
    if absent:
        return failed(NAME, f"{printable(folder)} lacks {', '.join(absent)}, without which {needed} fails", fix)
    parts = sorted({*parts, *_parts_in(folder, major)})  # newer ones have more
    if here is not None and (elsewhere := _elsewhere(parts, here, walk)):
        places = ", ".join(f"{name} from {printable(os.path.dirname(path))}" for name, path in elsewhere.items())
        others = " ".join(dict.fromkeys(os.path.dirname(path) for path in elsewhere.values()))
        seen = f"parts of different installations mix: {needed} from {printable(folder)}, but {places}"
        return failed(NAME, seen, f"take {others} out of LD_LIBRARY_PATH")
    version = "".join(f", {name.replace('_', '-')} {version}" for name, version in packages)
    off = "" if here else ", where the loader does not look"
    return passed(NAME, f"{needed} and its {len(parts)} parts from {printable(folder)}{off}{version}")


def _parts_in(folder: str, major: int) -> list[str]:
    return [name for name in os.listdir(folder) if re.fullmatch(rf"libcudnn_\w+\.so\.{major}", name)]


def _elsewhere(parts: list[str], here: Found, walk: Walk) -> dict[str, str]:
    """Return the parts that the loader would take from another folder than cuDNN itself."""
    folder = os.path.realpath(os.path.dirname(here.path))
    found = {}
    for part in parts:
        result = walk.loader.find(part, caller=here.path)[0]
        if isinstance(result, Found) and os.path.realpath(os.path.dirname(result.path)) != folder:
            found[part] = result.path
    return found


def _packages(environment: Environment) -> list[tuple[str, str]]:
    infos = (info for site in environment.site_packages for info in sorted(site.glob("nvidia_cudnn_*-info")))
    matches = (_PACKAGE.fullmatch(info.name) for info in infos)
    return [(match[1].replace("_", "-"), match[2]) for match in matches if match]


def _over_each_other(packages: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the packages of cuDNN that share a folder: all put their files into ``nvidia/cudnn``."""
    return packages if len({name for name, _ in packages}) > 1 else []
