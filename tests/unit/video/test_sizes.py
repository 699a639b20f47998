"""Case 18: any size is written: exactly, or with one column or row repeated; never scaled, and said before."""

from __future__ import annotations

import numpy as np
import pytest

from clips import clip, colours_differ, copy, indexes, painted, upright
from framelane import Frame, VideoReader, VideoWriter

ODD = (161, 97)
CLIPS = {"18_odd_420.webm": ODD, "18_odd_444.mp4": ODD, "18_narrow.mkv": (37, 211), "18_one_pixel.mkv": (1, 1)}
SIZES = [(161, 97), (160, 97), (161, 96), (1, 1), (2, 1), (1, 2), (3, 3), (37, 211), (33, 17), (511, 2), (854, 480)]


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".webm", ".mov"])
def test_the_clips_keep_their_size(tmp_path, name, ending):
    before = list(VideoReader(clip(name)))
    copy(clip(name), tmp_path / f"out{ending}")
    after = list(reader := VideoReader(tmp_path / f"out{ending}"))
    assert len(after) == len(before)
    assert (reader.width, reader.height) == CLIPS[name]
    if CLIPS[name][0] > 40:
        assert indexes(after) == list(range(len(before)))
        assert max(colours_differ(a.image, b.image) for a, b in zip(before, after, strict=True)) < 4


HOW = [
    *({"format": name, **how} for name in ("rgb24", "gbrp", "gray") for how in ({}, {"pixel_format": "yuv420p"})),
    {"format": "rgb24", "codec": "hevc"},
    {"format": "rgb24", "codec": "av1"},
]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("how", HOW, ids=str)
def test_sizes_of_every_kind(tmp_path, size, how):
    width, height = size if "codec" not in how else (max(size[0], 64) + 1, max(size[1], 64) + 1)  # some take no less
    how = dict(how)
    pixel_format = how.pop("format")
    picture = painted(5, width, height) if min(size) > 30 else np.full((height, width, 3), 90, np.uint8)
    image = {"rgb24": picture, "gbrp": np.moveaxis(picture, 2, 0)[[1, 2, 0]], "gray": picture[:, :, 1]}[pixel_format]
    writer = VideoWriter(tmp_path / "out.mp4", **how)
    writer.prepare(width, height, pixel_format)
    said = list(writer.notes)
    for i in range(3):
        writer(Frame(i, i / 25, {"image": image}, meta={"pixel_format": pixel_format}))
    writer.close()
    frame = next(iter(reader := VideoReader(tmp_path / "out.mp4")))
    written = (reader.width, reader.height)
    assert written in ((width, height), (width + width % 2, height + height % 2))
    assert bool(said) == (width % 2 == 1 or height % 2 == 1)
    back = upright(frame)
    assert np.abs(back[:height, :width].mean((0, 1)) - upright_of(image, pixel_format).mean((0, 1))).max() < 4
    if written[0] > width:
        assert np.abs(back[:, width].astype(int) - back[:, width - 1]).max() < 40


def upright_of(image, pixel_format):
    if pixel_format == "gbrp":
        return np.moveaxis(image, 0, 2)[:, :, [2, 0, 1]]
    return np.repeat(image[:, :, None], 3, axis=2) if pixel_format == "gray" else image


def test_which_of_the_two_is_said():
    writer = VideoWriter("null:")
    writer.close()
    for how, word in (({}, "exactly"), ({"pixel_format": "yuv420p"}, "repeated")):
        writer = VideoWriter("/tmp/never-written.mp4", **how)
        writer.prepare(161, 97)
        assert word in writer.notes[0]
        writer.abort()
