"""The ``framelane`` command: one module a sub-command."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from typing import TYPE_CHECKING, NoReturn

from framelane import __version__
from framelane._errors import FramelaneError

from . import bench, completion, demo, doctor, info, inspect, placement, run
from . import exec as exec_command
from ._console import Console, printable
from ._exit import CommandError, ExitCode, exit_code_of, table_of_exit_codes

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = (run, demo, info, bench, doctor, exec_command, inspect, placement, completion)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the ``framelane`` command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process when left out.

    Returns
    -------
    int
        The exit status, see ``framelane --help``. Nothing is raised, whatever goes wrong.
    """
    console = Console()
    debug = False
    try:
        args = make_parser().parse_args(argv)
        debug = args.debug
        console = Console(quiet=args.quiet, as_json=args.json)
        code = int(args.execute(args, console))
        sys.stdout.flush()
        return code
    except SystemExit as done:  # --help and --version have printed what they had to
        _flush_stdout()
        return done.code if isinstance(done.code, int) else ExitCode.DONE
    except BrokenPipeError:  # the reader of our stdout is gone, as with `| head`
        _silence_stdout()
        return ExitCode.FAILED
    except (Exception, KeyboardInterrupt) as error:
        if debug:
            traceback.print_exc()
        code, text = exit_code_of(error), text_of(error)
        console.error(text)
        console.json({"error": {"type": type(error).__name__, "text": text, "exit_code": int(code)}})
        return code


def make_parser() -> argparse.ArgumentParser:
    """Build the parser of the whole command; shell completion is made from it too."""
    parser = _Parser(
        prog="framelane",
        description="Run ONNX networks over video, and see where the time went.",
        epilog=f"`framelane COMMAND --help` has the options of each.\n\n{table_of_exit_codes()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"framelane {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    for command in _COMMANDS:
        sub = commands.add_parser(
            command.NAME,
            help=command.SUMMARY,
            description=command.DESCRIPTION,
            epilog=f"{command.EPILOG}\n\n{table_of_exit_codes()}".lstrip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        sub.set_defaults(execute=command.execute, quiet=False, json=False)
        command.add_arguments(sub)
        sub.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def text_of(error: BaseException) -> str:
    """Put an exception into the words that the command prints."""
    if isinstance(error, KeyboardInterrupt):
        return str(error) or "interrupted"
    if isinstance(error, FramelaneError):
        return str(error) or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        name = "" if error.filename is None else f"{printable(os.fsdecode(error.filename))}: "
        return f"{name}{error.strerror}"
    if isinstance(error, MemoryError):
        return f"out of memory: {error}".removesuffix(": ")
    return (
        f"unexpected {type(error).__name__}: {error}. This is a fault of framelane; "
        "please report it with what --debug prints"
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        hint = f"see `{self.prog} --help`"
        if "unrecognized arguments" in message or "required" in message:
            hint += "; a file name that starts with - is written as ./-name"
        raise CommandError(f"{message} ({hint})", ExitCode.USAGE)


def _flush_stdout() -> None:
    try:
        sys.stdout.flush()  # here, because Python complains on stderr where it fails at exit
    except BrokenPipeError:
        _silence_stdout()


def _silence_stdout() -> None:
    """Keep the interpreter from complaining once more when it flushes stdout at exit."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # stdout is no file, as under a test
        return
