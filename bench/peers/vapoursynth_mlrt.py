"""VapourSynth with vs-mlrt's ONNX Runtime plugin: decode, one network, YUV frames out.

Needs Python 3.12 or newer and `pip install vapoursynth vapoursynth-mlrt-ort vapoursynth-bestsource numpy`.
`python bench/peers/vapoursynth_mlrt.py --model MODEL --video VIDEO` prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
from time import perf_counter

import numpy as np
import vapoursynth as vs


def vapoursynth_mlrt(model: str, video: str, streams: int = 1, threads: int = 0) -> dict[str, float]:
    """Run the network over each frame; the clock starts with the first frame asked for, after the file is indexed."""
    core = vs.core
    if threads:
        core.num_threads = threads
    clip = core.bs.VideoSource(video, cachemode=0)
    rgb = core.resize.Bilinear(clip, format=vs.RGBS, matrix_in_s="709")
    result = core.ort.Model([rgb], network_path=model, provider="CPU", num_streams=streams)
    yuv = core.resize.Bilinear(result, format=vs.YUV420P8, matrix_s="709")
    frames, luma = 0, 0.0
    begin = perf_counter()
    for frame in yuv.frames(close=True):
        frames += 1
        luma += float(np.asarray(frame[0])[::64, ::64].mean())
    seconds = perf_counter() - begin
    return {"frames": frames, "seconds": seconds, "fps": frames / seconds, "mean": luma / max(frames, 1)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--video", required=True)
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0, help="of VapourSynth; 0: as many as cores")
    arguments = parser.parse_args()
    print(json.dumps(vapoursynth_mlrt(arguments.model, arguments.video, arguments.streams, arguments.threads)))
