from __future__ import annotations

import argparse

import numpy as np
import pytest

from framelane.cli import _options

FLOAT = np.dtype(np.float32)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (_options.size, "640x360", (640, 360)),
        (_options.size, "1X1", (1, 1)),
        (_options.number, "1/255", 1 / 255),
        (_options.number, "-1e-3", -1e-3),
        (_options.numbers, "0.5", (0.5,)),
        (_options.numbers, "1/2,2,-3", (0.5, 2.0, -3.0)),
        (_options.positive, "4", 4),
        (_options.position, "1.3", 1.3),
        (_options.position, "1.3s", 1.3),
        (_options.position, "0", 0.0),
        (_options.position, "1:02.5", 62.5),
        (_options.position, "1:02:03", 3723.0),
        (_options.position, "33f", 33),
        (_options.named_value, "a=b=c", ("a", "b=c")),
    ],
)
def test_values_are_read(read, text, value):
    got = read(text)
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        (_options.size, "640", "WIDTHxHEIGHT"),
        (_options.size, "0x4", "WIDTHxHEIGHT"),
        (_options.size, "axb", "WIDTHxHEIGHT"),
        (_options.number, "x", "1/255"),
        (_options.number, "1/0", "1/255"),
        (_options.number, "nan", "1/255"),
        (_options.numbers, "1,,2", "no number"),
        (_options.positive, "0", "above 0"),
        (_options.positive, "-1", "above 0"),
        (_options.positive, "1.5", "above 0"),
        (_options.position, "soon", "33f"),
        (_options.position, "-1", "33f"),
        (_options.position, "inf", "33f"),
        (_options.named_value, "a", "NAME=VALUE"),
        (_options.named_value, "=1", "NAME=VALUE"),
    ],
)
def test_what_cannot_be_read_says_how_to_write_it(read, text, says):
    with pytest.raises(argparse.ArgumentTypeError, match=says):
        read(text)


@pytest.mark.parametrize(
    ("text", "shape", "value"),
    [
        ("0.5", (1,), [0.5]),
        ("0.5", (), 0.5),
        ("1/2", (2, None), [[0.5], [0.5]]),
        ("1,2", (2,), [1, 2]),
        ("1,2,3,4", (None, 2), [[1, 2], [3, 4]]),
        ("7", (None,), [7]),
    ],
)
def test_numbers_fill_a_tensor(text, shape, value):
    array = _options.tensor_value(text, FLOAT, shape)
    assert array.dtype == FLOAT
    assert array.tolist() == value


def test_a_file_gives_a_tensor(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(6.0).reshape(2, 3))
    array = _options.tensor_value(str(tmp_path / "a.npy"), FLOAT, (None, 3))
    assert array.dtype == FLOAT
    assert array.shape == (2, 3)
    with pytest.raises(ValueError, match=r"shape \[2, 3\] does not fit \['\?', 4\]"):
        _options.tensor_value(str(tmp_path / "a.npy"), FLOAT, (None, 4))


@pytest.mark.parametrize("text", ["1,2", "1,2,3,4"])
def test_a_wrong_number_of_numbers_is_an_error(text):
    with pytest.raises(ValueError, match="reshape"):
        _options.tensor_value(text, FLOAT, (3,))


@pytest.mark.parametrize(
    ("text", "bits"), [("8M", 8_000_000), ("1.5M", 1_500_000), ("800k", 800_000), ("64000", 64_000)]
)
def test_bit_rates(text, bits):
    assert _options.bitrate(text) == bits


@pytest.mark.parametrize("text", ["", "0", "-1k", "fast"])
def test_what_is_no_bit_rate(text):
    with pytest.raises(argparse.ArgumentTypeError):
        _options.bitrate(text)


def test_an_empty_name_is_no_file():
    assert _options.file_name("out/") == "out/"
    with pytest.raises(argparse.ArgumentTypeError, match="empty name"):
        _options.file_name("")
