"""The options of ``framelane run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from . import _options

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them, in groups."""
    parser.add_argument("model", type=Path, metavar="MODEL", help="the ONNX file")
    parser.add_argument(
        "source", type=_options.file_name, metavar="IN", help="a video, a folder of pictures or a pattern (%%06d.png)"
    )
    parser.add_argument(
        "out",
        type=_options.file_name,
        metavar="OUT",
        help="a video, pictures (a pattern, or a folder with / at its end), .npz, .jsonl, or null: for nothing",
    )
    parser.add_argument("-y", "--overwrite", action="store_true", help="replace OUT if it is there")
    _network(parser.add_argument_group("the network"))
    _frames(parser.add_argument_group("what the network gets (read from the model where it says enough)"))
    _input(parser.add_argument_group("the input"))
    _output(parser.add_argument_group("the output"))
    _words(parser.add_argument_group("what is printed"))


def add_device(group: argparse._ActionsContainer, default: str | None) -> None:
    """Declare where to run, and what may run elsewhere."""
    has = f" ({default})" if default else ""
    group.add_argument(
        "--device",
        default=default,
        required=default is None,
        help=f"where to run: cpu, cuda:0, tensorrt:0, webgpu, or auto, which says what it picked{has}",
    )
    group.add_argument(
        "--allow-cpu",
        action="append",
        default=[],
        metavar="NODE",
        help="a node, or an operator, that may run on the CPU where the device does not take it; can be repeated",
    )
    group.add_argument(
        "--fallback", choices=("cpu",), help="where to run what the device does not take, and all without it"
    )


def _network(group: argparse._ArgumentGroup) -> None:
    add_device(group, default="auto")
    group.add_argument("--batch", type=_options.positive, default=1, metavar="N", help="frames a run, at most (1)")
    group.add_argument("--streams", type=_options.positive, metavar="N", help="runs side by side (one a core, up to 4)")
    group.add_argument("--threads", type=_options.positive, metavar="N", help="threads in a run (cores over streams)")
    group.add_argument("--input", metavar="NAME", help="the input that gets the frames, of several")
    group.add_argument(
        "--set",
        type=_options.named_value,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="the value of another input: a number, numbers with commas between, or an .npy file; can be repeated",
    )
    group.add_argument(
        "--output", action="append", default=[], metavar="NAME", help="the output to write, of several; can be repeated"
    )
    group.add_argument(
        "--operators", type=Path, action="append", default=[], metavar="LIBRARY", help="a library of further operators"
    )


def _frames(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--size", type=_options.size, metavar="WxH", help="size of the network's input")
    group.add_argument("--resize", choices=("letterbox", "stretch", "crop"), help="how frames get to it (letterbox)")
    group.add_argument(
        "--multiple-of",
        type=_options.positive,
        metavar="N",
        help="fill frames up to multiples of N with their own edge; the output loses that part again",
    )
    group.add_argument("--color", choices=("rgb", "bgr", "gray", "rgba", "bgra"), help="order of its channels")
    group.add_argument("--layout", type=str.upper, metavar="AXES", help="order of its axes: NCHW, NHWC, CHW, HWC, ...")
    group.add_argument("--scale", type=_options.number, help="(pixel * SCALE - MEAN) / STD; default 1/255")
    group.add_argument("--mean", type=_options.numbers, help="one number, or one a channel: 0.485,0.456,0.406")
    group.add_argument("--std", type=_options.numbers, help="the same")


def _input(group: argparse._ArgumentGroup) -> None:
    place = "seconds (1.3), a clock (0:01.3) or a frame (33f)"
    group.add_argument("--start", type=_options.position, metavar="PLACE", help=f"where to begin: {place}")
    group.add_argument("--end", type=_options.position, metavar="PLACE", help="where to stop; that frame is left out")
    group.add_argument("--frames", type=_options.positive, metavar="N", help="how many frames, at most")
    group.add_argument("--rate", type=_options.number, metavar="FPS", help="frames a second of pictures (25)")
    group.add_argument("--deinterlace", action="store_true", help="make whole pictures of interlaced ones")


def _output(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--codec", help="h264, hevc, vp9, av1, prores, or FFmpeg's name of an encoder")
    group.add_argument("--crf", type=_options.number, metavar="Q", help="constant quality: lower is better (H.264: 18)")
    group.add_argument("--bitrate", type=_options.bitrate, help="bits a second instead: 8M, 800k")
    group.add_argument("--pixel-format", metavar="NAME", help="FFmpeg's name of the format to encode (yuv420p)")
    group.add_argument(
        "--audio",
        type=_options.file_name,
        default="copy",
        metavar="copy|none|FILE",
        help="the source's sound, cut with the picture (copy), none, or that of a file",
    )


def _words(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--json", action="store_true", help="print one JSON object on stdout, all else on stderr")
    group.add_argument("--quiet", action="store_true", help="print errors only")
    group.add_argument("--no-progress", action="store_true", help="show no progress bar")
