"""Every file in examples/ runs as it is and says what it should."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import framelane
from needs import need

FOLDER = Path(__file__).parents[2] / "examples"
SAYS = {
    "incident.py": r"bottleneck: network, .*\n(warning: .*\n)*150 of 150 frames came out in order: True",
    "newest_frame_only.py": r"\d+ frames seen, \d+ dropped, the last one seen is 59",
    "video_pipeline.py": r"50 frames, \d+ a second; the bottleneck is \w+\nreader: busy",
    "session_run.py": r"1 run, 0 copies\n(?s:.*)image",
    "pipeline.py": r"90 frames came out, 10 were dropped, in order: True\n(.*\n)left at frame 31, .* 131",
    "ring_between_threads.py": r"100 of 100 items came through in order, their sum is 4950",
}


def test_every_example_is_exercised():
    need("the checkout", FOLDER.is_dir())
    assert {path.name for path in FOLDER.glob("*.py")} == set(SAYS)


@pytest.mark.parametrize("name", SAYS)
def test_example(name, tmp_path):
    need("the checkout", FOLDER.is_dir())
    env = os.environ | {"PYTHONPATH": str(Path(framelane.__file__).parents[1])}
    command = [sys.executable, "-W", "error", str(FOLDER / name)]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(SAYS[name], done.stdout), done.stdout
