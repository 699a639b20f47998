"""Where a frame lies in a network's input, and in its output."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framelane._geometry import Rect, Size, fit, window


@pytest.mark.parametrize(
    ("source", "box", "mode", "scaled", "inside", "tensor"),
    [
        ((1280, 720), (None, None), "letterbox", (1280, 720), (0, 0, 1280, 720), (1280, 720)),
        ((1280, 720), (640, 640), "letterbox", (640, 360), (0, 140, 640, 360), (640, 640)),
        ((720, 1280), (640, 640), "letterbox", (360, 640), (140, 0, 360, 640), (640, 640)),
        ((1280, 720), (640, 640), "stretch", (640, 640), (0, 0, 640, 640), (640, 640)),
        ((1280, 720), (640, 640), "crop", (1138, 640), (0, 0, 640, 640), (640, 640)),
        ((101, 67), (64, 64), "letterbox", (64, 42), (0, 11, 64, 42), (64, 64)),
        ((100, 67), (64, 64), "letterbox", (64, 43), (0, 10, 64, 43), (64, 64)),
        ((1, 1000), (64, 64), "letterbox", (1, 64), (31, 0, 1, 64), (64, 64)),
        ((1, 100_000), (64, 64), "letterbox", (1, 64), (31, 0, 1, 64), (64, 64)),
        ((1280, 720), (640, None), "letterbox", (640, 360), (0, 0, 640, 360), (640, 360)),
        ((1280, 720), (None, 360), "crop", (640, 360), (0, 0, 640, 360), (640, 360)),
        ((1280, 720), (640, None), "stretch", (640, 720), (0, 0, 640, 720), (640, 720)),
    ],
)
def test_fit(source, box, mode, scaled, inside, tensor):
    geometry = fit(Size(*source), box, mode)
    assert (geometry.scaled, geometry.inside, geometry.tensor) == (scaled, inside, tensor)


def test_a_crop_takes_the_middle():
    assert fit(Size(1280, 720), (640, 640), "crop").part == Rect(249, 0, 640, 640)


def test_a_letterbox_keeps_the_shape_that_is_seen():
    wide = fit(Size(180, 144), (320, 320), pixel_aspect=Fraction(64, 45))
    assert wide.scaled == (320, 180)  # 16:9
    assert window(wide, Size(320, 320)).size == (180, 144)


def test_multiples_are_filled_up_at_the_right_and_bottom():
    geometry = fit(Size(180, 145), (None, None), multiple_of=16)
    assert (geometry.tensor, geometry.inside) == ((192, 160), (0, 0, 180, 145))
    assert fit(Size(180, 145), (100, None), multiple_of=32).tensor == (128, 128)


@pytest.mark.parametrize(
    ("source", "box", "multiple", "output", "part", "size"),
    [
        ((180, 144), None, 1, (180, 144), (0, 0, 180, 144), (180, 144)),
        ((180, 144), None, 1, (360, 288), (0, 0, 360, 288), (360, 288)),
        ((180, 144), None, 1, (22, 18), (0, 0, 22, 18), (22, 18)),
        ((180, 144), None, 1, (176, 140), (0, 0, 176, 140), (176, 140)),
        ((180, 144), None, 16, (192, 144), (0, 0, 180, 144), (180, 144)),
        ((180, 144), None, 16, (384, 288), (0, 0, 360, 288), (360, 288)),
        ((180, 144), None, 16, (188, 140), (0, 0, 178, 140), (178, 140)),
        ((180, 144), None, 1, (340, 268), (0, 0, 340, 268), (340, 268)),
        ((1280, 720), (640, 640), 1, (640, 640), (0, 140, 640, 360), (1280, 720)),
        ((1280, 720), (640, 640), 1, (1280, 1280), (0, 280, 1280, 720), (2560, 1440)),
        ((1280, 720), (640, 640), 1, (80, 80), (0, 18, 80, 45), (160, 90)),
        ((1280, 720), (640, 640), 1, (636, 636), (0, 138, 636, 360), (1272, 720)),
        ((1280, 720), (640, 640), 1, (1, 1), (0, 0, 1, 1), (2, 2)),
        ((256, 256), None, 1, (252, 252), (0, 0, 252, 252), (252, 252)),
        ((256, 256), None, 1, (192, 192), (0, 0, 192, 192), (192, 192)),
    ],
)
def test_window(source, box, multiple, output, part, size):
    found = window(fit(Size(*source), box or (None, None), multiple_of=multiple), Size(*output))
    assert (found.part, found.size) == (part, size)


sides = st.integers(1, 3000)


@given(
    sides,
    sides,
    st.none() | sides,
    st.none() | sides,
    st.sampled_from(["letterbox", "stretch", "crop"]),
    st.integers(1, 64),
    st.integers(1, 4),
)
def test_every_fit_lies_inside_and_comes_back(width, height, box_width, box_height, mode, multiple, factor):
    geometry = fit(Size(width, height), (box_width, box_height), mode, multiple_of=multiple)
    x, y, inner_width, inner_height = geometry.inside
    assert min(x, y) >= 0
    assert min(inner_width, inner_height) >= 1
    assert x + inner_width <= geometry.tensor.width
    assert y + inner_height <= geometry.tensor.height
    part = geometry.part
    assert min(part[:2]) >= 0
    assert part.x + part.width <= geometry.scaled.width
    assert part.y + part.height <= geometry.scaled.height
    assert geometry.tensor.width % multiple == 0
    assert geometry.tensor.height % multiple == 0
    found = window(geometry, Size(*(side * factor for side in geometry.tensor)))
    assert found.part == tuple(side * factor for side in geometry.inside)
    if mode != "crop" or (box_width, box_height) == (None, None):
        assert found.size == (width * factor, height * factor)


@given(sides, sides, sides, sides)
def test_any_output_has_a_window_inside_it(width, height, out_width, out_height):
    geometry = fit(Size(width, height), (640, 480))
    found = window(geometry, Size(out_width, out_height))
    assert min(found.part[:2]) >= 0
    assert min(found.part[2:]) >= 1
    assert found.part.x + found.part.width <= out_width
    assert found.part.y + found.part.height <= out_height
    assert min(found.size) >= 1


# Both together
