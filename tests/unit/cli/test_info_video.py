from __future__ import annotations

import json
import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from framelane.cli import main
from framelane.cli._video_facts import video_lines
from framelane.video import SoundTrack, VideoInfo

CLIPS = Path(__file__).parents[2] / "data" / "clips"
DAMAGED = ("24_cut_before_codec", "24_cut_in_first_frame", "24_cut_in_table", "24_empty", "24_no_index", "24_text")


def info(capsys, path):
    assert main(["info", str(path), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_facts_as_json(capsys):
    facts = info(capsys, CLIPS / "00_base.mp4")
    assert facts["kind"] == "video"
    assert (facts["width"], facts["height"], facts["frame_count"], facts["rate"]) == (160, 96, 50, 25)
    assert facts["sound"][0]["codec"] == "aac"
    assert facts["notes"] == []


def test_facts_in_words(capsys):
    assert main(["info", str(CLIPS / "14_rot90.mp4")]) == 0
    out, err = capsys.readouterr()
    assert "96x160, h264 yuv420p, BT.709, limited range" in out
    assert "stored as 160x96, turned 90 degrees clockwise" in out
    assert "about 50 frames, 2 s, 25 frames a second" in out
    assert err == ""


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_damage_is_a_sentence(capfd, name, form):
    assert main(["info", str(CLIPS / f"{name}.mp4"), *form]) == 4
    out, err = capfd.readouterr()
    assert err.startswith("framelane: error: ")
    assert f"{name}.mp4" in err
    assert err.count("\n") == 1
    assert json.loads(out)["error"]["exit_code"] == 4 if form else out == ""


@pytest.mark.parametrize("name", ["26_sound_only.m4a", "26_no_frames.mkv", "no_such_file.mp4"])
def test_no_picture_is_a_sentence(capfd, name):
    assert main(["info", str(CLIPS / name)]) == 4
    assert name in capfd.readouterr().err


def test_a_model_is_one_whatever_it_is_called(capsys, tmp_path):
    shutil.copy(CLIPS.parent / "models" / "any_identity.onnx", tmp_path / "network.bin")
    assert info(capsys, tmp_path / "network.bin")["kind"] == "model"


def test_words_for_all_there_may_be():
    facts = {
        "path": "a.mkv",
        "container": "matroska",
        "codec": "mpeg2video",
        "pixel_format": "yuv420p",
        "width": 720,
        "height": 576,
        "stored_size": (720, 576),
        "orientation": "upright",
        "rate": Fraction(25),
        "duration": 3723.5,
        "frame_count": None,
        "bits": 8,
        "alpha": False,
        "pixel_aspect": Fraction(64, 45),
        "interlaced": True,
        "colour": "BT.601, limited range",
        "sound": (SoundTrack("ac3", 48000, 6, "de"), SoundTrack("mp3", 44100, 1)),
        "subtitles": 2,
        "metadata": {"title": "Film", "year": "1999"},
    }
    assert video_lines(VideoInfo(**facts)) == {
        "container": "matroska",
        "picture": "720x576, mpeg2video yuv420p, BT.601, limited range, pixels 64:45, interlaced",
        "length": "1:02:03.50, 25 frames a second",
        "sound": "ac3, 48000 Hz, 6 channels, de; mp3, 44100 Hz, 1 channel",
        "subtitles": "2",
        "metadata": "title: Film\nyear: 1999",
    }
    silent = VideoInfo(**{**facts, "duration": None, "sound": (), "subtitles": 0, "metadata": {}, "frame_count": 3})
    assert video_lines(silent)["sound"] == "none"
    assert video_lines(silent)["length"] == "about 3 frames, 25 frames a second"
