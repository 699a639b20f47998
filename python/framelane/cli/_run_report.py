"""What ``framelane run`` says at its end: a table, or one JSON object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from framelane._report import Report, StageReport


def report_table(report: Report, facts: dict[str, Any]) -> Table:
    """Lay out what each stage did, which one held the others up, and what there is to note."""
    from rich.table import Table

    frames = f"{report.frames} frame{'s' * (report.frames != 1)}"
    title = f"{frames} in {report.seconds:.2f} s: {report.fps:.1f} frames a second"
    table = Table(title=title, title_justify="left", caption="\n".join(_lines(report, facts)), caption_justify="left")
    table.add_column("stage", no_wrap=True)
    dropped = any(stage.dropped for stage in report.stages)
    for heading in ["frames", "busy", "waiting\nfor input", "waiting\nfor output"] + ["dropped"] * dropped:
        table.add_column(heading, justify="right")
    for stage in report.stages:
        name = stage.name if stage.workers == 1 else f"{stage.name} x{stage.workers}"
        cells = [name, str(stage.frames), *_times(stage, report.seconds)]
        table.add_row(*cells, *[str(stage.dropped)] * dropped)
    return table


def _times(stage: StageReport, seconds: float) -> list[str]:
    """Seconds of one thread of the stage, on average, and their part of the whole time."""
    times = (stage.busy, stage.waiting_input, stage.waiting_output)
    each = [time / max(stage.workers, 1) for time in times]
    return [f"{time:.2f} s {min(time / seconds, 1) if seconds else 0:4.0%}" for time in each]


def _lines(report: Report, facts: dict[str, Any]) -> list[str]:
    lines = []
    for stage in report.stages:
        if stage.name == report.bottleneck:
            busy = min(stage.load / report.seconds, 1) if report.seconds else 0
            lines.append(f"bottleneck: {stage.name}, busy {busy:.0%} of the time")
    lines += [f"ran on: {str(placement).splitlines()[0]}" for placement in report.placement.values()]
    lines += [f"note: {note}" for note in facts["notes"]]
    return lines


def report_json(report: Report, facts: dict[str, Any]) -> dict[str, Any]:
    """Make the object that ``--json`` prints: the report's fields, then the facts of the run."""
    values = report.to_dict()
    values.pop("warnings")  # are among the notes
    return {**values, **facts}
