"""Where a run's results go: pictures into a video, anything else into records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from framelane._errors import ShapeError, VideoError

from ._console import printable
from ._exit import CommandError, ExitCode
from ._output import takes_records
from ._words import spelled

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from framelane import JsonlWriter, NpzWriter, Postprocess
    from framelane.video import VideoWriter

    from ._network import Network
    from ._source import Source

    Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Sink:
    """The writer of a run, and what it gets.

    Attributes
    ----------
    writer : VideoWriter, NpzWriter or JsonlWriter
        The last element of the pipeline.
    postprocess : Postprocess or None
        How an output becomes a picture; None for records.
    words : str
        What is written, in a sentence.
    size : tuple of int or None
        Width and height of the pictures, as far as known before the first frame.
    """

    writer: VideoWriter | NpzWriter | JsonlWriter
    postprocess: Postprocess | None
    words: str
    size: tuple[int, int] | None = None


def make_sink(args: argparse.Namespace, network: Network, source: Source, shapes: Shapes) -> Sink:
    """Make the writer for OUT.

    Parameters
    ----------
    args : argparse.Namespace
        Of ``framelane run``.
    network : Network
        What makes the results.
    source : Source
        Where frames come from: a video takes over its times, colours and sound.
    shapes : mapping
        Each output's shape for one frame, as far as known.

    Raises
    ------
    CommandError
        No such output, no picture among the outputs, or nothing can be written there.
    """
    if takes_records(Path(args.out)):
        return _records(args, network)
    postprocess = _picture(args, network)
    try:
        return _video(args, postprocess, source, shapes)
    except VideoError as error:
        raise CommandError(spelled(str(error)), ExitCode.OUTPUT) from error


def _records(args: argparse.Namespace, network: Network) -> Sink:
    from framelane import JsonlWriter, NpzWriter

    outputs = {info.name: info for info in network.session.outputs}
    names = args.output or list(outputs)
    for name in names:
        if name not in outputs:
            raise CommandError(f"--output {name}: the network has no such output; it has: {', '.join(outputs)}")
    words = f"Writes {', '.join(names)} to {printable(args.out)}, one record a frame."
    if Path(args.out).suffix.lower() == ".jsonl":
        return Sink(JsonlWriter(args.out, names), None, words)
    firsts = {name: (outputs[name].shape or (1,))[0] for name in names}
    ragged = [name for name, axis in firsts.items() if isinstance(axis, str) and axis != network.batch_axis]
    return Sink(NpzWriter(args.out, names, ragged), None, words)


def _picture(args: argparse.Namespace, network: Network) -> Postprocess:
    from framelane import Postprocess

    if len(args.output) > 1:
        raise CommandError("a video holds one output; give one --output, or write to .npz or .jsonl for several")
    wanted = args.output[0] if args.output else None
    try:
        return Postprocess.from_model(network.session.outputs, network.preprocess, output=wanted)
    except ShapeError as error:
        raise CommandError(spelled(str(error)), ExitCode.MODEL) from error


def _video(args: argparse.Namespace, postprocess: Postprocess, source: Source, shapes: Shapes) -> Sink:
    from framelane.video import VideoWriter

    writer = VideoWriter(
        args.out,
        codec=args.codec,
        crf=args.crf,
        bitrate=args.bitrate,
        pixel_format=args.pixel_format,
        audio={"copy": Path(args.source).is_file(), "none": False}.get(args.audio, args.audio),  # pictures have none
    )
    writer.open(source)
    name = printable(args.out)
    shape = shapes.get(postprocess.output or "")
    if shape is None:
        return Sink(writer, postprocess, f"Writes {name}.")
    plan = postprocess.plan(source.plan.geometry, shape)
    try:
        writer.prepare(*plan.window.size, plan.pixel_format)
    except BaseException:
        writer.abort()
        raise
    size = (plan.window.size.width, plan.window.size.height)
    return Sink(writer, postprocess, f"Writes {name}, {size[0]}x{size[1]}.", size)
