"""The demo's material, made on the spot: a short clip with sound, and a small network that draws edges as neon."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import onnx

    Array = np.ndarray[Any, np.dtype[Any]]

WIDTH, HEIGHT, FPS, FRAMES = 640, 360, 30, 120
SOUND_RATE = 48_000
_BOUNCE = 20  # frames from one bounce to the next
_BALL = 46  # radius in pixels
_NOTES = (220.0, 277.18, 329.63, 440.0, 329.63, 277.18)  # Hz: A major, up and down


def write_clip(path: Path) -> None:
    """Write the clip: a ball that bounces over drifting stripes, with a note at each bounce."""
    import av

    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS, options={"crf": "18", "preset": "veryfast"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound = container.add_stream("aac", rate=SOUND_RATE, layout="stereo")
        for picture in _pictures():
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(video.encode(None))
        for start, block in _sound_blocks():
            frame = av.AudioFrame.from_ndarray(block, "fltp", "stereo")
            frame.rate, frame.pts, frame.time_base = SOUND_RATE, start, Fraction(1, SOUND_RATE)
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))


def neon_network() -> onnx.ModelProto:
    """Build the network: Sobel edges of each colour, bright over the darkened picture; any size, values 0 to 1."""
    from onnx import TensorProto, helper, numpy_helper

    sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32) / 4
    edges = np.stack([kernel[None] for _ in range(3) for kernel in (sobel, sobel.T)])  # across and down, a colour each
    strength = np.zeros((3, 6, 1, 1), np.float32)
    for colour in range(3):
        strength[colour, 2 * colour : 2 * colour + 2] = 3
    constants: dict[str, Array] = {
        "border": np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64),
        "edge_kernels": edges,
        "strength": strength,
        "shade": np.array(0.3, np.float32),
        "black": np.array(0, np.float32),
        "white": np.array(1, np.float32),
    }
    nodes = [
        helper.make_node("Pad", ["image", "border"], ["wider"], "repeat_border", mode="edge"),
        helper.make_node("Conv", ["wider", "edge_kernels"], ["slopes"], "edges", group=3),
        helper.make_node("Abs", ["slopes"], ["steep"], "steepness"),
        helper.make_node("Conv", ["steep", "strength"], ["glow"], "glow"),
        helper.make_node("Mul", ["image", "shade"], ["dark"], "darken"),
        helper.make_node("Add", ["dark", "glow"], ["bright"], "light_up"),
        helper.make_node("Clip", ["bright", "black", "white"], ["neon"], "limit"),
    ]
    shape: list[str | int | None] = ["batch", 3, "height", "width"]
    graph = helper.make_graph(
        nodes,
        "neon",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("neon", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="framelane demo"
    )


def _pictures() -> Iterator[Array]:
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    for number in range(FRAMES):
        stripes = 0.5 + np.clip(7 * np.sin((columns + 0.6 * rows + 4 * number) / 30), -0.5, 0.5)
        sky = np.stack([50 + 110 * stripes, 40 + 60 * rows / HEIGHT, 190 - 110 * stripes], axis=-1)
        x, y = _ball_at(number)
        far = np.hypot(columns - x, rows - y)
        light = np.clip(1.15 - np.hypot(columns - x + 15, rows - y + 15) / (1.6 * _BALL), 0.25, 1)
        ball = light[..., None] * np.array([255, 190, 40], np.float32)
        floor = (rows > HEIGHT - 30)[..., None]
        picture = np.where(floor, np.array([30, 110, 80], np.float32), sky)
        cover = np.clip(_BALL - far, 0, 1)[..., None]
        yield (picture + cover * (ball - picture)).astype(np.uint8)


def _ball_at(number: int) -> tuple[float, float]:
    way = number / FRAMES
    phase = (number % _BOUNCE) / _BOUNCE
    height = 4 * phase * (1 - phase)  # a parabola: 0 on the floor, 1 at the top
    return _BALL + way * (WIDTH - 2 * _BALL), HEIGHT - 30 - _BALL - height * (HEIGHT - 2.6 * _BALL - 40)


def _sound_blocks() -> Iterator[tuple[int, Array]]:
    """Yield blocks of planar stereo sound, each with the number of its first sample."""
    samples = SOUND_RATE * FRAMES // FPS
    seconds = np.arange(samples) / SOUND_RATE
    tone = np.zeros(samples)
    for bounce in range(FRAMES // _BOUNCE):
        after = np.clip(seconds - bounce * _BOUNCE / FPS, 0, None)
        attack = np.clip(after / 0.005, 0, 1)
        tone += 0.3 * attack * np.exp(-5 * after) * np.sin(2 * np.pi * _NOTES[bounce % len(_NOTES)] * after)
    right = seconds / seconds[-1]  # the sound goes with the ball from left to right
    stereo = np.stack([tone * np.sqrt(1 - right), tone * np.sqrt(right)]).astype(np.float32)
    for start in range(0, samples, 1024):
        yield start, np.ascontiguousarray(stereo[:, start : start + 1024])
