"""The same with framelane: reader, network and YUV frames as a pipeline.

`python bench/peers/framelane_pipeline.py --model MODEL --video VIDEO` prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
from time import perf_counter

import av
import numpy as np

import framelane as fl


def luma_of(frame: fl.Frame) -> float:
    """Mean of the luma samples that the other adapters look at."""
    planes = np.asarray(frame.image)
    if frame.meta["pixel_format"] == "gbrp":
        planes = planes[[2, 0, 1]].transpose(1, 2, 0)
    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(planes), "rgb24")
    yuv = picture.reformat(format="yuv420p", dst_colorspace="ITU709")
    return float(np.frombuffer(yuv.planes[0], np.uint8).reshape(yuv.height, -1)[::64, : yuv.width : 64].mean())


def framelane_pipeline(model: str, video: str, *, check: bool = True) -> dict[str, float]:
    """Run the network over each frame; `check` runs once more, off the clock, for the mean of all luma samples."""
    options = fl.SessionOptions(intra_op_threads=1)  # frames run side by side instead
    with fl.Session(model, device="cpu", options=options) as session:
        preprocess = fl.Preprocess.from_model(session.inputs, session.metadata)
        postprocess = fl.Postprocess.from_model(session.outputs, preprocess)
        infer = fl.Infer(session, preprocess=preprocess, postprocess=postprocess)
        reader = fl.VideoReader(video, format="gbrp")
        begin = perf_counter()
        report = fl.Pipeline([reader, infer, fl.VideoWriter("null:")]).run()
        seconds = perf_counter() - begin
        luma: list[float] = []
        if check:
            fl.Pipeline([reader, infer, lambda frame: luma.append(luma_of(frame))]).run()
    mean = sum(luma) / max(len(luma), 1)
    return {"frames": report.frames, "seconds": seconds, "fps": report.frames / seconds, "mean": mean}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--video", required=True)
    arguments = parser.parse_args()
    print(json.dumps(framelane_pipeline(arguments.model, arguments.video)))
