from __future__ import annotations

from dataclasses import dataclass

import pytest

from framelane import ModelError
from framelane.cli._feeds import make_feeds, resolved_shape


@dataclass
class Info:
    shape: tuple | None
    dtype: str = "float32"
    name: str = "x"


@pytest.mark.parametrize(
    ("declared", "shape"),
    [
        (("N", 3, "H", "W"), (2, 3, 36, 64)),
        ((None, None, None, None), (2, 3, 36, 64)),
        ((1, 1, "H", "W"), (1, 1, 36, 64)),
        (("N", "H", "W", 3), (2, 36, 64, 3)),
        ((1, 224, 224, 3), (1, 224, 224, 3)),
        ((3, "H", "W"), (3, 36, 64)),
        (("N", 128), (2, 128)),
        (("N", "T", 80), (2, 1, 80)),
        ((), ()),
        (("n",), (2,)),
        (("a", "b", "c", "d", "e"), (2, 1, 1, 1, 1)),
    ],
)
def test_free_axes_are_filled(declared, shape):
    assert resolved_shape(Info(declared), (64, 36), 2) == shape


def test_a_given_shape_is_no_guess():
    feeds = make_feeds([Info(None), Info(("N",), name="y")], (64, 36), 1, {"x": (4, 5)})
    assert {name: array.shape for name, array in feeds.items()} == {"x": (4, 5), "y": (1,)}


def test_no_rank_asks_for_a_shape():
    with pytest.raises(ModelError, match="--shape x="):
        resolved_shape(Info(None), (64, 36), 1)


def test_values_suit_the_type():
    feeds = make_feeds([Info((9,), dtype, dtype) for dtype in ("float16", "int64", "bool")], (1, 1), 1, {})
    assert {name: array.dtype.name for name, array in feeds.items()} == {name: name for name in feeds}
    assert 0 <= feeds["float16"].min() < feeds["float16"].max() <= 1
    assert not feeds["int64"].any()
    assert not feeds["bool"].any()


def test_a_type_without_numpy_is_named():
    with pytest.raises(ModelError, match="'x' is bfloat16"):
        make_feeds([Info((1,), "bfloat16")], (1, 1), 1, {})
