"""What a user sees of the package as a whole: one version, sorted public names, true stubs."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import tomllib
from pathlib import Path

import framelane
from framelane import _core
from needs import need

ROOT = Path(__file__).parents[2]


def project() -> dict:
    need("the checkout", (ROOT / "pyproject.toml").exists())
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def installed() -> importlib.metadata.Distribution | None:
    try:
        return importlib.metadata.distribution("framelane")
    except importlib.metadata.PackageNotFoundError:
        return None


def test_the_version_is_the_one_that_was_installed():
    distribution = installed()
    need("framelane installed by pip", distribution is not None)
    assert distribution.version == framelane.__version__


def test_the_version_stands_in_one_place_and_in_the_changelog():
    assert "version" in project()["project"]["dynamic"]
    assert f"## [{framelane.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_numpy_is_the_only_required_dependency():
    assert [re.split(r"\W", line)[0] for line in project()["project"]["dependencies"]] == ["numpy"]


def test_pre_commit_pins_the_versions_of_the_dev_extra():
    pins = {line for line in project()["project"]["optional-dependencies"]["dev"] if "==" in line}
    hooks = set(re.findall(r'"([\w-]+==[\w.]+)"', (ROOT / ".pre-commit-config.yaml").read_text()))
    assert hooks
    assert hooks <= pins


def test_public_names_are_sorted_and_unique():
    assert list(framelane.__all__) == sorted(set(framelane.__all__))


def test_public_names_say_that_they_are_public():
    public = {name: getattr(framelane, name) for name in framelane.__all__}
    assert {n for n, value in public.items() if isinstance(value, type) and value.__module__ != "framelane"} == set()


def test_the_stubs_of_the_native_module_list_what_is_there():
    stub = Path(framelane.__file__).with_name("_core.pyi")
    tree = ast.parse(stub.read_text())
    stubbed = {
        node.name
        for node in tree.body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef))
        and "type_check_only" not in map(ast.unparse, node.decorator_list)
    }
    stubbed |= {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)}
    assert {name for name in stubbed if not name.startswith("_")} == {n for n in vars(_core) if not n.startswith("_")}


def test_the_package_is_typed():
    assert Path(framelane.__file__).with_name("py.typed").exists()
