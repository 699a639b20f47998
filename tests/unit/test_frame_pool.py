from __future__ import annotations

import numpy as np
import pytest

import framelane as fl


def test_a_slot_returns_when_its_last_view_is_gone():
    pool = fl.FramePool((4, 6, 3), np.uint8, 2)
    tensor = pool.acquire()
    view = tensor.numpy()[1:, ::2]
    del tensor
    assert pool.available == 1
    del view
    assert pool.available == 2


def test_acquire_times_out_and_says_what_to_do():
    pool = fl.FramePool((8,), "float32", 1)
    held = pool.acquire()
    with pytest.raises(fl.RingTimeout, match="raise count"):
        pool.acquire(timeout=0.01)
    assert pool.try_acquire() is None
    del held
    assert pool.try_acquire() is not None
