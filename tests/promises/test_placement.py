"""Promise 1: a session on a device runs on that device, shown node by node, or it raises with the cause."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

import framelane as fl
import software_gpu
from networks import doubler, model_path, split

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
WEBGPU = "WebGpuExecutionProvider"


@pytest.fixture(autouse=True)
def _software_gpu():
    software_gpu.need_software_gpu()


def noise(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


def same_as_cpu(model, feeds, tolerance=1e-4, **options):
    """Run on both; the session on webgpu's placement."""
    with fl.Session(model, device="webgpu", **options) as session, fl.Session(model) as reference:
        got, expected = session.run(feeds), reference.run(feeds)
        for name, array in expected.items():
            np.testing.assert_allclose(got[name], array, rtol=tolerance, atol=tolerance)
        return session.placement


def refused(model, device="webgpu", **options):
    """The error of a model that is not wholly on its device."""
    with pytest.raises(fl.PlacementError) as caught:
        fl.Session(model, device=device, **options)
    return caught.value


# What is on the device.


def test_a_network_that_is_wholly_there():
    placement = same_as_cpu(doubler((1, 3, 8, 8)), noise(1, 3, 8, 8))
    assert placement.device == "webgpu"
    assert placement.provider == WEBGPU
    assert placement.proof == "log and profile"
    assert [(node.name, node.operator, node.provider, node.kind) for node in placement.nodes] == [
        ("y", "Add", WEBGPU, "on device")
    ]
    assert placement.nodes[0].moved == 3 * 1 * 3 * 8 * 8 * 4  # x twice, and y
    assert placement.copies == ()
    assert "proof: log and profile" in str(placement)


def test_a_network_of_free_sizes_says_what_it_was_measured_with():
    placement = same_as_cpu(model_path("any_shrink_by_border"), noise(1, 3, 40, 24))
    assert "measured with x as 1x3x64x64" in placement.note
    assert {node.provider for node in placement.nodes} == {WEBGPU}


def test_shape_arithmetic_may_stay_on_the_cpu():
    """ONNX Runtime puts it there on purpose: a few integers, and no frame goes with them."""
    placement = same_as_cpu(model_path("01_weighted"), noise(1, 3, 10, 10))
    cast = next(node for node in placement.nodes if node.kind == "shape-only")
    assert (cast.operator, cast.provider) == ("Cast", "CPUExecutionProvider")
    assert cast.moved < 64
    assert [(copy.direction, copy.bytes) for copy in placement.copies] == [("to device", 4)]
    assert placement.misplaced == ()


# What is not, and why.


def test_an_operator_in_the_middle_without_a_kernel():
    error = refused(split())
    text = str(error)
    for word in ("'middle'", "Hardmax", "1 of its 3 nodes", "'webgpu'", "24.6 kB", "no kernel", "allow_cpu=['middle']"):
        assert word in text
    (node,) = error.placement.misplaced
    assert (node.name, node.operator, node.provider) == ("middle", "Hardmax", "CPUExecutionProvider")
    assert node.moved == 2 * 3 * 32 * 32 * 4
    assert sorted((copy.direction, copy.bytes) for copy in error.placement.copies) == [
        ("to device", 3 * 32 * 32 * 4),
        ("to host", 3 * 32 * 32 * 4),
    ]
