from __future__ import annotations

import numpy as np
import pytest

import framelane as fl
from networks import model_path


@pytest.fixture
def weighted():
    """A session of 01_weighted, which tells every pixel and channel from every other."""
    with fl.Session(model_path("01_weighted")) as session:
        yield session


@pytest.fixture
def picture():
    """An input for it: one small picture of noise."""
    return np.random.default_rng(1).random((1, 3, 6, 8), np.float32)
