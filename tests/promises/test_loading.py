"""Promise 2: no environment variable is needed or obeyed, whatever else the process has done before.

With the real libraries of CUDA, as pip installs them (`nox -s cuda`). Each process asks for cuda:0 in another
circumstance and must say the same, and have the same files loaded, as one that asks in the plainest. Without a GPU what
is said is that the driver is missing: everything before that is done for real.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest

import fake_cuda
import probes
from framelane._cuda_libraries import CUDA_LIBRARIES
from framelane._cuda_runtime import installed_cuda_runtime
from needs import need, need_cuda_wheels
from probes import MODEL, PACKAGE, Answer, probe

WITHOUT_DRIVER = "NoDeviceError: device 'cuda:0' cannot be used: there is no NVIDIA driver here (libcuda.so.1: "
NEEDS_DRIVER = "libcudnn_engines_runtime_compiled.so.9"  # loads with the driver only
HAS_GPU = Path("/dev/nvidia0").exists()


@pytest.fixture(scope="module")
def major() -> int:
    return need_cuda_wheels()


@pytest.fixture(scope="module")
def answer(major) -> Answer:
    """What the plainest process says and loads."""
    return probe()


@pytest.fixture(scope="module")
def wheels(major) -> Path:
    """The folder with NVIDIA's wheels in it."""
    return installed_cuda_runtime("cuda").provider.parents[2]


def test_all_that_the_provider_needs_is_loaded_from_the_wheels_and_only_the_driver_is_missing(major, answer, wheels):
    assert answer.said == "fine" if HAS_GPU else answer.said.startswith(WITHOUT_DRIVER)
    wanted = {library.name for library in CUDA_LIBRARIES[major]} - (set() if HAS_GPU else {NEEDS_DRIVER})
    wanted |= {file.name for file in (wheels / "nvidia/cudnn/lib").glob("libcudnn*.so.*")} - {NEEDS_DRIVER}
    assert wanted <= answer.names
    assert all(file.startswith(f"{wheels / 'nvidia'}/") for file in answer.files if "onnxruntime" not in file)
    assert len({Path(file).parent for file in answer.files if "libcudnn" in file}) == 1


OTHERS = [name for name in ("framelane", "onnxruntime", "cupy", "torch") if find_spec(name)]


class TestStartOrder:
    @pytest.mark.parametrize("order", list(itertools.permutations(OTHERS)), ids="-".join)
    def test_whoever_comes_first(self, order, answer):
        assert probe("\n".join([*(f"import {name}" for name in order), "tell(ask())"])) == answer

    def test_after_onnxruntime_has_failed_to_load_its_provider(self, answer):
        """The incident: a session on the CPU, and no error. framelane then gives the right reason."""
        code = f"""
            import onnxruntime
            onnxruntime.set_default_logger_severity(4)
            session = onnxruntime.InferenceSession({MODEL!r}, providers=["CUDAExecutionProvider"])
            assert {HAS_GPU} or session.get_providers() == ["CPUExecutionProvider"]
            tell(ask())
        """
        assert probe(code) == answer

    def test_twice_and_from_many_threads(self, answer):
        code = """
            from concurrent.futures import ThreadPoolExecutor
            with ThreadPoolExecutor(8) as pool:
                (said,) = set(pool.map(lambda _: ask(), range(16)))
            tell(said)
        """
        assert probe(code) == answer


class TestWhereItStarts:
    def test_any_working_directory(self, answer, tmp_path, major):
        """Python looks for packages there, too: one that holds files of the right names changes nothing."""
        for library in CUDA_LIBRARIES[major]:
            (tmp_path / library.folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / library.folder / library.name).write_text("not a library")
            (tmp_path / library.name).write_text("not a library")
        assert probe(cwd=tmp_path) == answer

    def test_a_child_without_any_environment(self, answer):
        assert probe(env={}) == answer

    def test_a_spawned_child_that_clears_its_environment(self, answer, tmp_path):
        script = tmp_path / "main.py"
        body = probes.head([os.fspath(PACKAGE.parent)])
        script.write_text(
            body
            + textwrap.dedent("""
                def child():
                    import os
                    os.environ.clear()
                    tell(ask())

                if __name__ == "__main__":
                    import multiprocessing
                    process = multiprocessing.get_context("spawn").Process(target=child)
                    process.start()
                    process.join()
                    sys.exit(process.exitcode)
            """)
        )
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=100, check=True)
        said, files = json.loads(done.stdout)
        assert Answer(said, tuple(files)) == answer


HOSTILE = {
    "empty files": lambda file: file.touch(),
    "text files": lambda file: file.write_text("/* GNU ld script */\nINPUT(libnothing.so)\n"),
    "another version": lambda file: fake_cuda.library(file, "int cudnnGetVersion(void) { return 90100; }"),
    "libraries that exit": lambda file: fake_cuda.library(file, fake_cuda.EXITS),
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, major):
    """Folders full of wrong files with the right names: what they are -> folder."""
    folders = {}
    for kind, make in HOSTILE.items():
        folders[kind] = tmp_path_factory.mktemp(kind.replace(" ", "-"))
        for library in CUDA_LIBRARIES[major]:
            make(folders[kind] / library.name)
    return folders


class TestHostileLibraryPath:
    @pytest.mark.parametrize("kind", HOSTILE)
    @pytest.mark.parametrize("variables", [("LD_LIBRARY_PATH",), ("LD_LIBRARY_PATH", "CUDA_PATH", "CUDA_HOME")])
    def test_is_not_obeyed(self, kind, variables, answer, hostile):
        assert probe(env=os.environ | dict.fromkeys(variables, os.fspath(hostile[kind]))) == answer

    @pytest.mark.parametrize("kind", HOSTILE)
    def test_is_not_obeyed_by_the_module_alone(self, kind, major, answer, hostile, wheels, tmp_path):
        """The native module beside the wheels, imported as it is: its RPATH finds them, and comes first."""
        probes.copy_package(tmp_path)
        (tmp_path / "nvidia").symlink_to(wheels / "nvidia")
        found = probe(
            f"import framelane._cuda{major}; tell('imported')",
            env=os.environ | {"LD_LIBRARY_PATH": os.fspath(hostile[kind])},
            path=[os.fspath(tmp_path)],
        )
        assert found.said == "imported"
        assert found.files
        assert set(found.files) <= set(answer.files)


class TestWheelsElsewhere:
    @pytest.mark.parametrize("kind", [None, *HOSTILE])
    def test_in_a_target_folder(self, kind, answer, hostile, wheels, tmp_path):
        """framelane, ONNX Runtime and the CUDA wheels in three folders, as `pip install --target` leaves them."""
        python, _ = probes.bare_environment(tmp_path / "venv")
        app, target = tmp_path / "app", tmp_path / "target"
        probes.copy_package(app)
        others = probes.link_others(tmp_path / "others", but=("nvidia",))
        target.mkdir()
        (target / "nvidia").symlink_to(wheels / "nvidia")
        env = {"LD_LIBRARY_PATH": os.fspath(hostile[kind])} if kind else {}
        assert probe(python=python, env=env, path=[os.fspath(p) for p in (app, others, target)]) == answer

    def test_in_the_packages_that_an_environment_inherits(self, answer, hostile, wheels, tmp_path):
        """framelane in a virtual environment, all else in the one that it looks on to."""
        python, site = probes.bare_environment(tmp_path / "venv")
        probes.copy_package(site)
        (site / "inherited.pth").write_text(f"{wheels}\n")
        env = {"LD_LIBRARY_PATH": os.fspath(hostile["another version"])}
        assert probe(python=python, env=env, path=[]) == answer

    def test_one_is_missing(self, major, wheels, tmp_path):
        python, _ = probes.bare_environment(tmp_path / "venv")
        app = tmp_path / "app"
        probes.copy_package(app)
        others = probes.link_others(tmp_path / "others", but=("nvidia",))
        for folder in (wheels / "nvidia").iterdir():
            if folder.name != "cudnn" and folder.is_dir():
                (others / "nvidia").mkdir(exist_ok=True)
                (others / "nvidia" / folder.name).symlink_to(folder)
        found = probe(python=python, env={}, path=[os.fspath(app), os.fspath(others)])
        assert found.said.startswith("MissingLibraryError: device 'cuda:0' cannot be used: ")
        assert f"CUDA {major} libraries are missing, which onnxruntime-gpu " in found.said
        assert "libcudnn.so.9 (needed by ONNX Runtime's CUDA provider)" in found.said
        assert os.fspath(others / "nvidia/cudnn/lib") in found.said
        assert found.said.endswith(f" nvidia-cudnn-cu{major}")  # pip's record of it is still there


class TestOneSet:
    @pytest.mark.parametrize("name", ["libcudnn.so.9", "libcudnn_ops.so.9"])
    @pytest.mark.parametrize("how", ["imported before", "LD_PRELOAD"])
    def test_a_library_from_elsewhere_is_named_with_the_one_that_fits(self, name, how, wheels, tmp_path):
        stranger = fake_cuda.library(tmp_path / name)
        if how == "LD_PRELOAD":
            found = probe(env=os.environ | {"LD_PRELOAD": os.fspath(stranger)})
        else:
            found = probe(f"import ctypes; ctypes.CDLL({os.fspath(stranger)!r})\ntell(ask())")
        assert found.said.startswith(
            "LibraryVersionError: device 'cuda:0' cannot be used: two sets of CUDA libraries are"
        )
        assert f"{stranger} is loaded, and {wheels}/nvidia/cudnn/lib/{name} is the one" in found.said


def test_onnx_runtime_finds_its_provider_ready(major):
    """Alone it fails for want of CUDA's libraries; after framelane's loading, in the same process, of the driver."""
    code = f"""
        import os
        import onnxruntime
        {{}}
        kept, (read, write) = os.dup(2), os.pipe()
        os.dup2(write, 2)
        try:
            providers = ["CUDAExecutionProvider"]
            session = onnxruntime.InferenceSession({MODEL!r}, providers=providers, enable_fallback=False)
            said = str(session.get_providers())
        except Exception as error:
            said = str(error)
        os.dup2(kept, 2)
        os.close(write)
        tell(os.fdopen(read).read() + said)
    """
    alone, after = (probe(textwrap.dedent(code).format(before)).said for before in ("", "ask()"))
    assert f"libcublasLt.so.{major}: cannot open shared object file" in alone
    if HAS_GPU:
        assert after.endswith("['CUDAExecutionProvider', 'CPUExecutionProvider']")
    else:  # CUDA 13's provider is linked to the driver, CUDA 12's asks for it
        assert "libcuda.so.1: cannot open shared object file" in after or "CUDA failure 35" in after


SESSIONS = f"""
import numpy as np
import framelane
x = np.random.default_rng(1).random((1, 3, 4, 4), np.float32)
with framelane.Session({MODEL!r}) as session:
    said = [str(session.placement), session.run({{"x": x}})["y"].tobytes().hex()]
try:
    framelane.Session({MODEL!r}, device="cuda:0").close()
    said.append("fine")
except framelane.LoadError as error:
    said.append(f"{{type(error).__name__}}: {{error}}")
tell(said)
"""


@pytest.fixture(scope="module")
def alone() -> Answer:
    return probe(SESSIONS)


class TestSessionsInEveryOrder:
    """In any environment: where an import comes first changes neither what a session does nor what it refuses."""

    @pytest.mark.parametrize("order", list(itertools.permutations(["framelane", "onnxruntime", "torch"])), ids="-".join)
    def test_placement_results_and_error_are_the_same(self, order, alone):
        need("PyTorch", find_spec("torch") is not None or bool(os.environ.get("FRAMELANE_CUDA")))
        imports = [f"import {name}" for name in order if find_spec(name)]
        found = probe("\n".join([*imports, SESSIONS]))
        assert found == alone
        assert "Error: " in found.said[2] or HAS_GPU


class TestNothingWithoutNeed:
    """In any environment, with CUDA's wheels or without."""

    def test_import_loads_nothing_of_cuda(self):
        assert probe("import framelane; tell('')").files == ()

    def test_a_list_of_the_devices_loads_nothing_of_cuda(self):
        assert probe("import framelane; tell([d.name for d in framelane.devices()][0])") == Answer("cpu", ())

    def test_the_cpu_loads_nothing_of_cuda(self):
        code = f"""
            import numpy as np
            import framelane
            with framelane.Session({MODEL!r}) as session:
                session.run({{"x": np.zeros((1, 3, 4, 4), np.float32)}})
            tell("ran")
        """
        assert probe(code) == Answer("ran", ())
