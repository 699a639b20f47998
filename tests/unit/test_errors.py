"""The tree of errors is one: src/core/error.hpp, framelane._errors and what C++ throws agree class by class."""

from __future__ import annotations

import inspect
import pickle
import re
from pathlib import Path

import pytest

import framelane
from framelane import _core, _errors
from needs import need

HEADER = Path(__file__).parents[2] / "src/core/error.hpp"
CLASSES = {name: cls for name, cls in vars(_errors).items() if isinstance(cls, type) and issubclass(cls, Exception)}


def tree_of_python() -> dict[str, str]:
    """Each class and its base within the tree."""
    return {name: cls.__bases__[0].__name__ for name, cls in CLASSES.items() if name != "FramelaneError"}


def tree_of_cpp() -> dict[str, str]:
    need("the source of framelane", HEADER.exists())
    text = HEADER.read_text()
    declared = re.findall(r"^FRAMELANE_ERROR\((\w+), (\w+)\);", text, re.M)
    declared += re.findall(r"^class (\w+) : public (\w+) \{", text, re.M)
    return {name: "FramelaneError" if base == "Error" else base for name, base in declared if name != "Error"}


def test_both_trees_are_one():
    assert tree_of_cpp() == tree_of_python()


def test_the_tree_drawn_in_the_docstring_is_the_one_below_it():
    assert _errors.__doc__ is not None
    drawn = re.findall(r"^ {4,}(\w+)", _errors.__doc__, re.M)
    assert sorted(drawn) == sorted(CLASSES)


def test_every_error_is_public():
    assert set(CLASSES) <= set(framelane.__all__)
    assert all(cls.__module__ == "framelane" for cls in CLASSES.values())


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_what_cpp_throws_arrives_as_its_class_with_its_text(name):
    with pytest.raises(_errors.FramelaneError) as caught:
        _core.throw_error(name, "the fix: plug it in é 帧")
    assert type(caught.value) is CLASSES[name]
    assert "the fix: plug it in é 帧" in str(caught.value)


def test_an_error_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="NoSuchError"):
        _core.throw_error("NoSuchError", "")


def test_memory_error_carries_its_numbers():
    with pytest.raises(framelane.DeviceMemoryError) as caught:
        _core.throw_error("DeviceMemoryError", "cuda:0")
    assert (caught.value.asked, caught.value.free, caught.value.total) == (3, 2, 1)


@pytest.mark.parametrize(
    ("error", "standard"),
    [("RingTimeout", TimeoutError), ("ShapeError", ValueError), ("DeviceMemoryError", MemoryError)],
)
def test_errors_are_also_what_python_calls_them(error, standard):
    with pytest.raises(standard):
        _core.throw_error(error, "x")


@pytest.mark.parametrize("cls", CLASSES.values(), ids=CLASSES)
def test_errors_pickle_with_their_attributes(cls):
    error = cls("text")
    attributes = dict.fromkeys(inspect.get_annotations(cls), 7)
    vars(error).update(attributes)
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is cls
    assert str(back) == "text"
    assert {name: getattr(back, name) for name in attributes} == attributes
