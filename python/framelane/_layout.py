"""Lays out one run of a pipeline: the stages, the links that join them, and the threads in between."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from ._core import Activity
from ._infer import Infer
from ._links import EngineLink, NoLink, RingLink
from ._order import Order
from ._stage import Stage, name_of
from ._stage_run import StageRun
from ._workers import SinkWorker, SourceWorker, StageWorker, Worker

if TYPE_CHECKING:
    from ._frame import Frame
    from ._run import Run


def names_of(elements: list[Any]) -> list[str]:
    """Return a name for each element, each another one."""
    names: list[str] = []
    for index, element in enumerate(elements):
        default = "source" if index == 0 else f"stage {index}"
        target = element.target if isinstance(element, Stage) else element
        given = element.name if isinstance(element, (Stage, Infer)) else None
        name = given or name_of(target, default)
        names.append(name if name not in names else f"{name} {index}")
    return names


def lay_out_stages(elements: list[Any], sink: bool) -> list[StageRun]:
    """Return the stages of a run, with a thread wherever an engine needs one to put or to get."""
    stages: list[StageRun] = []
    for name, element in zip(names_of(elements), elements, strict=True):
        if isinstance(element, Infer) and stages[-1].kind == "infer":
            stages.append(_carrier(stages[-1].name, "stage"))
        kind = "infer" if isinstance(element, Infer) else "stage" if stages else "source"
        spec = element if isinstance(element, (Stage, Infer)) else Stage(element)
        stages.append(StageRun(name, kind, spec))
    if sink:
        if stages[-1].kind == "infer":
            stages.append(_carrier(stages[-1].name, "sink"))
        stages[-1].kind = "sink"
    for index, stage in enumerate(stages):
        stage.index = index
    return stages


def _carrier(name: str, kind: str) -> StageRun:
    stage = StageRun(f"behind {name}", kind, Stage(_carry))
    stage.hidden = True
    return stage


def _carry(frame: Frame) -> Frame:
    return frame


def open_engines(stages: list[StageRun], capacity: int) -> None:
    """Open the engine of each `Infer`; raises what that raises."""
    for stage in stages:
        if isinstance(stage.spec, Infer):
            engine = stage.spec.open(stage.name, capacity)
            stage.engine = EngineLink(engine, stage.index, stage.name)
            stage.activities = engine.activities
            stage.device = engine.session.device


def join(stages: list[StageRun], capacity: int) -> None:
    """Put a link between each stage and the next; an engine is the link of its neighbours."""
    for before, stage in itertools.pairwise(stages):
        link = stage.engine or before.engine or RingLink(capacity, before.name, stage.name)
        before.out = stage.into = link
    last = stages[-1]
    if last.kind == "sink":
        last.out = NoLink()
    else:
        last.out = last.engine or RingLink(capacity, last.name, "results")


def make_workers(run: Run, stages: list[StageRun]) -> list[Worker]:
    """Make the threads; an engine has its own."""
    workers: list[Worker] = []
    for stage in stages:
        if not stage.native:
            workers += _workers_of(run, stage)
    return workers


def _workers_of(run: Run, stage: StageRun) -> list[Worker]:
    assert isinstance(stage.spec, Stage)
    stage.activities = [Activity() for _ in range(stage.spec.workers)]
    if stage.kind == "source":
        return [SourceWorker(run, stage, stage.activities[0])]
    if stage.kind == "sink":
        return [SinkWorker(run, stage, activity) for activity in stage.activities]
    if stage.spec.workers > 1:
        stage.order = Order(stage.into.get, window=2 * stage.spec.workers)
    return [StageWorker(run, stage, activity) for activity in stage.activities]
