from __future__ import annotations

import json
import os
from pathlib import Path

import av
import pytest

from framelane.cli import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("framelane.cli._demo_media.FRAMES", 20)
    return tmp_path


def test_a_video_with_sound_lies_in_the_folder(here, capsys):
    assert main(["demo"]) == 0
    out, err = capsys.readouterr()
    assert os.listdir(here) == ["framelane-demo.mp4"]
    with av.open("framelane-demo.mp4") as container:
        assert sum(1 for _ in container.decode(video=0)) == 20
        assert container.streams.audio[0].duration
    assert "20 frames in" in out
    assert "framelane-demo.mp4 is there" in err
    assert "framelane demo --keep" in err
    assert main(["demo", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_keep_leaves_material_for_the_command_that_it_shows(here, capsys):
    assert main(["demo", "--keep", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["frames"] == 20
    assert sorted(os.listdir(here)) == ["framelane-demo-source.mp4", "framelane-demo.mp4", "framelane-demo.onnx"]
    shown = next(line for line in err.splitlines() if line.startswith("  framelane run"))
    assert main([*shown.split()[1:-4], "--frames", "3"]) == 0
    assert Path("again.mp4").exists()


def test_a_folder_that_takes_no_file(here, monkeypatch, capsys):
    monkeypatch.setattr("os.access", lambda *_: False)
    assert main(["demo"]) == 5
    assert "go to another folder" in capsys.readouterr().err
