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


def painted(index: int, width: int = 160, height: int = 96, *, flash: bool = False, noise: bool = False) -> np.ndarray:
    """A picture with an index at its top and eight colours at its bottom; between them a slope, white or noise."""
    image = np.empty((height, width, 3), np.uint8)
    image[:] = np.linspace(40, 200, width).astype(np.uint8)[None, :, None]
    if noise:
        image[:] = np.random.default_rng(index).integers(0, 255, image.shape, np.uint8)
    if flash:
        image[:] = 255
    band = max(height // 6, 1)
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
    `images` (instead of painted ones), `image_format`, `field_first` (tff or bff), `container_options`, `metadata`,
    `chapters`, `sound` (a list of what `_beep` takes).
    """
    import av
    import av.video.reformatter

    rate = Fraction(how.get("rate", 25))
    count = len(how.get("images") or how.get("times") or range(count))
    times = how.get("times") or [i / rate for i in range(count)]
    images = how.get("images") or [painted(i, width, height) for i in range(count)]
    with av.open(str(path), "w", format=how.get("format"), container_options=how.get("container_options")) as out:
        out.metadata.update(how.get("metadata") or {})
        tracks = [(sound, _sound_stream(out, **sound)) for sound in how.get("sound", ())]
        stream = out.add_stream(codec, rate=rate, options=how.get("options") or {})
        stream.width, stream.height, stream.pix_fmt = images[0].shape[1], images[0].shape[0], pix_fmt
        stream.codec_context.time_base = base = Fraction(how.get("time_base", Fraction(1, 1000)))
        for name, value in (how.get("context") or {}).items():
            setattr(stream.codec_context, name, value)
        for image, time in zip(images, times, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format=how.get("image_format", "rgb24"))
            matrix = (how.get("context") or {}).get("colorspace", 5)
            frame.colorspace = matrix
            full = (how.get("context") or {}).get("color_range", 1)
            frame = frame.reformat(
                format=pix_fmt,
                src_colorspace=1 if matrix != 1 else 5,
                dst_colorspace={6: 5, 2: 5}.get(matrix, matrix),
                src_color_range=av.video.reformatter.ColorRange(2),
                dst_color_range=av.video.reformatter.ColorRange(full or 1),
            )
            frame.pts, frame.time_base = round(Fraction(time) / base), base
            if "field_first" in how:
                frame = _with_field_order(frame, how["field_first"])
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        for sound, track in tracks:
            _beep(out, track, **sound)
        if "chapters" in how:
            out.set_chapters(how["chapters"])
    return path


def _with_field_order(frame, first):
    """Mark a frame as interlaced, with the field that is shown first: ``tff`` or ``bff``."""
    from av.filter import Graph

    graph = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base)
    field, sink = graph.add("setfield", first), graph.add("buffersink")
    source.link_to(field)
    field.link_to(sink)
    graph.configure()
    graph.push(frame)
    return graph.pull()


def _sound_stream(out, *, codec="aac", rate=48000, layout="stereo", language=None, **_):
    stream = out.add_stream(codec, rate=rate)
    stream.layout = layout
    if language:
        stream.metadata["language"] = language
    return stream


def _beep(out, stream, *, seconds=2.0, beeps=(0.4, 1.2, 1.8), start=0.0, **_):
    """Encode silence with a tone of 50 ms at each of some times; the stream begins at `start`."""
    import av

    rate = stream.codec_context.sample_rate
    samples = np.zeros((1, round(seconds * rate)), np.float32)
    for beep in beeps:
        first = round((beep - start) * rate)
        if 0 <= first < samples.shape[1]:
            tone = np.sin(np.arange(round(rate * 0.05)) * 2 * np.pi * 1000 / rate).astype(np.float32)
            samples[0, first : first + tone.size] = 0.8 * tone[: samples.shape[1] - first]
    for at in range(0, samples.shape[1], 1024):
        piece = np.repeat(samples[:, at : at + 1024], len(stream.layout.channels), axis=1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), "flt", stream.layout.name)
        frame.sample_rate, frame.pts, frame.time_base = rate, round(start * rate) + at, Fraction(1, rate)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def beeps(path, track: int = 0) -> list[float]:
    """The times at which tones begin in a sound track, from the first picture of the file."""
    import av

    from framelane import VideoReader

    with VideoReader(path) as reader:
        begin = -(reader.clock_offset() or 0.0)
    with av.open(str(path)) as container:
        stream = container.streams.audio[track]
        rate = stream.codec_context.sample_rate
        # One channel and interleaved: PyAV crashes on frames of eight planes.
        mono = av.AudioResampler(format="flt", layout="mono", rate=rate)
        pieces, first = [], None
        for frame in container.decode(stream):
            first = float(frame.pts * frame.time_base) if first is None else first
            pieces += [piece.to_ndarray().reshape(-1) for piece in mono.resample(frame)]
        level = np.abs(np.concatenate(pieces))
    loud = np.flatnonzero(level > 0.25 * level.max())
    onsets = [loud[0], *(b for a, b in pairwise(loud) if b - a > 0.1 * rate)] if loud.size else []
    return [round((first or 0) + onset / rate - begin, 4) for onset in onsets]


def sound_length(path, track: int = 0) -> float:
    """Seconds of sound that come out of a track."""
    import av

    with av.open(str(path)) as container:
        stream = container.streams.audio[track]
        return sum(frame.samples for frame in container.decode(stream)) / stream.codec_context.sample_rate


def flashes(path) -> list[float]:
    """The times at which the middle of the picture turns white."""
    from framelane import VideoReader

    times = []
    for frame in VideoReader(path):
        image = upright(frame)
        if image[len(image) // 3 : 2 * len(image) // 3].mean() > 200:
            times.append(round(frame.timestamp, 4))
    return [time for i, time in enumerate(times) if i == 0 or time - times[i - 1] > 0.1]


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


def copy(source, target, pixel_format="rgb24", writer=None, **how):
    """Read and write without change; return reader and writer. `writer` has options of the one, `how` of the other."""
    from framelane import VideoReader, VideoWriter

    reader = VideoReader(source, format=pixel_format, **how)
    with VideoWriter(target, **(writer or {})) as written:
        written.open(reader)
        for frame in reader:
            written(frame)
    return reader, written
