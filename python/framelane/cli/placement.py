"""``framelane placement``: where each node of a model runs on a device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from framelane._errors import ModelError, PlacementError

from ._console import printable
from ._exit import CommandError, ExitCode
from ._run_arguments import add_device
from ._words import spelled

if TYPE_CHECKING:
    import argparse

    from framelane import Placement

    from ._console import Console

NAME = "placement"
SUMMARY = "show where each node of a model runs on a device"
DESCRIPTION = """\
Load a model on a device, run it once on zeros, and show where ONNX Runtime put its nodes: on the device, on the CPU for
shapes only, or misplaced, with the reason and the bytes that it moves. Nothing is taken on trust."""
EPILOG = "The exit status is 1 when a node is misplaced, and 0 when none is, or all are allowed."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``framelane placement``."""
    parser.add_argument("model", type=Path, metavar="MODEL", help="the ONNX file")
    add_device(parser, default=None)
    parser.add_argument(
        "--operators", type=Path, action="append", default=[], metavar="LIBRARY", help="a library of further operators"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def execute(args: argparse.Namespace, console: Console) -> int:
    """Print the placement."""
    from framelane import SessionOptions

    from ._device import open_session

    options = SessionOptions(custom_operator_libraries=tuple(args.operators))
    try:
        session, remarks = open_session(args, options)
    except ModelError as error:
        raise CommandError(spelled(str(error)), ExitCode.MODEL) from error
    except PlacementError as error:
        if error.placement is not None:
            _show(args, error.placement, str(error), console)
        console.error(spelled(str(error)))
        return ExitCode.FAILED
    with session:
        for remark in remarks:
            console.warn(remark)
        _show(args, session.placement, "", console)
    return ExitCode.DONE


def _show(args: argparse.Namespace, placement: Placement, error: str, console: Console) -> None:
    console.text(str(placement))
    values: dict[str, Any] = {"model": printable(args.model), **placement.to_dict()}
    if error:
        values["error"] = {"type": "PlacementError", "text": error, "exit_code": int(ExitCode.FAILED)}
    console.json(values)
