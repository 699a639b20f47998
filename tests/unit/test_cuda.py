"""What is loaded for CUDA, and what is said of the device: on libraries made for the test, without a wheel or a GPU."""

from __future__ import annotations

import os
import shutil

import pytest

import fake_cuda
from fake_cuda import GPU, prepare, site
from framelane._cuda_libraries import CUDA_LIBRARIES


class TestWhatIsLoaded:
    @pytest.mark.parametrize("major", GPU)
    @pytest.mark.parametrize("kind", ["cuda", "tensorrt"])
    @pytest.mark.usefixtures("with_driver")
    def test_all_of_it_where_there_is_a_device(self, cuda_sets, major, kind, tmp_path):
        assert prepare(site(tmp_path, cuda_sets[major], major), f"{kind}:1") == "fine"

    @pytest.mark.usefixtures("with_driver")
    def test_a_set_that_another_package_has_loaded_is_taken_as_a_whole(self, cuda_sets, tmp_path):
        """Two full sets: the one that is in use already wins over the one that comes first on the path."""
        other = shutil.copytree(cuda_sets[12], tmp_path / "other")
        first = other / "nvidia/cublas/lib/libcublasLt.so.12"
        before = f"""
            sys.path.append({os.fspath(other)!r})
            import ctypes; ctypes.CDLL({os.fspath(first)!r})
            import atexit, framelane._cuda_maps as maps
            atexit.register(lambda: print(*[f for f in maps.mapped_files() if "/nvidia/" in f], sep="\\n"))
        """
        said, *files = prepare(site(tmp_path / "site", cuda_sets[12]), before=before).splitlines()
        assert said == "fine"
        assert len(files) == len(CUDA_LIBRARIES[12])
        assert all(file.startswith(os.fspath(other)) for file in files)


class TestDevice:
    def test_no_driver(self, tmp_path, cuda_sets, monkeypatch):
        monkeypatch.setenv("FAKE_CUDA_ERROR", "35")
        said = prepare(site(tmp_path, cuda_sets[12]))
        assert said.startswith(
            "NoDeviceError device 'cuda:0' cannot be used: there is no NVIDIA driver here (libcuda.so.1: "
        )

    def test_a_driver_that_sees_no_device(self, tmp_path, cuda_sets, with_driver, cuda_driver):
        with_driver.setenv("FAKE_DRIVER_INIT", "100")
        with_driver.setenv("FAKE_CUDA_ERROR", "100")
        said = prepare(site(tmp_path, cuda_sets[12]))
        assert said == (
            f"NoDeviceError device 'cuda:0' cannot be used: the driver says {cuda_driver}: CUDA_ERROR_NO_DEVICE: no "
            "CUDA-capable device is detected; cudaGetDeviceCount: cudaErrorNoDevice: no CUDA-capable device is detected"
        )

    def test_devices_hidden_by_the_environment(self, tmp_path, cuda_sets, with_driver):
        with_driver.setenv("CUDA_VISIBLE_DEVICES", "")
        with_driver.setenv("FAKE_CUDA_ERROR", "100")
        assert "(CUDA_VISIBLE_DEVICES='' hides others" in prepare(site(tmp_path, cuda_sets[12]))

    @pytest.mark.parametrize(("count", "have"), [("1", "one device, cuda:0"), ("4", "4 devices, cuda:0 to cuda:3")])
    def test_fewer_devices(self, count, have, tmp_path, cuda_sets, with_driver):
        with_driver.setenv("FAKE_CUDA_COUNT", count)
        said = prepare(site(tmp_path, cuda_sets[12]), "cuda:4")
        assert said == f"NoDeviceError device 'cuda:4' is not there: the driver has {have}"

    def test_a_driver_of_an_older_cuda(self, tmp_path, cuda_sets, with_driver, cuda_driver):
        with_driver.setenv("FAKE_DRIVER_VERSION", "12040")
        said = prepare(site(tmp_path, cuda_sets[13], 13))
        assert said == (
            f"LibraryVersionError device 'cuda:0' cannot be used: the driver ({cuda_driver}) runs CUDA up to 12.4, and "
            "the libraries are those of CUDA 13.8; install a newer driver"
        )

    def test_a_library_of_the_drivers_name_that_is_none(self, tmp_path, cuda_sets, monkeypatch):
        fake_cuda.library(tmp_path / "driver/libcuda.so.1")
        monkeypatch.setenv("LD_LIBRARY_PATH", os.fspath(tmp_path / "driver"))
        monkeypatch.setenv("FAKE_CUDA_ERROR", "35")
        said = prepare(site(tmp_path / "site", cuda_sets[12]))
        assert "libcuda.so.1: it has no cuInit, so it is not NVIDIA's" in said

    @pytest.mark.usefixtures("with_driver")
    def test_a_fork_of_a_process_that_has_used_it(self, tmp_path, cuda_sets):
        before = """
            import os, warnings
            warnings.simplefilter("ignore")  # newer Pythons advise against a fork at all
            _cuda.prepare("cuda", 0)
            if child := os.fork():
                os.waitpid(child, 0)
                os._exit(0)
        """
        said = prepare(site(tmp_path, cuda_sets[12]), before=before)
        assert said.startswith("NoDeviceError this process was forked from one that had used CUDA")

    def test_a_kind_that_does_not_exist(self):
        from framelane import _cuda

        with pytest.raises(ValueError, match="kind must be one of cuda, tensorrt, got 'cpu'"):
            _cuda.prepare("cpu", 0)


class TestTheModule:
    """The native module itself, on the fake runtime."""

    @pytest.mark.parametrize("major", GPU)
    @pytest.mark.usefixtures("with_driver")
    def test_what_it_asks_and_what_it_says(self, major, cuda_sets, tmp_path):
        asked = f"""
            _cuda.prepare("cuda", 0)
            import importlib, os
            native = importlib.import_module("framelane._cuda{major}")
            print(native.runtime_version(), native.driver_version(), native.device_count())
            print(native.device_attribute(1, 75), native.memory(1), native.error_text(100))
            os.environ["FAKE_CUDA_ERROR"] = "2"
            for call in (native.device_count, lambda: native.memory(0), lambda: native.device_attribute(0, 1)):
                try:
                    call()
                except framelane.FramelaneError as error:
                    print(type(error).__name__, error)
            os.environ["FAKE_CUDA_ERROR"] = "0"
        """
        lines = prepare(site(tmp_path, cuda_sets[major], major), before=asked).splitlines()
        assert lines[:2] == [
            f"{major * 1000 + 80} 13020 2",
            "1075 (5, 7) cudaErrorNoDevice: no CUDA-capable device is detected",
        ]
        assert [line.split(": ")[0] for line in lines[2:5]] == [
            "FramelaneError cudaGetDeviceCount",
            "FramelaneError cudaGetDevice",
            "FramelaneError cudaDeviceGetAttribute",
        ]
