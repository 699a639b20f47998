"""The libraries of the extras, which the sub-commands need and ``import framelane`` does not."""

from __future__ import annotations

from importlib.util import find_spec

from framelane._errors import MissingLibraryError

_PACKAGES = {"av": "PyAV (av)", "elftools": "pyelftools", "onnx": "onnx", "rich": "rich", "shtab": "shtab"}


def need_extra(*modules: str, extra: str = "video") -> None:
    """Raise `MissingLibraryError`, naming the extra, where one of the modules is not installed."""
    missing = [_PACKAGES[module] for module in modules if find_spec(module) is None]
    if missing:
        raise MissingLibraryError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed; "
            f"the command line needs the extra `{extra}`: pip install 'framelane[{extra}]'"
        )
