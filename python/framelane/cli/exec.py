"""``framelane exec``: starts a service with the folders on LD_LIBRARY_PATH that it needs."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ._console import printable
from ._exit import CommandError, ExitCode
from ._extras import need_extra
from .doctor import add_service_options

if TYPE_CHECKING:
    from framelane.diagnosis._launch import Launch

    from ._console import Console

NAME = "exec"
SUMMARY = "start a service with the LD_LIBRARY_PATH that it needs"
DESCRIPTION = """\
Compute which folders a service needs on LD_LIBRARY_PATH (for ONNX Runtime's CUDA provider in its environment, and for
each --so), set them, say what was set, and become the service. It replaces a start script that exports them by hand.
The environment is that of the Python that the command starts, unless --python or --env names another; then its
programs come first on PATH too."""
EPILOG = """\
examples:
  framelane exec -- python app.py
  framelane exec --python /opt/conda/envs/heygem/bin/python --so trans_dh_service.cpython-38-x86_64-linux-gnu.so \\
                 -- python app.py
  framelane exec --env .venv --print >> start.sh

The exit status is the service's own."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``framelane exec``."""
    add_service_options(parser)
    parser.add_argument(
        "--print", action="store_true", dest="print_only", help="print the lines for a shell, and start nothing"
    )
    parser.add_argument(
        "--force", action="store_true", help="start it although a library is missing, so that it runs on the CPU"
    )
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND ...", help="the service")


def execute(args: argparse.Namespace, console: Console) -> int:
    """Set what the service needs, and become it."""
    need_extra("elftools", extra="doctor")
    from framelane.diagnosis._environment import read_environment
    from framelane.diagnosis._launch import environment_of, plan_launch, shell_lines

    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command and not args.print_only:
        raise CommandError("no command to start; write it behind --: framelane exec -- python app.py")
    named = args.python or args.env
    environment = environment_of(command) if named is None else read_environment(named)
    so = tuple(Path(os.path.abspath(path)) for path in args.so)
    launch = plan_launch(environment, so, os.environ.get("LD_LIBRARY_PATH", ""))
    for note in launch.notes:
        console.warn(note)
    if launch.problems:
        text = f"{printable(environment.prefix)}: {'; '.join(map(printable, launch.problems))}. Mend it: {launch.fix}"
        if not args.force:
            raise CommandError(f"{text} (or start it all the same with --force)", ExitCode.NOT_INSTALLED)
        console.warn(text)
    if args.print_only:
        print(*shell_lines(launch, with_path=named is not None), sep="\n", flush=True)
        return ExitCode.DONE
    return _become(command, launch, console, in_front=named is not None)


def _become(command: list[str], launch: Launch, console: Console, *, in_front: bool) -> int:
    env = dict(os.environ)
    if launch.ld_library_path:
        env["LD_LIBRARY_PATH"] = launch.ld_library_path
    if in_front:
        env["PATH"] = os.pathsep.join([os.fspath(launch.environment.python.parent), env.get("PATH", os.defpath)])
    file = shutil.which(command[0], path=env.get("PATH"))
    if file is None:
        raise CommandError(f"{printable(command[0])}: no such program on PATH, or it may not be run")
    console.say(_said(launch, file))
    sys.stdout.flush()
    try:
        os.execve(file, command, env)
    except OSError as error:
        raise CommandError(f"{printable(file)} cannot be started: {error.strerror}", ExitCode.FAILED) from error


def _said(launch: Launch, file: str) -> str:
    start = f"framelane: starting {printable(file)} for {launch.environment.name}"
    if not launch.folders:
        return f"{start}; all that it needs is found without LD_LIBRARY_PATH, which stays as it was"
    folders = "".join(f"\n  {printable(folder)}" for folder in launch.folders)
    return f"{start}, with these folders in front of LD_LIBRARY_PATH:{folders}"
