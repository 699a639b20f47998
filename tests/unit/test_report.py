"""Report: the account of a run, as an object, as JSON and as text."""

import json

import numpy as np
import pytest

import framelane as fl
from framelane._report import Indices, bottleneck_of


def ignore(frame):
    pass


def frames(count):
    return [np.full(4, index) for index in range(count)]


@pytest.fixture(scope="module")
def report():
    def detect(frame):
        return frame

    def odd_only(frame):
        return frame if frame.index % 2 else None

    return fl.Pipeline([frames(20), fl.Stage(detect, workers=2), odd_only, [].append], capacity=3).run()


def test_counts_what_came_out_and_what_each_stage_did(report):
    assert report.frames == 10
    assert [(stage.name, stage.kind, stage.workers, stage.frames) for stage in report.stages] == [
        ("source", "source", 1, 20),
        ("detect", "stage", 2, 20),
        ("odd_only", "stage", 1, 10),
        ("append", "sink", 1, 10),
    ]
    assert report.dropped == 10
    assert report.stages[2].dropped == 10
    assert report.stages[2].dropped_frames == [[i, i] for i in range(0, 20, 2)]
    assert (report.failed, report.unfinished, report.abandoned, report.kept) == (None, [], [], [])


def test_rings_tell_their_level_and_their_high_water(report):
    assert [ring.name for ring in report.rings] == ["source -> detect", "detect -> odd_only", "odd_only -> append"]
    assert all(ring.level == 0 and ring.capacity == 3 and 1 <= ring.high_water <= 3 for ring in report.rings)


def test_is_json(report):
    plain = json.loads(json.dumps(report.to_dict()))
    wanted = {"frames", "seconds", "fps", "stages", "rings", "bottleneck", "placement", "warnings", "dropped"}
    assert wanted <= set(plain)
    assert plain["frames"] == 10
    assert plain["stages"][1]["workers"] == 2
    assert plain["rings"][0]["capacity"] == 3


def test_is_a_short_table(report):
    text = str(report)
    assert text.startswith("10 frames in ")
    assert "detect" in text
    assert "ring detect -> odd_only: 0 of 3" in text
    assert "bottleneck: " in text


def test_names_what_went_wrong():
    report = fl.Report(
        3, 1.0, 3.0, [], [], None, {"net": "cpu"}, ["slow"], 4, [5, 6], ["out.partial.mp4 (3 frames)"], ["net"]
    )
    text = str(report)
    for part in ("net ran on: cpu", "failed on frame 4", "unfinished frames: 5, 6", "kept: out.partial"):
        assert part in text
    assert text.endswith("abandoned: net\nwarning: slow")


def test_placement_becomes_plain():
    class Placement:
        def to_dict(self):
            return {"nodes": 3}

    report = fl.Report(0, 1.0, 0.0, [], [], None, {"a": Placement(), "b": 3.5})
    assert report.to_dict()["placement"] == {"a": {"nodes": 3}, "b": "3.5"}


def test_the_bottleneck_is_the_stage_with_the_busiest_workers():
    def stage(name, workers, busy):
        return fl.StageReport(name, "stage", workers, 1, busy, 0.0, 0.0)

    assert bottleneck_of([stage("a", 1, 2.0), stage("b", 4, 6.0), stage("c", 1, 1.0)]) == "a"
    assert bottleneck_of([]) is None
    assert bottleneck_of([stage("a", 1, 0.0)]) is None


def test_indices_take_no_room_for_runs_and_a_limited_one_otherwise():
    runs = Indices()
    for index in range(100_000):
        runs.add(index)
    assert (runs.count, runs.ranges) == (100_000, [[0, 99_999]])
    scattered = Indices()
    for index in range(0, 10_000, 2):
        scattered.add(index)
    assert scattered.count == 5000
    assert len(scattered.ranges) == Indices.LIMIT


def test_a_slow_stage_is_the_bottleneck_and_the_others_wait():
    import time

    def slow(frame):
        time.sleep(0.02)
        return frame

    report = fl.Pipeline([frames(15), slow, ignore], capacity=2).run()
    source, stage, sink = report.stages
    assert report.bottleneck == "slow"
    assert stage.busy >= 0.29
    assert source.waiting_output > stage.busy / 2
    assert sink.waiting_input > stage.busy / 2
