"""``framelane info``: what is in a model or a video."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from framelane._errors import ModelError

from ._exit import ExitCode
from ._extras import need_extra

if TYPE_CHECKING:
    import argparse

    from rich.table import Table

    from ._console import Console

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
    console.result(table_of(facts))
    console.json(facts)
    return ExitCode.DONE


def facts_of(path: Path) -> dict[str, Any]:
    """Read the facts of a model or video, whichever the file is."""
    from ._model_facts import model_facts
    from ._video_facts import video_facts

    if path.suffix.lower() in _MODEL_SUFFIXES:
        return model_facts(path)
    try:
        return video_facts(path)
    except Exception as no_video:
        try:
            return model_facts(path)
        except ModelError:
            raise no_video from None


def table_of(facts: dict[str, Any]) -> Table:
    """Lay facts out as a table of two columns."""
    from rich.table import Table

    table = Table("what", "value", title=facts["path"], title_justify="left", show_header=False)
    for key, value in facts.items():
        if key in ("path", "notes") or value in (None, "", [], {}):
            continue
        table.add_row(key.replace("_", " "), _cell(value))
    for note in facts["notes"]:
        table.add_row("note", note)
    return table


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list):
        return "\n".join(_tensor(item) if isinstance(item, dict) else str(item) for item in value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _tensor(facts: dict[str, Any]) -> str:
    if facts.keys() != {"name", "dtype", "shape"}:
        return ", ".join(f"{value}" for value in facts.values() if value not in (None, ""))
    if facts["shape"] is None:
        return f"{facts['name']}: {facts['dtype']}"
    axes = ", ".join("?" if axis is None else str(axis) for axis in facts["shape"])
    return f"{facts['name']}: {facts['dtype']} [{axes}]"
