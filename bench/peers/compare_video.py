"""Video through three networks: framelane beside its rivals, in turns on one machine; prints the ratios.

`python bench/peers/compare_video.py --video VIDEO [--rounds 5] [--only light]`. A rival that is not installed is
left out and named. With VapourSynth, in an environment of Python 3.12 or newer:
`pip install ".[cpu,video]" vapoursynth vapoursynth-mlrt-ort vapoursynth-bestsource`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from video_networks import save_networks  # noqa: E402

RIVALS = {
    "plain loop": ("plain_loop.py", "av", []),
    "VapourSynth": ("vapoursynth_mlrt.py", "vapoursynth", ["--streams", "1"]),
    "VapourSynth, 2 streams": ("vapoursynth_mlrt.py", "vapoursynth", ["--streams", "2"]),
    "framelane": ("framelane_pipeline.py", "framelane", []),
}
TOLERANCE = 1.0  # of mean luma, of 255: other scalers, the same picture


def measure(script: str, model: Path, video: Path, options: list[str]) -> dict[str, float]:
    command = [sys.executable, str(HERE / script), "--model", str(model), "--video", str(video), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{script} failed:\n{done.stderr}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def compare(model: Path, video: Path, rounds: int) -> dict[str, float]:
    """Median frames per second of each rival; a round has each of them once."""
    present = {name: rival for name, rival in RIVALS.items() if importlib.util.find_spec(rival[1])}
    for name in set(RIVALS) - set(present):
        print(f"  {name} is not installed here")
    results: dict[str, list[dict[str, float]]] = {name: [] for name in present}
    for _ in range(rounds):
        for name, (script, _, options) in present.items():
            results[name].append(measure(script, model, video, options))
    expected = results["plain loop"][0]
    for name, runs in results.items():
        assert all(run["frames"] == expected["frames"] for run in runs), f"{name} lost frames"
        assert all(abs(run["mean"] - expected["mean"]) < TOLERANCE for run in runs), (
            f"{name} made another picture: {runs}"
        )
    return {name: median(run["fps"] for run in runs) for name, runs in results.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--video", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["light", "middle", "heavy"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, model in save_networks(Path(folder)).items():
            if arguments.only in (None, name):
                print(name, flush=True)
                fps = compare(model, arguments.video, arguments.rounds)
                for rival, value in fps.items():
                    print(
                        f"  {rival}: {value:.1f} fps, framelane is {fps.get('framelane', 0) / value:.2f}x", flush=True
                    )


if __name__ == "__main__":
    main()
