"""What is said when CUDA's libraries are missing, of the wrong kind, or mixed: on files made for the test."""

from __future__ import annotations

import os

import pytest

import fake_cuda
from fake_cuda import GPU, prepare, site
from framelane._cuda_libraries import CUDA_LIBRARIES
from runtime_shells import record, shell


class TestMissing:
    def test_any_one_is_named_with_who_needs_it_where_it_was_sought_and_the_cure(self, tmp_path):
        full = site(tmp_path, None)
        files = {library: full / library.folder / library.name for library in CUDA_LIBRARIES[12]}
        for file in files.values():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        before = f"""
            import os
            for file in {[os.fspath(file) for file in files.values()]!r}:
                os.rename(file, file + ".away")
                try:
                    _cuda.prepare("cuda", 0)
                except framelane.MissingLibraryError as error:
                    print(error)
                os.rename(file + ".away", file)
        """
        texts = prepare(full, before=before).splitlines()[:-1]
        assert len(texts) == len(files)
        for library, said in zip(files, texts, strict=True):
            assert said.startswith("CUDA 12 libraries are missing, which onnxruntime-gpu 1.26.0 needs: ")
            assert f": {library.name} (needed by {library.needed_by}). Searched: " in said
            assert os.fspath(full / library.folder) in said
            assert said.endswith(". Install: pip install 'framelane[cuda12]'")

    def test_what_pip_believes_to_be_there_is_installed_again(self, tmp_path):
        full = site(tmp_path, None)
        for library in CUDA_LIBRARIES[12]:
            (full / library.folder).mkdir(parents=True, exist_ok=True)
            (full / library.folder / library.name).touch()
        (full / "nvidia_cudnn_cu12-9.28.0.dist-info").mkdir()
        (full / "nvidia/cudnn/lib/libcudnn_cnn.so.9").unlink()
        said = prepare(full)
        assert "libcudnn_cnn.so.9 (needed by cuDNN)" in said
        assert said.endswith(". Install: pip install --force-reinstall --no-deps nvidia-cudnn-cu12")

    @pytest.mark.parametrize("major", GPU)
    def test_onnxruntime_gpu_without_the_extra(self, major, tmp_path):
        said = prepare(site(tmp_path, None, major))
        assert said.startswith("MissingLibraryError")
        assert all(library.name in said for library in CUDA_LIBRARIES[major])
        assert said.endswith(f". Install: pip install 'framelane[cuda{major}]'")

    def test_tensorrt(self, tmp_path, cuda_sets):
        full = site(tmp_path, None)
        (full / "nvidia").symlink_to(cuda_sets[12] / "nvidia")
        said = prepare(full, "tensorrt:0")
        assert "libnvinfer.so.10, " in said
        assert "(needed by ONNX Runtime's TensorRT provider)" in said
        assert said.endswith(". Install: pip install tensorrt-cu12 'framelane[cuda12]'")

    def test_a_runtime_for_the_cpu(self, tmp_path):
        folder = shell(tmp_path, ("onnxruntime", "1.32.0"))
        said = prepare(tmp_path)
        assert said.startswith(
            "MissingLibraryError libonnxruntime_providers_cuda.so is missing: onnxruntime 1.32.0 is built for the CPU. "
            f"Searched: {folder / 'capi'}. "
        )
        assert said.endswith("pip uninstall -y onnxruntime && pip install 'framelane[cuda12]'")


class TestWrong:
    def test_a_runtime_for_cuda_13_among_libraries_of_12(self, tmp_path, cuda_sets):
        said = prepare(site(tmp_path, cuda_sets[12], 13))
        assert said.startswith("LibraryVersionError onnxruntime-gpu 1.31.1 is built for CUDA 13 (")
        assert os.fspath(tmp_path / "nvidia/cuda_runtime/lib/libcudart.so.12") in said
        assert "pip install 'onnxruntime-gpu>=1.24,<1.27'" in said
        assert said.endswith("pip install 'framelane[cuda13]'")

    def test_a_runtime_for_cuda_12_among_libraries_of_13(self, tmp_path, cuda_sets):
        said = prepare(site(tmp_path, cuda_sets[13], 12))
        assert said.startswith("LibraryVersionError onnxruntime-gpu 1.26.0 is built for CUDA 12 (")
        assert "pip install 'onnxruntime-gpu>=1.27'" in said

    def test_a_runtime_for_a_cuda_of_the_future(self, tmp_path):
        shell(tmp_path, ("onnxruntime-gpu", "2.0.0"), cuda="14.1", providers=("cuda",))
        said = prepare(tmp_path)
        assert said.startswith(
            f"LibraryVersionError onnxruntime-gpu 2.0.0 in {tmp_path / 'onnxruntime'} is built for CUDA 14"
        )

    @pytest.mark.parametrize(("version", "major"), [("1.24.4", 12), ("1.26.0", 12), ("1.27.0", 13), ("1.31.1", 13)])
    def test_a_runtime_that_does_not_say_its_cuda_is_known_by_its_version(self, version, major, tmp_path):
        shell(tmp_path, ("onnxruntime-gpu", version), providers=("cuda",))
        assert prepare(tmp_path).endswith(f". Install: pip install 'framelane[cuda{major}]'")

    @pytest.mark.parametrize("more", [(), ("cuda",)])
    def test_two_runtimes_over_each_other(self, more, tmp_path):
        folder = shell(tmp_path, ("onnxruntime", "1.32.0"), GPU[13], providers=more)
        said = prepare(tmp_path)
        assert said.startswith(
            "RuntimeNotInstalledError onnxruntime 1.32.0 and onnxruntime-gpu 1.31.1 are installed over"
        )
        assert os.fspath(folder) in said
        assert said.endswith("pip uninstall -y onnxruntime onnxruntime-gpu && pip install 'framelane[cuda13]'")

    def test_a_runtime_for_cuda_whose_provider_is_gone(self, tmp_path):
        shell(tmp_path, GPU[12])
        said = prepare(tmp_path)
        assert said.startswith("RuntimeNotInstalledError the installation of ONNX Runtime in ")
        assert said.endswith("pip install --force-reinstall --no-deps onnxruntime-gpu")

    def test_the_cudnn_of_two_cudas_in_one_folder(self, tmp_path, cuda_sets):
        full = site(tmp_path, cuda_sets[12])
        for package in ("nvidia_cudnn_cu12-9.1", "nvidia_cudnn_cu13-9.2"):
            (full / f"{package}.dist-info").mkdir()
        said = prepare(full)
        assert said.startswith(
            "LibraryVersionError nvidia-cudnn-cu12 and nvidia-cudnn-cu13 are installed over each other"
        )
        assert said.endswith("pip uninstall -y nvidia-cudnn-cu12 nvidia-cudnn-cu13 && pip install nvidia-cudnn-cu12")

    @pytest.mark.parametrize("content", [b"", b"not a library", b"\x7fELF\x02\x01\x01\0"], ids=["empty", "text", "cut"])
    def test_a_file_that_is_no_library(self, content, tmp_path, cuda_sets):
        full = site(tmp_path, cuda_sets[12], copy=True)
        file = full / "nvidia/cublas/lib/libcublas.so.12"
        file.write_bytes(content)
        said = prepare(full)
        assert said.startswith(f"LoadError {file} cannot be loaded: ")
        assert said.endswith("pip install --force-reinstall --no-deps nvidia-cublas-cu12")

    @pytest.mark.parametrize("name", ["libcudnn.so.9", "libcudnn_graph.so.9", "libcudart.so.12", "libcudnn_new.so.9"])
    def test_a_library_that_something_else_has_loaded_from_elsewhere(self, name, tmp_path, cuda_sets):
        stranger = fake_cuda.library(tmp_path / "elsewhere" / name)
        before = f"import ctypes; ctypes.CDLL({os.fspath(stranger)!r})"
        said = prepare(site(tmp_path / "site", cuda_sets[12]), before=before)
        assert said.startswith("LibraryVersionError two sets of CUDA libraries are mixed in this process: ")
        assert f"{stranger} is loaded, and " in said
        assert f"{cuda_sets[12]}/nvidia/" in said

    @pytest.mark.usefixtures("with_driver")
    def test_a_library_that_was_replaced_while_it_was_loaded(self, tmp_path, cuda_sets):
        full = site(tmp_path, cuda_sets[12], copy=True)
        file = full / "nvidia/cufft/lib/libcufft.so.11"
        before = f"""
            import os, shutil
            _cuda.prepare("cuda", 0)
            file = {os.fspath(file)!r}
            shutil.copy(file, file + ".new")
            os.replace(file + ".new", file)
        """
        said = prepare(full, before=before)
        assert said.startswith(f"LibraryVersionError {file} was replaced while this process had it loaded; ")


def test_records_name_the_runtime(tmp_path):
    """A package of a like name that does not own the folder is no second runtime."""
    shell(tmp_path, GPU[12], cuda="12.8", providers=("cuda",))
    (tmp_path / "onnxruntime_extensions-0.14.dist-info").mkdir()
    (tmp_path / "onnxruntime_extensions-0.14.dist-info" / "RECORD").write_text(
        "onnxruntime_extensions/__init__.py,x,1\n"
    )
    (tmp_path / "onnxruntime_ep_webgpu-0.4.dist-info").mkdir()
    assert prepare(tmp_path).startswith("MissingLibraryError")
    record(tmp_path, "ort-nightly", "1.33.0")
    assert prepare(tmp_path).startswith("RuntimeNotInstalledError")
