"""``framelane doctor``: every link of the chain from a program to the GPU, each with its fix."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ._exit import ExitCode
from ._extras import need_extra

if TYPE_CHECKING:
    import argparse

    from ._console import Console

NAME = "doctor"
SUMMARY = "check every link of the chain to the GPU, and say what mends it"
DESCRIPTION = """\
Look at every link of the chain from a Python program to the GPU: the environment, ONNX Runtime and its CUDA provider,
the libraries that it needs, cuDNN, the driver, the devices, the container. Another environment than this one is read
from its files: nothing of it is imported or run, unless --deep is given."""
EPILOG = """\
examples:
  framelane doctor
  framelane doctor --python /opt/conda/envs/heygem/bin/python --so trans_dh_service.cpython-38-x86_64-linux-gnu.so

The exit status is 0 where every link holds, 1 where one does not."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``framelane doctor``."""
    add_service_options(parser)
    parser.add_argument(
        "--ld-library-path",
        metavar="FOLDERS",
        help="value of LD_LIBRARY_PATH in the service's start script; this shell's when left out",
    )
    parser.add_argument(
        "--device", choices=("cuda", "cpu"), default="cuda", help="cpu leaves out the links to the GPU (default cuda)"
    )
    parser.add_argument(
        "--deep", action="store_true", help="start a child in the environment and see which provider a session gets"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")


def add_service_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say which service is meant."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--python", type=Path, metavar="PYTHON", help="interpreter of the environment to look at")
    where.add_argument("--env", type=Path, metavar="DIR", help="folder of it: a venv or a conda environment")
    parser.add_argument(
        "--so",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="an extension module or library that the service loads; may be given several times",
    )


def execute(args: argparse.Namespace, console: Console) -> int:
    """Look at every link, and print what was seen."""
    need_extra("elftools", extra="doctor")
    from framelane.diagnosis._doctor import Question, examine
    from framelane.diagnosis._doctor_text import as_text

    given = args.ld_library_path
    question = Question(
        python=args.python or args.env,
        so=tuple(Path(os.path.abspath(path)) for path in args.so),
        ld_library_path=os.environ.get("LD_LIBRARY_PATH", "") if given is None else given,
        device=args.device,
        deep=args.deep,
    )
    diagnosis = examine(question)
    console.text(as_text(diagnosis, colour=sys.stdout.isatty()))
    console.json(diagnosis.to_dict())
    return ExitCode.DONE if diagnosis.healthy else ExitCode.FAILED
