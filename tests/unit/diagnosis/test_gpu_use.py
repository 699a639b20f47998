"""What NVIDIA's management library tells of a process, from a stand-in for it."""

from __future__ import annotations

import sys
import types

import pytest

from fake_proc import GPU, PROVIDER, RUNTIME, FakeProc
from framelane.diagnosis import _inspect, _stacks
from framelane.diagnosis._inspect_text import as_dict, as_text


@pytest.fixture
def proc(tmp_path):
    return FakeProc(tmp_path / "proc")


@pytest.fixture
def look(proc, monkeypatch):
    monkeypatch.setattr(_stacks, "find_py_spy", lambda: None)
    return lambda pid=10: _inspect.inspect(pid, 0.05, proc.folder)


def nvml(processes, samples):
    """A driver's management library, as pynvml shows it."""
    module = types.ModuleType("pynvml")
    module.NVMLError = type("NVMLError", (Exception,), {})
    module.NVMLError_NotFound = type("NVMLError_NotFound", (module.NVMLError,), {})
    module.nvmlInit = module.nvmlShutdown = lambda: None
    module.nvmlDeviceGetCount = lambda: 1
    module.nvmlDeviceGetHandleByIndex = lambda index: index
    module.nvmlDeviceGetName = lambda _: b"A GPU"
    module.nvmlDeviceGetComputeRunningProcesses = lambda _: processes
    module.nvmlDeviceGetProcessUtilization = samples(module)
    return module


def running(pid, memory=None, **more):
    return types.SimpleNamespace(pid=pid, usedGpuMemory=memory, **more)


def test_what_the_driver_tells_of_it(proc, look, monkeypatch):
    proc.add(10, files=[RUNTIME, PROVIDER], devices=GPU)
    samples = [running(10, smUtil=20), running(10, smUtil=70), running(10, smUtil=5)]
    monkeypatch.setitem(sys.modules, "pynvml", nvml([running(10, 300 << 20), running(7)], lambda _: lambda *_: samples))
    found = look()
    assert "GPU by the driver 0 (A GPU): 300 MiB, 70 % busy" in as_text(found)
    assert as_dict(found)["processes"][0]["gpus"] == [
        {"index": 0, "name": "A GPU", "memory": 300 << 20, "utilization": 70}
    ]


def test_what_the_driver_does_not_tell(proc, look, monkeypatch):
    proc.add(10, files=[RUNTIME, PROVIDER], devices=GPU)

    def refuses(kind):
        def samples(module):
            def ask(*_):
                raise getattr(module, kind)

            return ask

        return samples

    monkeypatch.setitem(sys.modules, "pynvml", nvml([running(10)], refuses("NVMLError_NotFound")))
    assert "memory unknown, 0 % busy" in as_text(look())
    monkeypatch.setitem(sys.modules, "pynvml", nvml([running(10)], refuses("NVMLError")))
    assert "memory unknown, utilization unknown" in as_text(look())
    monkeypatch.setitem(sys.modules, "pynvml", nvml([running(7)], refuses("NVMLError")))
    assert "not among its processes" in as_text(look())
    assert "the driver lists other processes (1)" in as_text(look())


def test_a_driver_that_fails_is_a_reason(proc, look, monkeypatch):
    proc.add(10)
    module = nvml([], lambda _: lambda *_: [])

    def fails(*_):
        raise module.NVMLError("oh")

    monkeypatch.setitem(sys.modules, "pynvml", module)
    module.nvmlDeviceGetCount = fails
    assert look().gpu.unknown == "the NVIDIA driver refuses (oh)"
    module.nvmlInit = fails
    assert look().gpu.unknown == "no NVIDIA driver answers (oh)"
