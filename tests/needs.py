"""How a test says what it needs: `from needs import need`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def need(what: str, present: bool) -> None:
    """Skip the test, naming what the machine lacks; fail instead where everything must be there."""
    if present:
        return
    if os.environ.get("FRAMELANE_REQUIRE_ALL") == "1":
        pytest.fail(f"needs {what}, and FRAMELANE_REQUIRE_ALL=1 says that it must be here")
    pytest.skip(f"needs {what}")


def need_cuda_wheels() -> int:
    """Return the CUDA major whose wheels are installed; skip the test where they are not.

    They fill gigabytes and must not lie beside the ONNX Runtime for the CPU, so they have an environment of their own:
    `nox -s cuda`, which sets FRAMELANE_CUDA, and there nothing may skip. Elsewhere not even FRAMELANE_REQUIRE_ALL asks
    for them.
    """
    from framelane import _cuda_libraries, _cuda_runtime, _errors

    try:
        runtime = _cuda_runtime.installed_cuda_runtime("cuda")
        libraries = _cuda_libraries.CUDA_LIBRARIES[runtime.cuda_major]
        found = _cuda_libraries.find_libraries(libraries, _cuda_libraries.package_roots())
        missing = [library.name for library in libraries if library.name not in found]
    except _errors.LoadError as error:
        missing = [str(error)]
    if not missing:
        return runtime.cuda_major
    if os.environ.get("FRAMELANE_CUDA"):
        pytest.fail(f"FRAMELANE_CUDA is set, and the CUDA wheels are not all here: {', '.join(missing)}")
    return pytest.skip("needs the CUDA wheels, which nox -s cuda installs")


def need_cuda_headers(major: int) -> list[Path]:
    """Return the folders of that CUDA's headers, which `nox -s cuda` installs where FRAMELANE_CUDA_HEADERS says."""
    folder = os.environ.get("FRAMELANE_CUDA_HEADERS")
    found = sorted({file.parent for file in Path(folder, str(major)).rglob("cuda_runtime_api.h")}) if folder else []
    if not found and os.environ.get("FRAMELANE_CUDA"):
        pytest.fail(f"FRAMELANE_CUDA is set, and FRAMELANE_CUDA_HEADERS={folder} has no headers of CUDA {major}")
    if not found:
        pytest.skip("needs the headers of CUDA, which nox -s cuda installs")
    more = {file.parents[1] for file in Path(folder or "", str(major)).rglob("crt/host_defines.h")}
    return [*found, *sorted(more)]
