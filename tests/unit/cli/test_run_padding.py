"""A network that wants its sides in multiples of 16, on videos that have others."""

from __future__ import annotations

import numpy as np
import pytest

from framelane.video import VideoReader, probe


@pytest.mark.parametrize("source", ["22_wide_pixels.mp4", "18_odd_444.mp4"])
def test_padding_is_invisible(run_json, tmp_path, clips, source):
    out, plain = tmp_path / "out.mkv", tmp_path / "plain.mkv"
    exact = ("--codec", "ffv1", "--pixel-format", "yuv444p")
    report, err = run_json("07_windows_of_16", source, out, "--multiple-of", 16, *exact)
    run_json("any_identity", source, plain, *exact)
    before, after = probe(clips / source), probe(out)
    assert (after.width, after.height) == (before.width, before.height)
    assert "filled up to" in err
    assert report["output"]["size"] == [before.width, before.height]
    pictures = [[frame.image.copy() for frame in VideoReader(path)] for path in (out, plain)]
    assert len(pictures[0]) == before.frame_count
    assert np.array_equal(*pictures)


def test_the_shape_of_pixels_is_kept(run_json, tmp_path, clips):
    run_json("07_windows_of_16", "22_wide_pixels.mp4", tmp_path / "out.mp4", "--multiple-of", 16)
    assert probe(tmp_path / "out.mp4").pixel_aspect == probe(clips / "22_wide_pixels.mp4").pixel_aspect != 1


def test_the_network_gets_the_edge_repeated(run_json, tmp_path):
    run_json("07_windows_of_16", "18_odd_444.mp4", tmp_path / "out.npz", "--multiple-of", 16, "--frames", 1)
    with np.load(tmp_path / "out.npz") as out:
        tensor = out["y"][0, 0]
    assert tensor.shape == (3, 112, 176)
    assert (tensor[:, 97:, :161] == tensor[:, 96:97, :161]).all()
    assert (tensor[:, :, 161:] == tensor[:, :, 160:161]).all()
