"""``framelane run``: a network over a video."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framelane._errors import FramelaneError, ShapeError, StageError, VideoError

from . import _run_arguments
from ._console import printable
from ._exit import CommandError, ExitCode, exit_code_of
from ._extras import need_extra
from ._output import check_output
from ._signals import orderly_termination
from ._words import spelled

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from framelane import Report

    from ._console import Console
    from ._network import Network
    from ._sink import Sink
    from ._source import Source

NAME = "run"
SUMMARY = "run a network over a video"
DESCRIPTION = """\
Run an ONNX network over every frame of a video. An output that is a picture, of whatever size, becomes a video with
the sound of the source; other outputs are written to .npz or .jsonl, one record a frame. OUT appears when it is whole;
after Ctrl-C or an error what is whole is kept as NAME.partial.SUFFIX."""
EPILOG = """\
examples:
  framelane run upscale.onnx in.mp4 out.mp4
  framelane run detect.onnx in.mp4 boxes.jsonl --size 640x640
  framelane run unet.onnx in.mp4 out.mov --multiple-of 32 --start 0:10 --frames 250"""
add_arguments = _run_arguments.add_arguments


@dataclass(frozen=True)
class Job:
    """All that a run needs, opened and checked."""

    network: Network
    source: Source
    sink: Sink

    @property
    def notes(self) -> list[str]:
        """What preprocessing, reader and writer have to say so far."""
        notes = [*self.network.preprocess.notes, *self.source.notes, *self.sink.writer.notes]
        return [spelled(note) for note in notes]


def execute(args: argparse.Namespace, console: Console) -> int:
    """Run the network over the video."""
    need_extra("av", "onnx", "rich")
    with orderly_termination():
        return run(args, console)


def run(args: argparse.Namespace, console: Console) -> int:
    """Do what the options say; the demo calls this too."""
    from ._network import open_network

    check_output(Path(args.out), {"MODEL": args.model, "IN": Path(args.source)}, overwrite=args.overwrite)
    network = open_network(args)
    try:
        with _open_job(args, network) as job:
            _say_what_is_known(args, job, console)
            report = _run_job(args, job, console)
            return _say_how_it_went(args, job, report, console)
    finally:
        network.session.close()


@contextmanager
def _open_job(args: argparse.Namespace, network: Network) -> Iterator[Job]:
    """Open IN and OUT; what is not whole at the end is kept or removed."""
    from ._sink import make_sink
    from ._source import open_source
    from ._trial import try_frame

    source = open_source(args, network)
    try:
        sink = make_sink(args, network, source, try_frame(args.model, network, source))
        try:
            yield Job(network, source, sink)
        finally:
            sink.writer.abort()  # nothing to do after a run, which ends its writer itself
    finally:
        source.close()


def _say_what_is_known(args: argparse.Namespace, job: Job, console: Console) -> None:
    """Say, before the first frame, what was read from the model and the video and what comes of it."""
    from ._video_facts import video_lines

    session, preprocess, size = job.network.session, job.network.preprocess, job.source.plan.geometry.source
    lines = video_lines(job.source.info)
    console.say(f"Model {printable(args.model)}: {'; '.join(map(str, session.inputs))}")
    console.say(f"  gives {'; '.join(map(str, session.outputs))}")
    console.say(f"Video {printable(args.source)}: {lines['picture']}; {lines['length']}; sound: {lines['sound']}")
    console.say(preprocess.describe(*size))
    if job.sink.postprocess is not None:
        console.say(job.sink.postprocess.describe())
    console.say(job.sink.words)
    console.say(f"Runs on {session.device}{' (picked)' if args.device == 'auto' else ''}.")
    for remark in job.network.remarks:
        console.warn(remark)
    for note in job.notes:
        if note not in preprocess.notes:  # which describe() has said
            console.say(f"Note: {note}")


def _run_job(args: argparse.Namespace, job: Job, console: Console) -> Report:
    from framelane import Pipeline

    from ._bar import progress_bar
    from ._stages import elements

    pipeline = Pipeline(elements(args, job.source, job.network, job.sink))
    try:
        with progress_bar(wanted=not (console.quiet or args.no_progress)) as progress:
            return pipeline.run(progress=progress)
    except (FramelaneError, OSError, MemoryError, KeyboardInterrupt) as error:
        raise RunError(error, pipeline.report) from error


def _say_how_it_went(args: argparse.Namespace, job: Job, report: Report, console: Console) -> int:
    from ._run_report import report_json, report_table

    code = ExitCode.ENDED_EARLY if job.source.ends_early or job.source.damaged else ExitCode.DONE
    facts = {**_facts(args, job, report), "exit_code": int(code)}
    console.result(report_table(report, facts))
    console.json(report_json(report, facts))
    return code


def _facts(args: argparse.Namespace, job: Job, report: Report) -> dict[str, Any]:
    """Return what ``--json`` says of a run beside the report of the pipeline."""
    notes = job.notes
    # The report has reader's and writer's notes, too, with their names before them.
    warnings = [text for text in map(spelled, report.warnings) if text.partition(": ")[2] not in notes]
    postprocess = job.sink.postprocess
    return {
        "device": job.network.session.device,
        "model": printable(args.model),
        "input": job.source.info.to_dict(),
        "output": {"path": printable(args.out), "size": job.sink.size},
        "preprocess": job.network.preprocess.to_dict(),
        "postprocess": None if postprocess is None else postprocess.to_dict(),
        "notes": [*job.network.remarks, *notes, *warnings],
        "ends_early": job.source.ends_early,
        "damaged": job.source.damaged,
    }


class RunError(CommandError):
    """A run that did not come to its end: why, and what is left of it."""

    def __init__(self, error: BaseException, report: Report | None) -> None:
        text = str(error) or ("interrupted" if isinstance(error, KeyboardInterrupt) else type(error).__name__)
        if isinstance(error, ShapeError):
            text = spelled(text)
        if report is not None and report.kept:
            text += f"; kept {', '.join(report.kept)}"
        super().__init__(text, _code_of_run(error, report))
        self.report = report


def _code_of_run(error: BaseException, report: Report | None) -> ExitCode:
    """Tell an input that cannot be read from an output that cannot be written, by the stage that raised."""
    cause = error.__cause__ if isinstance(error, StageError) else None
    if not isinstance(error, StageError) or report is None:
        return exit_code_of(error)
    kind = next((stage.kind for stage in report.stages if stage.name == error.stage), "")
    if isinstance(cause, (VideoError, OSError)):
        return {"source": ExitCode.INPUT, "sink": ExitCode.OUTPUT}.get(kind, ExitCode.FAILED)
    return exit_code_of(cause) if isinstance(cause, FramelaneError) else ExitCode.FAILED
