"""The loop that one writes by hand: PyAV decodes, ONNX Runtime runs, the result becomes a YUV frame.

`python bench/peers/plain_loop.py --model MODEL --video VIDEO` prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
from time import perf_counter

import av
import numpy as np
import onnxruntime


def plain_loop(model: str, video: str, threads: int = 0) -> dict[str, float]:
    """Run the network over each frame; `mean` is that of all luma samples of the result, to compare by."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    frames, luma = 0, 0.0
    with av.open(video) as container:
        container.streams.video[0].thread_type = "AUTO"
        begin = perf_counter()
        for decoded in container.decode(video=0):
            pixels = decoded.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
            tensor = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32) / np.float32(255)
            (result,) = session.run(None, {name: tensor})
            image = np.clip(result[0] * 255 + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0)
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
            yuv = picture.reformat(format="yuv420p", dst_colorspace="ITU709")
            frames += 1
            luma += float(np.frombuffer(yuv.planes[0], np.uint8).reshape(yuv.height, -1)[::64, : yuv.width : 64].mean())
        seconds = perf_counter() - begin
    return {"frames": frames, "seconds": seconds, "fps": frames / seconds, "mean": luma / max(frames, 1)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--video", required=True)
    parser.add_argument("--threads", type=int, default=0, help="of ONNX Runtime; 0: as many as cores")
    arguments = parser.parse_args()
    print(json.dumps(plain_loop(arguments.model, arguments.video, arguments.threads)))
