"""``framelane bench``: this network on this machine, framelane's calls against ONNX Runtime's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framelane._errors import ModelError, ShapeError

from . import _options
from ._console import printable
from ._exit import CommandError, ExitCode
from ._extras import need_extra

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from rich.table import Table

    from framelane import Session

    from ._console import Console
    from ._contest import Timing

    Feeds = Mapping[str, Any]

NAME = "bench"
SUMMARY = "time a model on this machine, against plain ONNX Runtime"
DESCRIPTION = """\
Time one call of a model on this machine: framelane's Session.run and BoundRun against onnxruntime's run and
run_with_iobinding, with the same threads, in turns. Inputs are noise; all outputs are compared."""
EPILOG = ""
_BASELINE = "onnxruntime run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``framelane bench``."""
    parser.add_argument("model", type=Path, metavar="MODEL", help="the ONNX file")
    parser.add_argument("--device", default="cpu", help="where to run it (default: cpu)")
    parser.add_argument(
        "--size", type=_options.size, default=(640, 360), metavar="WxH", help="frame size for free axes (640x360)"
    )
    parser.add_argument("--batch", type=_options.positive, default=1, metavar="N", help="frames a call, if free (1)")
    parser.add_argument(
        "--shape",
        type=_shape,
        action="append",
        default=[],
        metavar="NAME=1x3x8x8",
        help="the whole shape of an input, by its name; can be repeated",
    )
    parser.add_argument("--threads", type=_options.positive, metavar="N", help="threads in a call (one a core)")
    parser.add_argument("--seconds", type=_options.number, default=2.0, help="time for each way of calling (2)")
    parser.add_argument("--operators", type=Path, action="append", default=[], help="a library of further operators")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def execute(args: argparse.Namespace, console: Console) -> int:
    """Time the network and print the comparison."""
    need_extra("rich")
    from framelane import Session, SessionOptions

    from ._contest import contest
    from ._feeds import make_feeds

    options = SessionOptions(intra_op_threads=args.threads, custom_operator_libraries=args.operators)
    with Session(args.model, device=args.device, options=options) as session:
        feeds = make_feeds(session.inputs, args.size, args.batch, dict(args.shape))
        _try(session, feeds)
        ways = _ways(args, session, feeds)
        console.say(f"timing {', '.join(f'{name} {list(array.shape)}' for name, array in feeds.items())}")
        difference = _largest_difference([way.outputs() for way in ways.values()])
        timings = contest({name: way.call for name, way in ways.items()}, args.seconds)
    facts = _facts(args, feeds, timings, difference)
    console.result(_table(facts))
    console.json(facts)
    return ExitCode.DONE


def _shape(text: str) -> tuple[str, tuple[int, ...]]:
    name, value = _options.named_value(text)
    return name, tuple(_options.positive(axis) for axis in value.lower().split("x"))


def _try(session: Session, feeds: Feeds) -> None:
    try:
        session.run(feeds)
    except (ModelError, ShapeError):
        raise
    except Exception as error:
        raise CommandError(
            f"{error}; the shapes were guessed, --shape NAME=1x3x224x224 or --size give others", ExitCode.MODEL
        ) from error


@dataclass(frozen=True)
class _Way:
    """One way to run the network: the call that is timed, and what it puts out, in the model's order."""

    call: Callable[[], object]
    outputs: Callable[[], Sequence[Any]]


def _ways(args: argparse.Namespace, session: Session, feeds: Feeds) -> dict[str, _Way]:
    plain = _plain_session(args)
    binding = plain.io_binding()
    for name, array in feeds.items():
        binding.bind_cpu_input(name, array)
    for output in session.outputs:
        binding.bind_output(output.name)
    bound = session.bind(feeds)

    def rerun() -> None:
        plain.run_with_iobinding(binding)

    def outputs_of_binding() -> list[Any]:
        rerun()
        return list(binding.copy_outputs_to_cpu())

    return {
        _BASELINE: _Way(lambda: plain.run(None, feeds), lambda: plain.run(None, feeds)),
        "onnxruntime run_with_iobinding": _Way(rerun, outputs_of_binding),
        "framelane Session.run": _Way(lambda: session.run(feeds), lambda: list(session.run(feeds).values())),
        "framelane BoundRun": _Way(bound, lambda: list(bound().values())),
    }


def _plain_session(args: argparse.Namespace) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    if args.threads:
        options.intra_op_num_threads = args.threads
    for library in args.operators:
        options.register_custom_ops_library(str(library))
    return onnxruntime.InferenceSession(str(args.model), options, providers=["CPUExecutionProvider"])


def _largest_difference(results: list[Sequence[Any]]) -> float:
    """How far any output of any way is from the first way's; infinite where only one of two is a NaN."""
    import numpy as np

    largest = 0.0
    for outputs in results[1:]:
        for expected, got in zip(results[0], outputs, strict=True):
            one, other = np.asarray(expected, np.float64), np.asarray(got, np.float64)
            if one.shape != other.shape or (np.isnan(one) != np.isnan(other)).any():
                return float("inf")
            differ = (one != other) & ~np.isnan(one)
            largest = max(largest, float(np.abs(one[differ] - other[differ]).max(initial=0)))
    return largest


def _facts(args: argparse.Namespace, feeds: Feeds, timings: Mapping[str, Timing], difference: float) -> dict[str, Any]:
    import onnxruntime

    base = timings[_BASELINE].best
    return {
        "model": printable(args.model),
        "device": args.device,
        "runtime": f"onnxruntime {onnxruntime.__version__}",
        "threads": args.threads,
        "inputs": {name: {"dtype": str(array.dtype), "shape": list(array.shape)} for name, array in feeds.items()},
        "calls": [
            {
                "name": name,
                "best_seconds": timing.best,
                "median_seconds": timing.median,
                "calls": timing.calls,
                "calls_per_second": 1 / timing.best,
                "ratio": timing.best / base,
            }
            for name, timing in timings.items()
        ],
        "largest_difference": difference,
    }


def _table(facts: dict[str, Any]) -> Table:
    from rich.table import Table

    threads = {None: "a thread a core", 1: "1 thread"}.get(facts["threads"], f"{facts['threads']} threads")
    table = Table(
        title=f"{facts['model']} on {facts['device']}, {facts['runtime']}, {threads}",
        title_justify="left",
        caption=f"all but median: the best turn's; outputs differ by {facts['largest_difference']:.2g} at most",
        caption_justify="left",
    )
    for heading in ("call", "time", "median", "calls/s", "ratio"):
        table.add_column(heading, justify="left" if heading == "call" else "right")
    for call in facts["calls"]:
        table.add_row(
            call["name"],
            _duration(call["best_seconds"]),
            _duration(call["median_seconds"]),
            f"{call['calls_per_second']:,.0f}" if call["calls_per_second"] >= 10 else f"{call['calls_per_second']:.2f}",
            f"{call['ratio']:.2f}x",
        )
    return table


def _duration(seconds: float) -> str:
    for unit, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds * 1e9:.0f} ns"
