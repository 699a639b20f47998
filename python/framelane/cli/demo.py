"""``framelane demo``: the main job on material that is made on the spot."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ._exit import CommandError, ExitCode
from ._extras import need_extra
from ._signals import orderly_termination

if TYPE_CHECKING:
    import argparse

    from ._console import Console

NAME = "demo"
SUMMARY = "make a clip and a small network, and run one over the other"
DESCRIPTION = """\
Make a short clip with sound and a small network that draws edges as neon, run the network over the clip, and write
framelane-demo.mp4 into the current folder. Needs no file and no network connection."""
EPILOG = ""
OUT, CLIP, MODEL = "framelane-demo.mp4", "framelane-demo-source.mp4", "framelane-demo.onnx"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``framelane demo``."""
    parser.add_argument("--keep", action="store_true", help=f"keep the clip and the network: {CLIP}, {MODEL}")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout, all else on stderr")
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")


def execute(args: argparse.Namespace, console: Console) -> int:
    """Make the material and run the network over it."""
    need_extra("av", "onnx", "rich")
    here = Path.cwd()
    if not os.access(here, os.W_OK | os.X_OK):
        raise CommandError(f"no permission to write {OUT} into {here}; go to another folder", ExitCode.OUTPUT)
    with orderly_termination(), tempfile.TemporaryDirectory(prefix="framelane-demo-") as folder:
        code = _run_in(here if args.keep else Path(folder), args, console)
    if code == ExitCode.DONE:
        console.say(_what_next(kept=args.keep))
    return code


def _run_in(folder: Path, args: argparse.Namespace, console: Console) -> int:
    import onnx

    from . import make_parser, run
    from ._demo_media import FPS, FRAMES, HEIGHT, WIDTH, neon_network, write_clip

    console.say(f"Makes a clip with sound, {WIDTH}x{HEIGHT}, {FRAMES / FPS:g} seconds, and a network of seven nodes.")
    write_clip(folder / CLIP)
    onnx.save(neon_network(), folder / MODEL)
    arguments = ["run", str(folder / MODEL), str(folder / CLIP), OUT, "--overwrite"]
    if args.no_progress:
        arguments.append("--no-progress")
    return run.run(make_parser().parse_args(arguments), console)


def _what_next(*, kept: bool) -> str:
    lines = [f"{OUT} is there: play it, it has the sound of the clip. What to try next:"]
    if kept:
        lines.append(f"  framelane run {MODEL} {CLIP} again.mp4 --start 1 --frames 30")
        lines.append(f"  framelane bench {MODEL}")
    else:
        lines.append("  framelane demo --keep                    keeps the clip and the network as files")
    lines.append(f"  framelane info {OUT}")
    lines.append("  framelane run MODEL.onnx IN.mp4 OUT.mp4  your network over your video")
    return "\n".join(lines)
