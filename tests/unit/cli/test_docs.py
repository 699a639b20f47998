"""The page on the command line says what the command does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from framelane.cli import _exit, make_parser

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "reference" / "command-line.md").read_text()


def test_the_exit_codes_are_those_of_the_page():
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", PAGE, re.M))
    assert rows == {str(code.value): meaning for code, meaning in _exit.MEANING.items()}


def test_every_command_is_on_the_page():
    for command in make_parser()._subparsers._group_actions[0].choices:
        assert f"`framelane {command}" in PAGE


def test_every_option_on_the_page_exists():
    commands = make_parser()._subparsers._group_actions[0].choices.values()
    known = {option for command in commands for action in command._actions for option in action.option_strings}
    assert set(re.findall(r"`(--?[a-z][a-z-]*)", PAGE)) <= known | {"--"}


def test_what_the_page_promises_of_json_is_there(run_json):
    section = PAGE.split("### The JSON object of a run")[1].split("\n## ")[0].split("(records)")[0]
    promised = {key for row in re.findall(r"^\| (`.+?) \|", section, re.M) for key in re.findall(r"`(\w+)`", row)}
    report, _ = run_json("any_identity", "00_base.mp4", "null:", "--frames", 2)
    assert promised == set(report) - {"failed", "unfinished", "kept", "abandoned"}


@pytest.mark.parametrize("name", ["gpu-at-zero.md", "gpu-at-zero.zh.md"])
def test_the_commands_of_the_how_to_are_accepted(name):
    page = (DOCS / "how-to" / name).read_text()
    lines = re.findall(r"^(?:\$ |fix: |.* && )framelane (\w.*)$", page, re.M)
    assert {shlex.split(line)[0] for line in lines} == {"inspect", "doctor", "exec"}
    for line in lines:
        make_parser().parse_args(shlex.split(line))
    for option in re.findall(r"`(--[a-z-]+)", page):
        assert any(option in text for text in helps()), option


def helps():
    return [command.format_help() for command in make_parser()._subparsers._group_actions[0].choices.values()]


def test_both_languages_show_the_same_output():
    english, chinese = ((DOCS / "how-to" / name).read_text() for name in ("gpu-at-zero.md", "gpu-at-zero.zh.md"))
    blocks = re.compile(r"^```.*?^```", re.S | re.M)
    assert blocks.findall(english) == blocks.findall(chinese)
