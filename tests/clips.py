"""The clips in tests/data/clips, and more of their kinds made on the spot. `marks.py` reads them back."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from marks import BITS, PATCHES, edges, index_of, patches_of

CLIPS = Path(__file__).parent / "data" / "clips"


def clip(name: str) -> Path:
    return CLIPS / name


def painted(index: int, width: int = 160, height: int = 96) -> np.ndarray:
    """A picture that carries an index along its top and eight colours along its bottom, with a slope between them."""
    image = np.empty((height, width, 3), np.uint8)
    image[:] = np.linspace(40, 200, width).astype(np.uint8)[None, :, None]
    band = height // 6
    columns = edges(width, BITS)
    for bit, (a, b) in enumerate(pairwise(columns)):
        image[:band, a:b] = 255 if index >> (BITS - 1 - bit) & 1 else 0
    columns = edges(width, len(PATCHES))
    for patch, a, b in zip(PATCHES, columns[:-1], columns[1:], strict=True):
        image[height - band :, a:b] = patch
    return image


def movie(path, count: int = 10, *, width: int = 160, height: int = 96, codec="libx264", pix_fmt="yuv420p", **how):
    """Encode `count` painted pictures with PyAV alone.

    Of `how`: `times` (seconds), `rate`, `format` (container), `options`, `context` (attributes of the codec context),
    `images` (instead of painted ones), `image_format`, `sound` (seconds of a tone: codec, rate, layout).
    """
    import av

    rate = Fraction(how.get("rate", 25))
    times = how.get("times") or [i / rate for i in range(count)]
    images = how.get("images") or [painted(i, width, height) for i in range(count)]
    with av.open(str(path), "w", format=how.get("format")) as out:
        stream = out.add_stream(codec, rate=rate, options=how.get("options") or {})
        stream.width, stream.height, stream.pix_fmt = images[0].shape[1], images[0].shape[0], pix_fmt
        stream.codec_context.time_base = base = Fraction(how.get("time_base", Fraction(1, 1000)))
        for name, value in (how.get("context") or {}).items():
            setattr(stream.codec_context, name, value)
        for image, time in zip(images, times, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format=how.get("image_format", "rgb24"))
            matrix = (how.get("context") or {}).get("colorspace", 5)
            full = (how.get("context") or {}).get("color_range", 1)
            frame = frame.reformat(
                format=pix_fmt,
                src_colorspace=av.video.reformatter.Colorspace(1 if matrix != 1 else 5),
                dst_colorspace=av.video.reformatter.Colorspace({6: 5, 2: 5}.get(matrix, matrix)),
                src_color_range=av.video.reformatter.ColorRange(2),
                dst_color_range=av.video.reformatter.ColorRange(full or 1),
            )
            frame.pts, frame.time_base = round(Fraction(time) / base), base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def indexes(frames) -> list[int | None]:
    """The painted index of each frame of a reader."""
    return [index_of(upright(frame)) for frame in frames]


def upright(frame) -> np.ndarray:
    """The picture of a frame as [height, width, 3] RGB, whatever its format."""
    image = np.asarray(frame.image)
    name = frame.meta["pixel_format"]
    if name.startswith("gbr"):
        image = np.moveaxis(image, 0, 2)[:, :, [2, 0, 1]]
    elif name.startswith("bgr"):
        image = image[:, :, [2, 1, 0]]
    elif name.startswith("gray"):
        image = np.repeat(image[:, :, None], 3, axis=2)
    if image.dtype == np.uint16:
        bits = next((n for n in (10, 12, 14) if str(n) in name), 16)
        image = (image >> (bits - 8)).astype(np.uint8)
    return image[:, :, :3]


def colours_differ(one, other) -> float:
    """The largest difference between the patches of two pictures."""
    return float(np.abs(patches_of(one) - patches_of(other)).max())
