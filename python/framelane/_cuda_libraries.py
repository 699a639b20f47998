"""The CUDA libraries that a provider needs, and where pip has put them.

They are looked for where Python looks for packages, never where environment variables point: a wheel of NVIDIA's lies
in ``nvidia/<library>/lib`` (CUDA 12) or ``nvidia/cu13/lib`` below a folder of ``sys.path``.
"""

from __future__ import annotations

import site
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CudaLibrary:
    """A shared library by the name that the loader knows it by.

    Attributes
    ----------
    name : str
        Its SONAME, such as ``"libcudart.so.12"``, which is also its file's name.
    folder : str
        Where its wheel puts it, below a folder of ``sys.path``.
    package : str
        The wheel.
    needed_by : str
        Who asks for it: in errors.
    """

    name: str
    folder: str
    package: str
    needed_by: str = "ONNX Runtime's CUDA provider"


CUDNN_PARTS = ("graph", "ops", "adv", "cnn", "engines_precompiled", "engines_runtime_compiled", "heuristic")


def _cudnn(package: str) -> list[CudaLibrary]:
    # A dispatcher, and parts that it opens by name, in the order of their needs: each finds the ones before it loaded.
    folder = "nvidia/cudnn/lib"
    parts = [CudaLibrary(f"libcudnn_{part}.so.9", folder, package, "cuDNN") for part in CUDNN_PARTS]
    return [CudaLibrary("libcudnn.so.9", folder, package), *parts]


# In the order of their needs.
CUDA_LIBRARIES: dict[int, tuple[CudaLibrary, ...]] = {
    12: (
        CudaLibrary("libcudart.so.12", "nvidia/cuda_runtime/lib", "nvidia-cuda-runtime-cu12"),
        CudaLibrary("libcublasLt.so.12", "nvidia/cublas/lib", "nvidia-cublas-cu12"),
        CudaLibrary("libcublas.so.12", "nvidia/cublas/lib", "nvidia-cublas-cu12"),
        CudaLibrary("libcurand.so.10", "nvidia/curand/lib", "nvidia-curand-cu12"),
        CudaLibrary("libnvJitLink.so.12", "nvidia/nvjitlink/lib", "nvidia-nvjitlink-cu12", "cuFFT"),
        CudaLibrary("libcufft.so.11", "nvidia/cufft/lib", "nvidia-cufft-cu12"),
        CudaLibrary("libnvrtc.so.12", "nvidia/cuda_nvrtc/lib", "nvidia-cuda-nvrtc-cu12", "cuDNN"),
        *_cudnn("nvidia-cudnn-cu12"),
    ),
    13: (
        CudaLibrary("libcudart.so.13", "nvidia/cu13/lib", "nvidia-cuda-runtime"),
        CudaLibrary("libcublasLt.so.13", "nvidia/cu13/lib", "nvidia-cublas"),
        CudaLibrary("libcublas.so.13", "nvidia/cu13/lib", "nvidia-cublas"),
        CudaLibrary("libcurand.so.10", "nvidia/cu13/lib", "nvidia-curand"),
        CudaLibrary("libnvJitLink.so.13", "nvidia/cu13/lib", "nvidia-nvjitlink", "cuFFT"),
        CudaLibrary("libcufft.so.12", "nvidia/cu13/lib", "nvidia-cufft"),
        CudaLibrary("libnvrtc.so.13", "nvidia/cu13/lib", "nvidia-cuda-nvrtc", "cuDNN"),
        *_cudnn("nvidia-cudnn-cu13"),
    ),
}

_TENSORRT = "ONNX Runtime's TensorRT provider"


def tensorrt_libraries(cuda_major: int) -> tuple[CudaLibrary, ...]:
    """Return what the TensorRT provider needs beside CUDA, in the order of their needs."""
    package = f"tensorrt-cu{cuda_major}-libs"
    names = ("libnvinfer.so.10", "libnvinfer_plugin.so.10", "libnvonnxparser.so.10")
    return tuple(CudaLibrary(name, "tensorrt_libs", package, _TENSORRT) for name in names)


def more_cudnn_parts(cudnn: Path) -> dict[str, Path]:
    """Return the parts beside cuDNN's dispatcher that are not in the table: newer versions bring new ones."""
    known = {library.name for libraries in CUDA_LIBRARIES.values() for library in libraries}
    return {file.name: file for file in sorted(cudnn.parent.glob("libcudnn_*.so.9")) if file.name not in known}


def package_roots(*first: Path) -> list[Path]:
    """Return every folder that may have packages, each once: the given ones, then ``sys.path``'s and site's."""
    own = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    own |= {folder / "lib-dynload" for folder in own}  # Python's own: nothing is installed there
    places = [*first, *map(Path, sys.path), *map(Path, site.getsitepackages())]
    if site.ENABLE_USER_SITE:
        places.append(Path(site.getusersitepackages()))
    existing = (place.resolve() for place in places if place.is_dir())
    return [place for place in dict.fromkeys(existing) if place not in own]


def find_libraries(libraries: tuple[CudaLibrary, ...], roots: list[Path]) -> dict[str, Path]:
    """Return the file of each library that is there: of one and the same root wherever that is possible.

    cuDNN's files all come from one folder, for it refuses to work with parts of another version.
    """
    groups: dict[str, list[CudaLibrary]] = {}
    for library in libraries:
        groups.setdefault(library.folder, []).append(library)
    found: dict[str, Path] = {}
    for folder, members in groups.items():
        candidates = [(root / folder, [m for m in members if (root / folder / m.name).is_file()]) for root in roots]
        best = max(candidates, key=lambda candidate: len(candidate[1]), default=None)  # the first of the fullest
        if best is not None:
            found |= {member.name: best[0] / member.name for member in best[1]}
    return found
