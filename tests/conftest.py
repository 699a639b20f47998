"""Settings that all tests share."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

import software_gpu

# ONNX Runtime looks for devices once a process, at the first question.
software_gpu.offer()

# No deadline: a busy machine or a sanitizer makes any example slow. In CI always the same examples, so that a failure
# is the change's and not chance's.
settings.register_profile("framelane", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True)
settings.load_profile("framelane")


# A shell that starts the tests in the background has them ignore Ctrl-C, and their children inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a test that measures seconds or memory three tries: what else the machine does is not in its hands."""
    for item in items:
        if item.get_closest_marker("timing"):
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.fixture(scope="session")
def cuda_sets(tmp_path_factory):
    """Whole sets of libraries that stand in for CUDA's, never written to: CUDA major -> folder."""
    import fake_cuda

    folders = {major: tmp_path_factory.mktemp(f"cuda{major}") for major in fake_cuda.GPU}
    return {major: fake_cuda.wheels(folder, major, tensorrt=True) for major, folder in folders.items()}


@pytest.fixture(scope="session")
def cuda_driver(tmp_path_factory):
    """Build what stands in for the driver's library."""
    import fake_cuda

    return fake_cuda.driver(tmp_path_factory.mktemp("driver"))


@pytest.fixture
def with_driver(cuda_driver, monkeypatch):
    """Give the processes that the test starts a driver that runs CUDA 13 and has two devices."""
    monkeypatch.setenv("LD_LIBRARY_PATH", os.fspath(cuda_driver.parent))
    monkeypatch.setenv("FAKE_DRIVER_VERSION", "13020")
    monkeypatch.setenv("FAKE_CUDA_COUNT", "2")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return monkeypatch
