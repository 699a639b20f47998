"""Folders of pictures and numbered series as IN and OUT."""

import hashlib
import json
import os
import shutil

import numpy as np
import pytest

import framelane as fl


def images(path):
    with fl.VideoReader(path) as reader:
        return [frame.image for frame in reader]


@pytest.mark.parametrize("source", ["29_natural", "29_natural/", "29_natural/%d.png"])
def test_pictures_become_a_film_in_the_order_of_their_numbers(run_json, clips, tmp_path, source):
    out = tmp_path / "out.mkv"
    report, _ = run_json("any_identity", f"{clips}/{source}", out, "--rate", 10)
    assert report["frames"] == 12
    for number, image in enumerate(images(out), 1):
        original = images(clips / "29_natural" / f"{number}.png")[0]
        assert np.abs(image.astype(int) - original).mean() < 6


@pytest.mark.parametrize("source", ["29_hole", "29_hole/%06d.png"])
@pytest.mark.parametrize("out", ["new/", "%03d.png"])
def test_a_hole_is_said_and_pictures_come_out_as_they_were(run_json, clips, tmp_path, source, out):
    report, err = run_json("any_identity", f"{clips}/{source}", f"{tmp_path}/{out}")
    assert "has holes: 3 to 4 are missing" in err
    assert any("has holes" in note for note in report["notes"])
    written = images(f"{tmp_path}/{out}")
    numbers = [0, 1, 2, 5, 6]
    assert len(written) == len(numbers)
    for number, image in zip(numbers, written, strict=True):
        np.testing.assert_array_equal(image, images(clips / "29_hole" / f"{number:06}.png")[0])


def test_a_part_of_a_series(run, clips, tmp_path):
    out = tmp_path / "out.jsonl"
    assert run("any_scalar", clips / "29_natural", out, "--rate", 10, "--start", 0.3, "--frames", 4)[0] == 0
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert [record["frame"] for record in records] == [3, 4, 5, 6]


def test_pictures_of_several_kinds_are_brought_to_one_and_that_is_said(run_json, clips, tmp_path):
    report, _ = run_json("any_identity", clips / "29_mixed", tmp_path / "out.mkv")
    assert report["frames"] == 6
    assert any("of several kinds" in note for note in report["notes"])
    assert any("1 picture of another size fitted into 160x96" in note for note in report["notes"])


@pytest.mark.parametrize("source", ["{}/gone/%06d.png", "{}/%06d.png", "{}/empty", "{}/gone"])
def test_a_series_that_is_not_there(refused, tmp_path, source):
    (tmp_path / "empty").mkdir()
    text = refused("any_identity", tmp_path / source.format(tmp_path), tmp_path / "out.mp4", code=4)
    assert os.path.basename(source) in text


@pytest.mark.parametrize(
    ("source", "out"),
    [("in", "in/"), ("in", "in/%06d.png"), ("in/%06d.png", "in"), ("in/%06d.png", "in/%06d.png")],
)
@pytest.mark.parametrize("options", [(), ("--overwrite",)])
def test_pictures_are_never_written_over_those_that_are_read(refused, clips, tmp_path, source, out, options):
    folder = shutil.copytree(clips / "29_hole", tmp_path / "in")
    before = {path.name: hashlib.sha256(path.read_bytes()).digest() for path in folder.iterdir()}
    refused("any_identity", tmp_path / source, f"{tmp_path}/{out}", *options, code=5)
    assert {path.name: hashlib.sha256(path.read_bytes()).digest() for path in folder.iterdir()} == before
