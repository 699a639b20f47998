"""A network over a video: read, infer, draw, write, each on its own thread; then see where the time went."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

import framelane as fl

# For the example: a clip of 50 frames, and a network that makes the negative of a picture.
with fl.VideoWriter("in.mp4", rate=25) as write:
    ramp = np.linspace(0, 255, 320).astype(np.uint8)
    for index in range(50):
        write(np.broadcast_to(np.roll(ramp, 4 * index)[None, :, None], (240, 320, 3)))

shape = [1, 3, "height", "width"]
negative = helper.make_model(
    helper.make_graph(
        [helper.make_node("Sub", ["white", "image"], ["negative"])],
        "negative",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("negative", TensorProto.FLOAT, shape)],
        [helper.make_tensor("white", TensorProto.FLOAT, [], [1.0])],
    ),
    opset_imports=[helper.make_opsetid("", 17)],
    ir_version=8,
)


# -- the pipeline
session = fl.Session(negative, device="cpu")
preprocess = fl.Preprocess.from_model(session.inputs, session.metadata)  # how pixels become its input
postprocess = fl.Postprocess.from_model(session.outputs, preprocess)  # how its output becomes pixels


def draw(frame: fl.Frame) -> np.ndarray:
    picture = frame.image.copy()
    picture[:8, : 320 * frame.index // 50] = 255  # a bar that shows how far we are
    return picture


report = fl.Pipeline(
    [
        fl.VideoReader("in.mp4"),
        fl.Infer(session, preprocess=preprocess, postprocess=postprocess, name="negative"),
        fl.Stage(draw, workers=2),
        fl.VideoWriter("out.mp4"),
    ],
    capacity=8,
).run()

# -- what it says
print(preprocess.describe(), postprocess.describe(), sep="\n")
print(f"{report.frames} frames, {report.fps:.0f} a second; the bottleneck is {report.bottleneck}")
for stage in report.stages:
    print(f"{stage.name}: busy {stage.busy:.2f} s, waited {stage.waiting_input:.2f} s + {stage.waiting_output:.2f} s")
