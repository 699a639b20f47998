from __future__ import annotations

import dataclasses
import json
import os
import pickle

import numpy as np
import psutil
import pytest

import framelane as fl
from framelane import _core
from networks import doubler, model_path


def session(**options):
    return fl.Session(doubler(("batch", 64)), options=fl.SessionOptions(**options))


def test_they_are_frozen_and_pickle():
    options = fl.SessionOptions(intra_op_threads=2, config={"a": "b"})
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.intra_op_threads = 3
    assert pickle.loads(pickle.dumps(options)) == options
    with pytest.raises(TypeError):
        fl.SessionOptions(2)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ({"execution_order": "random"}, "execution_order is 'random'; use one of: sequential, parallel"),
        ({"optimization_level": 3}, "optimization_level is 3; use one of: none, basic, extended, layout, all"),
        ({"log_level": "loud"}, "log_level is 'loud'; use one of: verbose, info, warning, error, fatal"),
        ({"intra_op_threads": -1}, "intra_op_threads is -1; give 0"),
        ({"inter_op_threads": -1}, "inter_op_threads is -1; give 0"),
        ({"free_dimensions": {"batch": 0}}, "free_dimensions['batch'] is 0; give 1 or more"),
    ],
)
def test_what_is_wrong_is_named(field, text):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared
        fl.SessionOptions(**field)
    assert text in str(caught.value)


@pytest.mark.parametrize("threads", [1, 3])
def test_threads(threads):
    session().close()  # ONNX Runtime itself has a thread from the first one on
    before = psutil.Process().num_threads()
    with session(intra_op_threads=threads):
        assert psutil.Process().num_threads() - before == threads - 1


@pytest.mark.parametrize("level", ["none", "basic", "extended", "layout", "all"])
@pytest.mark.parametrize("order", ["sequential", "parallel"])
def test_every_level_and_order_gives_the_same_result(level, order):
    array = np.ones((2, 64), np.float32)
    options = {"optimization_level": level, "execution_order": order, "inter_op_threads": 2}
    with session(**options, allow_spinning=False, memory_pattern=False, memory_arena=False) as one:
        np.testing.assert_array_equal(one.run(array)["y"], array * 2)


def test_free_dimensions_are_fixed():
    with session(free_dimensions={"batch": 5}) as fixed:
        assert fixed.inputs[0].shape == (5, 64)
        assert fixed.bind()()["y"].shape == (5, 64)
        with pytest.raises(fl.ShapeError, match=r"expected float32 \(5, 64\), got float32 \(4, 64\)"):
            fixed.run(np.ones((4, 64), np.float32))


def test_the_profile_is_written(tmp_path):
    with session(profile=tmp_path / "profile") as profiled:
        profiled.run(np.ones((1, 64), np.float32))
        path = profiled.end_profiling()
    assert os.path.dirname(path) == os.fspath(tmp_path)
    with open(path) as file:
        assert any(event["name"].endswith("_kernel_time") for event in json.load(file))


def test_the_optimized_model_is_written(tmp_path):
    path = tmp_path / "optimized.onnx"
    session(optimized_model_path=path, optimization_level="basic").close()
    with fl.Session(path) as again:
        assert again.inputs[0].shape == ("batch", 64)


def test_any_entry_of_the_configuration():
    with session(config={"session.set_denormal_as_zero": "1"}) as one:
        assert one.run(np.ones((1, 64), np.float32))["y"].sum() == 128
    with pytest.raises(fl.LoadError, match="session option config: "):
        session(config={"x" * 5000: "1"})


def test_spinning_is_two_entries_that_config_overrules():
    native = fl.SessionOptions(allow_spinning=False, config={"session.inter_op.allow_spinning": "1"})._native()
    assert dict(native["config"]) == {"session.intra_op.allow_spinning": "0", "session.inter_op.allow_spinning": "1"}


def test_libraries_of_operators_are_registered(tmp_path):
    # The module itself is such a library, of no operators.
    session(custom_operator_libraries=[_core.__file__]).close()
    missing = tmp_path / "gone.so"
    with pytest.raises(fl.LoadError, match=r"custom_operator_libraries: .*gone\.so was refused"):
        session(custom_operator_libraries=[missing])


def test_failures_are_raised_and_not_printed(capfd):
    with pytest.raises(fl.ModelError):
        fl.Session(model_path("06_ir_99"))
    assert capfd.readouterr() == ("", "")
