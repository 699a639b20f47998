from __future__ import annotations

import pytest

from framelane.cli._words import spelled


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("use multiple_of=16", "use --multiple-of 16"),
        ("layout='NCHW' or layout='NHWC'", "--layout NCHW or --layout NHWC"),
        ("say with input= which", "say with --input which"),
        ("The option rate sets it.", "--rate sets it."),
        ("the option deinterlace makes", "--deinterlace makes"),
        ("the option zebra makes", "the option zebra makes"),
        ("rate must be between", "--rate must be between"),
        ("mean has 2 numbers, and color='rgb'", "--mean has 2 numbers, and --color rgb"),
        ("it must be", "it must be"),
        ("a file x=1.mp4", "a file x=1.mp4"),
        (
            "made it. Register the library: SessionOptions(custom_operator_libraries=['/path/to/library.so'])",
            "made it. Its library is loaded with --operators LIBRARY",
        ),
        ("and feed the others by name", "and give the others values with --set NAME=VALUE"),
    ],
)
def test_arguments_become_options(text, words):
    assert spelled(text) == words
