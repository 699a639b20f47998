"""``framelane completion``: prints the script that teaches a shell the command's options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ._exit import ExitCode
from ._extras import need_extra
from ._options import file_name

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from ._console import Console

NAME = "completion"
SUMMARY = "print a script for tab completion in your shell"
DESCRIPTION = "Print a script that completes framelane's commands, options and files in bash, zsh, fish or tcsh."
EPILOG = """\
for this shell only:
  bash:  eval "$(framelane completion bash)"
for every new one:
  bash:  framelane completion bash > ~/.local/share/bash-completion/completions/framelane
  zsh:   framelane completion zsh > "${fpath[1]}/_framelane"
  fish:  framelane completion fish > ~/.config/fish/completions/framelane.fish
  tcsh:  framelane completion tcsh > ~/.framelane.tcsh; echo 'source ~/.framelane.tcsh' >> ~/.tcshrc"""
SHELLS = ("bash", "zsh", "fish", "tcsh")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``framelane completion``."""
    parser.add_argument("shell", choices=SHELLS, help="the shell to print a script for")


def execute(args: argparse.Namespace, console: Console) -> int:  # noqa: ARG001 - the form that all commands have
    """Print the script."""
    need_extra("shtab")
    import shtab

    from . import make_parser

    parser = make_parser()
    for action in _actions(parser):
        if action.type in (Path, file_name):
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # where shtab looks for it
    # Not through rich, which would wrap the script's long lines.
    print(shtab.complete(parser, shell=args.shell))
    return ExitCode.DONE


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """All arguments of a parser and of its sub-commands."""
    for action in parser._actions:  # argparse has no public list of them
        yield action
        if isinstance(action.choices, dict):
            for command in action.choices.values():
                yield from _actions(command)
