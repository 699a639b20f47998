from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys

import pytest

from framelane import ModelError, NoDeviceError, PlacementError, RingTimeout, ShapeError, __version__
from framelane.cli import _exit, info, main, make_parser
from framelane.cli._console import Console, printable


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "framelane", *arguments], capture_output=True, text=True, timeout=60, **options
    )


def raising(monkeypatch, error):
    def execute(args, console):
        raise error

    monkeypatch.setattr(info, "execute", execute)


def test_module_and_version():
    done = command("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"framelane {__version__}\n", "")


def test_help_lists_commands_and_exit_codes(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert "info" in out
    for code, meaning in _exit.MEANING.items():
        assert f"{code.value:>3}  {meaning}" in out


def test_every_exit_code_has_a_meaning():
    assert set(_exit.MEANING) == set(_exit.ExitCode)


def test_every_command_and_option_has_a_help_text():
    def check(parser):
        for action in parser._actions:
            assert action.help or isinstance(action, argparse._SubParsersAction), action
            if isinstance(action.choices, dict):
                for sub in action.choices.values():
                    assert sub.description
                    check(sub)

    check(make_parser())


@pytest.mark.parametrize("command", make_parser()._subparsers._group_actions[0].choices)
def test_help_of_each_command(capsys, command):
    assert main([command, "--help"]) == 0
    out = capsys.readouterr().out
    assert "exit status:" in out
    assert "--debug" in out


def test_help_imports_nothing_heavy():
    code = "import sys; from framelane.cli import main; main(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    loaded = set(eval(done.stderr))
    assert not loaded & {"av", "onnx", "onnxruntime", "rich", "shtab", "google"}


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        ([], "required: COMMAND"),
        (["nonsense"], "invalid choice: 'nonsense'"),
        (["info"], "required: MODEL|VIDEO"),
        (["info", "a", "-b.mp4"], "unrecognized arguments: -b.mp4 (see `framelane --help`; a file name that starts"),
        (["info", "a", "--js"], "unrecognized arguments: --js"),
    ],
)
def test_usage_errors_are_one_sentence(capsys, argv, text):
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("framelane: error: ")
    assert err.count("\n") == 1
    assert text in err


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (ModelError("m.onnx is empty"), 3, "m.onnx is empty"),
        (ShapeError("x: expected 3, got 4"), 3, "x: expected 3, got 4"),
        (NoDeviceError("no driver"), 7, "no driver"),
        (PlacementError("misplaced"), 7, "misplaced"),
        (RingTimeout(), 1, "RingTimeout"),
        (_exit.CommandError("no such option"), 2, "no such option"),
        (_exit.CommandError("OUT is there", _exit.ExitCode.OUTPUT), 5, "OUT is there"),
        (FileNotFoundError(2, "No such file or directory", b"a\xff.mp4"), 1, r"a\udcff.mp4: No such file or directory"),
        (OSError(28, "No space left on device"), 1, "No space left on device"),
        (OSError("just words"), 1, "unexpected OSError: just words."),
        (MemoryError("6 GB"), 1, "out of memory: 6 GB"),
        (MemoryError(), 1, "out of memory"),
        (ZeroDivisionError("oh"), 1, "unexpected ZeroDivisionError: oh. This is a fault of framelane; please report"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (_exit.Terminated("terminated"), 143, "terminated"),
    ],
)
def test_errors_are_one_paragraph_without_a_traceback(capsys, monkeypatch, error, code, text):
    raising(monkeypatch, error)
    assert main(["info", "x"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"framelane: error: {text}")
    assert err.count("\n") == 1


def test_debug_shows_the_traceback(capsys, monkeypatch):
    raising(monkeypatch, ModelError("broken"))
    assert main(["info", "x", "--debug"]) == 3
    err = capsys.readouterr().err
    assert err.startswith("Traceback")
    assert err.endswith("framelane: error: broken\n")


def test_json_has_the_error_as_an_object(capsys, monkeypatch):
    raising(monkeypatch, ModelError("broken"))
    assert main(["info", "x", "--json"]) == 3
    error = json.loads(capsys.readouterr().out)["error"]
    assert error == {"type": "ModelError", "text": "broken", "exit_code": 3}


def test_a_closed_pipe_is_no_traceback():
    program = f"{sys.executable} -c \"import sys, framelane.cli as c; sys.exit(c.main(['--help']))\" | true"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""


def test_a_broken_pipe_ends_quietly(capsys, monkeypatch):
    raising(monkeypatch, BrokenPipeError())
    assert main(["info", "x"]) == 1
    assert capsys.readouterr().err == ""


def test_names_are_printed_on_one_line():
    assert printable("a\nb\x1b[31m \u6587.mp4") == r"a\nb\x1b[31m " + "\u6587.mp4"
    assert printable(b"\xff.mp4") == r"\udcff.mp4"


class Terminal(io.StringIO):
    encoding = "ascii"

    def isatty(self):
        return True


def test_text_fits_the_terminal_and_its_encoding(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "30")
    Console().warn("a sentence that is longer than thirty columns, \u6587")
    Console().error("short\n  " + "laid out " * 9)
    lines = terminal.getvalue().splitlines()
    assert all(len(line) <= 30 for line in lines[:4])
    assert lines[0].startswith("warning: a sentence")
    assert lines[-2:] == ["framelane: error: short", "  " + "laid out " * 9]
    assert "\\u6587" in terminal.getvalue()


def test_quiet_says_only_errors(capsys):
    console = Console(quiet=True, as_json=True)
    console.say("one")
    console.warn("two")
    console.result("three")
    console.json({"four": 4})
    console.error("five")
    out, err = capsys.readouterr()
    assert json.loads(out) == {"four": 4}
    assert err == "framelane: error: five\n"


def test_without_the_extra_a_sentence_names_it(capsys, monkeypatch):
    monkeypatch.setattr("framelane.cli._extras.find_spec", lambda name: None if name in ("av", "rich") else name)
    assert main(["info", "x.onnx"]) == 7
    err = capsys.readouterr().err
    assert "PyAV (av) and rich are not installed" in err
    assert "pip install 'framelane[video]'" in err
