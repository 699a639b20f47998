"""What a run of a pipeline has to say: while it runs (`Snapshot`) and at its end (`Report`)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


class Indices:
    """Indices of frames as ranges, so that a long run of them takes no room; the first 1,000 ranges are kept."""

    LIMIT = 1000

    def __init__(self) -> None:
        self.count = 0
        self.ranges: list[list[int]] = []

    def add(self, index: int) -> None:
        """Add one more; mostly in rising order."""
        self.count += 1
        if self.ranges and self.ranges[-1][1] + 1 == index:
            self.ranges[-1][1] = index
        elif len(self.ranges) < self.LIMIT:
            self.ranges.append([index, index])


@dataclass(frozen=True, slots=True)
class RingReport:
    """The state of one ring.

    Attributes
    ----------
    name : str
        The stages before and behind it.
    level, capacity, high_water : int
        Frames that wait in it, that can, and that did at most.
    """

    name: str
    level: int
    capacity: int
    high_water: int


@dataclass(frozen=True, slots=True)
class StageReport:
    """What one stage has done.

    Attributes
    ----------
    name : str
        Its name.
    kind : str
        ``source``, ``stage``, ``infer`` or ``sink``.
    workers : int
        Threads that worked for it.
    frames : int
        Frames that left it; those that it consumed, for a sink.
    busy, waiting_input, waiting_output : float
        Seconds, of all its workers together.
    dropped : int
        Frames that it returned nothing for.
    dropped_frames : list of [int, int]
        Their indices, as first and last of each run of them; the first 1,000 runs.
    device : str
        Where it ran.
    """

    name: str
    kind: str
    workers: int
    frames: int
    busy: float
    waiting_input: float
    waiting_output: float
    dropped: int = 0
    dropped_frames: list[list[int]] = field(default_factory=list)
    device: str = "cpu"

    @property
    def load(self) -> float:
        """Seconds that each worker was busy, on average."""
        return self.busy / max(self.workers, 1)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A pipeline at one moment of its run.

    Attributes
    ----------
    frames : int
        Frames that came out so far.
    total : int or None
        How many will come, as far as the source knows.
    seconds : float
        Since the start.
    fps : float
        Frames a second over the last seconds, so 0 while nothing moves.
    rings, stages : list
        `RingReport` and `StageReport` of each, in the order of the way.
    """

    frames: int
    total: int | None
    seconds: float
    fps: float
    rings: list[RingReport]
    stages: list[StageReport]


@dataclass(frozen=True, slots=True)
class Report:
    """The account of a run: every frame that the source gave came out, or is named here.

    Attributes
    ----------
    frames : int
        Frames that came out at the end.
    seconds, fps : float
        How long it took, and the frames a second that this makes.
    stages : list of StageReport
        In the order of the way.
    rings : list of RingReport
        In the order of the way; the levels are those at the end.
    bottleneck : str or None
        Name of the stage whose workers were busy most of the time.
    placement : dict
        Name of each `Infer` to the placement of its network.
    warnings : list of str
        What should be known: slow stages, what a reader or writer had to mend.
    failed : int or None
        Index of the frame on which a stage raised or was stuck.
    unfinished : list of int
        Frames that were under way when the run was ended early, and never came out.
    kept : list of str
        What a sink kept of its unfinished output.
    abandoned : list of str
        Names of stages whose threads could not be ended.
    """

    frames: int
    seconds: float
    fps: float
    stages: list[StageReport]
    rings: list[RingReport]
    bottleneck: str | None
    placement: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    failed: int | None = None
    unfinished: list[int] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    abandoned: list[str] = field(default_factory=list)

    @property
    def dropped(self) -> int:
        """Frames that stages dropped, together."""
        return sum(stage.dropped for stage in self.stages)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as values that JSON knows."""
        result = asdict(self)
        result["dropped"] = self.dropped
        result["placement"] = {name: _plain(value) for name, value in self.placement.items()}
        return result

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def bottleneck_of(stages: list[StageReport]) -> str | None:
    """Return the name of the stage whose workers were busy most of the time."""
    busiest = max(stages, key=lambda stage: stage.load, default=None)
    return busiest.name if busiest is not None and busiest.load > 0 else None


def _plain(placement: Any) -> Any:
    to_dict = getattr(placement, "to_dict", None)
    if callable(to_dict):
        return to_dict()
    return placement if isinstance(placement, (dict, list, str, type(None))) else str(placement)


def _lines(report: Report) -> list[str]:
    width = max([len(stage.name) for stage in report.stages] + [5])
    lines = [
        f"{report.frames} frames in {report.seconds:.2f} s, {report.fps:.1f} frames a second",
        f"{'stage':<{width}}  {'workers':>7}  {'frames':>7}  {'busy':>9}  {'input':>9}  {'output':>9}  {'dropped':>7}",
    ]
    lines += [
        f"{stage.name:<{width}}  {stage.workers:>7}  {stage.frames:>7}  {stage.busy:>7.2f} s  "
        f"{stage.waiting_input:>7.2f} s  {stage.waiting_output:>7.2f} s  {stage.dropped:>7}"
        for stage in report.stages
    ]
    lines += [f"ring {ring.name}: {ring.level} of {ring.capacity}, at most {ring.high_water}" for ring in report.rings]
    for stage in report.stages:
        if stage.name == report.bottleneck and report.seconds > 0:
            lines.append(f"bottleneck: {stage.name}, busy {min(stage.load / report.seconds, 1):.0%} of the time")
    lines += [f"{name} ran on: {str(where).splitlines()[0]}" for name, where in report.placement.items() if str(where)]
    if report.failed is not None:
        lines.append(f"failed on frame {report.failed}")
    if report.unfinished:
        lines.append(f"unfinished frames: {', '.join(map(str, report.unfinished))}")
    lines += [f"kept: {what}" for what in report.kept]
    lines += [f"abandoned: {name}" for name in report.abandoned]
    lines += [f"warning: {text}" for text in report.warnings]
    return lines
