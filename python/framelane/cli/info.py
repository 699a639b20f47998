"""``framelane info``: what is in a model or a video."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from framelane._errors import ModelError, VideoError

from ._exit import ExitCode
from ._extras import need_extra

if TYPE_CHECKING:
    import argparse

    from ._console import Console
    from ._facts import Facts

NAME = "info"
SUMMARY = "show what is in a model or a video"
DESCRIPTION = "Show the inputs, outputs, operators and metadata of an ONNX model, or the streams of a video."
EPILOG = ""
_MODEL_SUFFIXES = (".onnx", ".ort", ".pb")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``framelane info``."""
    parser.add_argument("file", type=Path, metavar="MODEL|VIDEO", help="the file to look into")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def execute(args: argparse.Namespace, console: Console) -> int:
    """Print the facts of one file."""
    need_extra("av", "onnx", "rich")
    facts = facts_of(args.file)
    console.result(facts.table())
    console.json(facts.values)
    return ExitCode.DONE


def facts_of(path: Path) -> Facts:
    """Read the facts of a model or video, whichever the file is."""
    from ._model_facts import model_facts
    from ._video_facts import video_facts

    if path.suffix.lower() in _MODEL_SUFFIXES:
        return model_facts(path)
    try:
        return video_facts(path)
    except VideoError:
        try:
            return model_facts(path)
        except ModelError:
            pass
        raise
