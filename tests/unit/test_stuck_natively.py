"""A stage that holds the GIL, or is stuck inside ONNX Runtime, is told apart too."""

import shutil
import subprocess
from pathlib import Path

import pytest

import scripts
from needs import need

pytestmark = pytest.mark.timing

DATA = Path(__file__).parents[1] / "data"


HOLDS_GIL = """
import ctypes, logging, re, sys, time
import numpy as np
import framelane as fl

def sleep_with_gil():
    ctypes.PyDLL(None).usleep(2_500_000)

def burn_with_gil():
    size, seconds = 18, 0.0
    while seconds < 0.1:
        size += 1
        start = time.monotonic()
        re.match("(a+)+$", "a" * size + "b")
        seconds = time.monotonic() - start
    while seconds < 2:
        size, seconds = size + 1, seconds * 2
    print("now", flush=True)
    re.match("(a+)+$", "a" * size + "b")

def blend(frame):
    if frame.index == 5:
        globals()[sys.argv[1]]()
        print("let go", file=sys.stderr, flush=True)
    return frame

def frames():
    for index in range(20):
        yield np.zeros(1)

pipeline = fl.Pipeline([frames(), blend, lambda frame: None], stall_after=0.4)
try:
    print(pipeline.run().frames, "frames")
except fl.StallError as error:
    print("StallError", error)
"""


def test_a_stage_that_holds_the_gil_and_sleeps_is_stuck():
    code, out, err = scripts.run(HOLDS_GIL, "sleep_with_gil")
    assert code == 0, err
    before, _, after = err.partition("let go")
    assert "framelane: stage 'blend' has passed on no frame, and the GIL is held" in before, "while it is held"
    assert "in sleep_with_gil" in before
    assert "in blend" in before
    assert "the GIL is held" not in after
    assert out.startswith("StallError stage 'blend' is stuck: no frame left it for 0.")
    assert "it is on frame 5" in out
    assert "taken while the GIL was held" in out
    assert "in sleep_with_gil" in out


def test_a_stage_that_holds_the_gil_and_works_is_slow():
    code, out, err = scripts.run(HOLDS_GIL, "burn_with_gil")
    assert code == 0, err
    before, _, after = err.partition("let go")
    assert "framelane: stage 'blend' has passed on no frame, and the GIL is held" in before
    assert "in burn_with_gil" in before
    assert "stage 'blend' is slow" in before + after
    assert "20 frames" in out, "it is waited for"


STUCK_IN_ONNX_RUNTIME = """
import sys, time
import numpy as np
import onnx
from onnx import TensorProto, helper
import framelane as fl

value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3])
node = helper.make_node("Stuck", ["x"], ["y"], domain="test.framelane")
graph = helper.make_graph([node], "stuck", [value("x")], [value("y")])
opset = [helper.make_opsetid("", 17), helper.make_opsetid("test.framelane", 1)]
onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), sys.argv[2])
options = fl.SessionOptions(custom_operator_libraries=[sys.argv[1]])
if sys.argv[3] == "infer":
    stage = fl.Infer(sys.argv[2], options=options, streams=2)
else:
    session = fl.Session(sys.argv[2], options=options)
    stage = fl.Stage(lambda frame: session.run(frame.image), name="stuck.onnx")
source = [np.zeros((1, 3), np.float32)] * 30
start = time.monotonic()
try:
    fl.Pipeline([source, stage, lambda frame: None], stall_after=0.5).run()
except fl.StallError as error:
    print(f"{time.monotonic() - start:.2f} s")
    print(error)
    print(error.stage, error.frame_index)
"""


@pytest.fixture(scope="module")
def stuck_operator(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    need("a C compiler", compiler is not None)
    library = tmp_path_factory.mktemp("operator") / "libstuck.so"
    source = DATA / "native" / "stuck_operator.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    return library


@pytest.mark.parametrize("place", ["infer", "stage"])
def test_a_run_that_is_stuck_inside_onnx_runtime_is_named(stuck_operator, tmp_path, place):
    code, out, err = scripts.run(STUCK_IN_ONNX_RUNTIME, str(stuck_operator), str(tmp_path / "stuck.onnx"), place)
    assert code == 0, err
    seconds, text = out.split(" s\n", 1)
    assert float(seconds) < 0.5 + 2
    assert text.startswith("stage 'stuck.onnx' is stuck: no frame left it for 0.")
    assert "native call: ONNX Runtime: run stuck.onnx" in text
    assert "device: cpu" in text
    assert text.endswith("stuck.onnx 0\n")
