from __future__ import annotations

import numpy as np

import framelane as fl


def test_numpy_goes_in_and_out_without_a_copy():
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    tensor = fl.Tensor.wrap(array)
    assert tensor.address == array.ctypes.data
    assert tensor.numpy().ctypes.data == array.ctypes.data
