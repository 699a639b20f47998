"""Case 21: transparency comes in, and goes out where the container can hold it; else it is refused with what can."""

from __future__ import annotations

import numpy as np
import pytest

from clips import clip, copy, indexes, painted, upright
from framelane import VideoError, VideoReader, VideoWriter
from framelane.video import probe

CLIPS = ["21_prores4444.mov", "21_vp9.webm", "21_png.mov"]
HOLDING = [".mov", ".webm", ".mkv", ".apng", "/", "_%04d.png", "_%d.webp", "_%03d.tif"]


def alphas(path, pixel_format="rgba"):
    frames = VideoReader(path, format=pixel_format)
    return np.array([frame.image[..., 3] if pixel_format == "rgba" else frame.image[3] for frame in frames]).astype(int)


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("pixel_format", ["rgba", "gbrap"])
@pytest.mark.parametrize("ending", HOLDING)
def test_alpha_comes_through(tmp_path, name, pixel_format, ending):
    before = alphas(clip(name), pixel_format)
    assert (before.min(), before.max()) == (0, 255)
    out = f"{tmp_path}/out{ending}"
    reader, _ = copy(clip(name), out, pixel_format)
    assert reader.notes == []
    assert np.abs(alphas(out) - before).max() <= 2
    assert indexes(VideoReader(out, format="rgba")) == list(range(6))
    assert probe(out).alpha


@pytest.mark.parametrize("name", CLIPS)
def test_alpha_that_is_dropped_is_said(name):
    assert any("transparency" in note for note in VideoReader(clip(name)).notes)


@pytest.mark.parametrize("pixel_format", ["rgba", "gbrap", "bgra", "rgba64"])
def test_without_alpha_pixels_are_opaque_and_that_is_said(pixel_format):
    reader = VideoReader(clip("00_base.mp4"), format=pixel_format)
    image = next(iter(reader)).image
    alpha = image[3] if pixel_format == "gbrap" else image[..., 3]
    assert (alpha == np.iinfo(alpha.dtype).max).all()
    assert any("opaque" in note for note in reader.notes)


@pytest.mark.parametrize("ending", [".mp4", ".avi", ".ts", ".flv", ".mpg", ".m4v", ".gif", "_%d.jpg", "_%d.bmp"])
def test_where_alpha_cannot_be_held_it_is_refused_with_what_can(tmp_path, ending):
    with pytest.raises(VideoError, match=r"transparency, which it cannot hold; use one of .*\.(mov|png)"):
        copy(clip("21_png.mov"), tmp_path / f"out{ending}", "rgba")
    assert list(tmp_path.iterdir()) == []


def test_a_codec_that_holds_alpha_may_be_chosen(tmp_path):
    for codec in ("qtrle", "png"):
        copy(clip("21_png.mov"), tmp_path / f"{codec}.mov", "rgba", writer={"codec": codec})
        assert np.abs(alphas(tmp_path / f"{codec}.mov") - alphas(clip("21_png.mov"))).max() == 0


def test_a_codec_that_cannot_is_refused(tmp_path):
    with pytest.raises(VideoError, match="transparency"):
        copy(clip("21_png.mov"), tmp_path / "out.mkv", "rgba", writer={"codec": "h264"})


def test_sixteen_bits_with_alpha(tmp_path):
    image = np.zeros((96, 160, 4), np.uint16)
    image[..., :3] = painted(3).astype(np.uint16) * 257
    image[..., 3] = np.linspace(0, 65535, 160).astype(np.uint16)
    with VideoWriter(f"{tmp_path}/out/") as write:
        write(image)
    back = next(iter(VideoReader(tmp_path / "out", format="rgba64")))
    assert np.array_equal(back.image, image)


def test_an_opaque_gif_is_not_said_to_lose_anything():
    assert VideoReader(clip("26_palette.gif")).notes == []


def test_black_and_white_of_a_cut_out_keep_their_colours(tmp_path):
    """What is transparent keeps the colours that lie under it: nobody multiplies them by alpha."""
    image = np.dstack([painted(1), np.zeros((96, 160), np.uint8)])
    with VideoWriter(tmp_path / "out.mov") as write:
        write(image)
    back = next(iter(VideoReader(tmp_path / "out.mov", format="rgba")))
    assert np.abs(upright(back)[40].astype(int) - image[40, :, :3]).max() <= 6
