"""Which links of the chain from Python to the GPU a process has loaded, by the names of its mapped files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._process import MappedFile, Process

PROVIDER = "libonnxruntime_providers_cuda.so"
_RUNTIME = re.compile(r"(onnxruntime_pybind11_state.*|libonnxruntime(-\w+)?)\.so[.\d]*")
_PROVIDER = re.compile(r"libonnxruntime_providers_(cuda|tensorrt|nv_tensorrt_rtx)\.so")
_OTHER_PROVIDER = re.compile(r"libonnxruntime_providers_(?!shared)(\w+)\.so")
_CUDNN = re.compile(r"libcudnn\w*\.so[.\d]*")
_CUDA = re.compile(
    r"lib(cudart|cublas|cublasLt|cufft|curand|cusparse|cusolver|nvrtc|nvJitLink|nvinfer)\w*(-\w+)?\.so[.\d]*"
)
_DRIVER = re.compile(r"libcuda\.so[.\d]*")
_FRAMEWORK = re.compile(r"lib(torch_cuda|tensorflow_cc|tensorflow_framework|paddle_inference|nvinfer)\.so[.\d]*")
_GPU = re.compile(r"/dev/(nvidia\d+|dxg|nvmap)")
_MEMORY = re.compile(r"/dev/(nvidia-uvm|dxg|nvmap)")


@dataclass(frozen=True)
class Parts:
    """The loaded files of each link; `devices` are the GPU's devices that are open."""

    runtimes: tuple[MappedFile, ...]
    providers: tuple[MappedFile, ...]
    other_providers: tuple[MappedFile, ...]
    cudnn: tuple[MappedFile, ...]
    cuda: tuple[MappedFile, ...]
    driver: tuple[MappedFile, ...]
    frameworks: tuple[MappedFile, ...]
    devices: tuple[str, ...]

    @property
    def has_context(self) -> bool:
        """Whether it has a CUDA context: a GPU is open, and the driver's memory device, which NVML never opens."""
        return any(map(_GPU.fullmatch, self.devices)) and any(map(_MEMORY.fullmatch, self.devices))

    @property
    def gpus(self) -> tuple[str, ...]:
        """The GPUs that are open."""
        return tuple(filter(_GPU.fullmatch, self.devices))


def parts_of(process: Process) -> Parts:
    """Sort a process's mapped files by the link that they are."""

    def named(pattern: re.Pattern[str]) -> tuple[MappedFile, ...]:
        return tuple(file for file in process.files if pattern.fullmatch(file.name))

    providers = named(_PROVIDER)
    return Parts(
        runtimes=named(_RUNTIME),
        providers=providers,
        other_providers=tuple(file for file in named(_OTHER_PROVIDER) if file not in providers),
        cudnn=named(_CUDNN),
        cuda=named(_CUDA),
        driver=named(_DRIVER),
        frameworks=named(_FRAMEWORK),
        devices=tuple(name for name in process.devices if name.startswith(("/dev/nvidia", "/dev/dxg", "/dev/nvmap"))),
    )
