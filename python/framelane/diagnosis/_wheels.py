"""Which package supplies a library of NVIDIA's, by the name that the loader asks for."""

from __future__ import annotations

import re

from framelane._cuda_libraries import CUDA_LIBRARIES

# Packages of CUDA 11 and older parts of CUDA 12, which framelane itself does not load.
_OLDER = {
    "libcublas.so.11": "nvidia-cublas-cu11",
    "libcublasLt.so.11": "nvidia-cublas-cu11",
    "libcudart.so.11.0": "nvidia-cuda-runtime-cu11",
    "libcufft.so.10": "nvidia-cufft-cu11",
    "libnvrtc.so.11.2": "nvidia-cuda-nvrtc-cu11",
    "libcusolver.so.11": "nvidia-cusolver-cu{major}",
    "libcusparse.so.12": "nvidia-cusparse-cu12",
    "libcusparse.so.11": "nvidia-cusparse-cu11",
    "libnccl.so.2": "nvidia-nccl-cu{major}",
    "libnvToolsExt.so.1": "nvidia-nvtx-cu{major}",
}
_NEWER = {library.name: library.package for libraries in CUDA_LIBRARIES.values() for library in libraries}
_TENSORRT = re.compile(r"lib(?:nvinfer|nvonnxparser)\w*\.so\.(\d+)")
_CUDNN = re.compile(r"libcudnn\w*\.so\.(\d+)")
_DRIVER = re.compile(r"lib(?:cuda|nvidia-\w+|nvcuvid)\.so\.1")
_SYSTEM = {
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgomp.so.1": "libgomp1",
    "libsndfile.so.1": "libsndfile1",
    "libstdc++.so.6": "libstdc++6",
    "libgcc_s.so.1": "libgcc-s1",
    "libnuma.so.1": "libnuma1",
}


def from_driver(name: str) -> bool:
    """Whether a library comes with NVIDIA's driver, and from nowhere else."""
    return _DRIVER.fullmatch(name) is not None


def wheel_of(name: str, cuda_major: int | None) -> str | None:
    """Return what pip installs for a library.

    Parameters
    ----------
    name : str
        As NEEDED has it, such as ``"libcudnn.so.9"``.
    cuda_major : int or None
        The CUDA of whoever needs it, where the name alone does not say; 12 when not known.

    Returns
    -------
    str or None
        A requirement, such as ``"nvidia-cudnn-cu12>=9,<10"``; None for a library of others.
    """
    major = cuda_major or 12
    if match := _CUDNN.fullmatch(name):
        return f"nvidia-cudnn-cu{major}>={match[1]},<{int(match[1]) + 1}"
    if match := _TENSORRT.fullmatch(name):
        return f"tensorrt-cu{major}-libs>={match[1]},<{int(match[1]) + 1}"
    if name == "libcurand.so.10":
        return {11: "nvidia-curand-cu11", 12: "nvidia-curand-cu12"}.get(major, "nvidia-curand")
    package = _NEWER.get(name) or _OLDER.get(name)
    return package.format(major=major) if package else None


def system_package_of(name: str) -> str | None:
    """Return Debian's package of a library that programs of this kind often miss."""
    return _SYSTEM.get(name)


def cuda_major_of(needed: tuple[str, ...]) -> int | None:
    """Return the CUDA that a library is linked to, by what it needs; None where it needs nothing of CUDA."""
    for name in needed:
        if match := re.fullmatch(r"lib(?:cublas|cublasLt|cudart|nvrtc|nvJitLink)\.so\.(\d+)(?:\.\d+)?", name):
            return int(match[1])
    return None
