"""Stands for onnxruntime-gpu 1.26, which is too large: it loads its provider the same way, and falls back."""

import ctypes
import glob
import os
import sys
import time

__version__ = "1.26.0"
_CAPI = os.path.join(os.path.dirname(__file__), "capi")
ctypes.CDLL(glob.glob(os.path.join(_CAPI, "onnxruntime_pybind11_state*.so"))[0])
ctypes.CDLL(os.path.join(_CAPI, "libonnxruntime_providers_shared.so"))


def get_available_providers():
    return ["CUDAExecutionProvider", "CPUExecutionProvider"]


class SessionOptions:
    intra_op_num_threads = 0


class _Input:
    name = "face"


class InferenceSession:
    def __init__(self, model, options=None, providers=()):  # noqa: ARG002
        self._providers = ["CPUExecutionProvider"]
        if "CUDAExecutionProvider" not in providers:
            return
        library = os.path.join(_CAPI, "libonnxruntime_providers_cuda.so")
        try:
            ctypes.CDLL(library)
        except OSError as error:
            print(f"[E:onnxruntime:Default] Failed to load library {library} with error: {error}", file=sys.stderr)
            return
        if not os.path.exists("/dev/nvidiactl"):
            print("CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version", file=sys.stderr)
            return
        self._providers = ["CUDAExecutionProvider", "CPUExecutionProvider"]

    def get_providers(self):
        return self._providers

    def get_inputs(self):
        return [_Input()]

    def run(self, outputs, feeds):  # noqa: ARG002
        time.sleep(0.001 if "CUDAExecutionProvider" in self._providers else 4.0)
        return [feeds]
