"""Every public name says what it is, and every constructor explains its parameters the NumPy way."""

from __future__ import annotations

import enum
import inspect
import re

import pytest

import framelane

PUBLIC = {name: getattr(framelane, name) for name in framelane.__all__}
CLASSES = {name: value for name, value in PUBLIC.items() if isinstance(value, type)}


@pytest.mark.parametrize("name", framelane.__all__)
def test_every_public_name_is_documented(name):
    assert inspect.getdoc(PUBLIC[name])


def members() -> list[str]:
    """Every public method and property of every public class, as Class.member."""
    return [
        f"{owner}.{name}"
        for owner, cls in CLASSES.items()
        for name, value in vars(cls).items()
        if not name.startswith("_") and (callable(value) or isinstance(value, (property, classmethod, staticmethod)))
    ]


@pytest.mark.parametrize("path", members())
def test_every_public_member_is_documented(path):
    owner, name = path.split(".")
    assert inspect.getdoc(getattr(CLASSES[owner], name))


def parameters(function: object) -> list[str]:
    try:
        found = inspect.signature(function)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [name for name, p in found.parameters.items() if name != "self" and p.kind not in kinds]


CONSTRUCTED = [n for n, cls in CLASSES.items() if not issubclass(cls, (enum.Enum, BaseException))]


@pytest.mark.parametrize("name", CONSTRUCTED)
def test_constructors_explain_each_parameter_the_numpy_way(name):
    documented = "\n".join(inspect.getdoc(cls) or "" for cls in CLASSES[name].__mro__[:-1])
    if wanted := parameters(CLASSES[name]):
        assert re.search(r"^(Parameters|Attributes)\n-+$", documented, re.M), f"{name} has no Parameters section"
        listed = ", ".join(re.findall(r"^\*{0,2}(\w[\w, *]*?) ?(?::|$)", documented, re.M))
        missing = [p for p in wanted if p not in re.split(r"[ ,*]+", listed)]
        assert missing == []
