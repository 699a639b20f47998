"""The node tests of ONNX through Session: what onnxruntime passes, passes here too; the rest is refused by name."""

from __future__ import annotations

import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

import framelane as fl

NUMBERS = {onnx.TensorProto.DataType.Value(name) for name in (
    "FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16", "INT8", "INT16", "INT32", "INT64",
    "UINT8", "UINT16", "UINT32", "UINT64", "BOOL",
)}  # fmt: skip
ONE_THREAD = fl.SessionOptions(intra_op_threads=1)


@pytest.fixture(scope="module")
def cases():
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        # The reference code of some cases overflows or divides by zero on purpose.
        warnings.simplefilter("ignore")
        return [(case.name, case.model, case.data_sets) for case in collect_testcases()]


def other_values(model):
    """Names of the inputs and outputs that are no tensors of numbers that framelane has."""
    return [
        value.name
        for value in (*model.graph.input, *model.graph.output)
        if value.type.WhichOneof("value") != "tensor_type" or value.type.tensor_type.elem_type not in NUMBERS
    ]


def feeds_of(model, inputs):
    arrays = [numpy_helper.to_array(x) if isinstance(x, onnx.TensorProto) else x for x in inputs]
    return dict(zip([value.name for value in model.graph.input], arrays, strict=False))


def run_reference(data, feeds):
    """Results of onnxruntime; None where it fails."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    try:
        session = onnxruntime.InferenceSession(data, options)
        return [session.run(None, {name: np.asarray(array) for name, array in inputs.items()}) for inputs in feeds]
    except Exception:
        return None


def run_ours(data, feeds):
    with fl.Session(data, options=ONE_THREAD) as session:
        return [list(session.run(inputs).values()) for inputs in feeds]


def check(wanted, got):
    for one_wanted, one_got in zip(wanted, got, strict=True):
        for left, right in zip(one_wanted, one_got, strict=True):
            left, right = np.asarray(left), np.asarray(right)
            assert left.dtype == right.dtype
            np.testing.assert_allclose(right, left, rtol=1e-6, atol=1e-7)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_case_of_numbers_that_onnxruntime_passes(cases):
    wrong, passed = [], 0
    for name, model, data_sets in cases:
        if other_values(model):
            continue
        data = model.SerializeToString()
        feeds = [feeds_of(model, inputs) for inputs, _ in data_sets]
        wanted = run_reference(data, feeds)
        try:
            got = run_ours(data, feeds)
            if wanted is not None:
                check(wanted, got)
                passed += 1
        except AssertionError as error:
            wrong.append((name, str(error)))
        except fl.FramelaneError as error:
            if wanted is not None:
                wrong.append((name, str(error)))
    assert wrong == []
    assert passed > 1000


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_other_case_is_refused_by_name(cases):
    wrong = []
    for name, model, _ in cases:
        if names := other_values(model):
            try:
                fl.Session(model.SerializeToString(), options=ONE_THREAD).close()
            except fl.ModelError as error:
                if not any(f"'{value}'" in str(error) for value in names):
                    wrong.append((name, str(error)))
            else:
                wrong.append((name, "was loaded"))
    assert wrong == []
