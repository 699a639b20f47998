"""One core of ONNX Runtime in a process: the one that Python's onnxruntime carries, or a clear error."""

from __future__ import annotations

import importlib.util
import itertools
import os
import textwrap

import pytest

import scripts
from needs import need
from networks import model_path
from runtime_shells import record, shell

MODEL = os.fspath(model_path("01_weighted"))

USE = {
    "framelane": """
        import framelane
        session = framelane.Session(MODEL)
        results.append(session.run({"x": x})["y"])
    """,
    "onnxruntime": """
        import onnxruntime
        results.append(onnxruntime.InferenceSession(MODEL).run(None, {"x": x})[0])
    """,
    "torch": """
        import torch
        results.append(results[0] if results else None)
    """,
}
START = f"""
    import numpy as np
    MODEL, results = {MODEL!r}, []
    x = np.random.default_rng(1).random((1, 3, 4, 4), np.float32)
"""
END = """
    results = [result for result in results if result is not None]
    assert all(np.array_equal(result, results[0]) for result in results)
    with open("/proc/self/maps") as maps:
        files = {line.split()[-1] for line in maps}
    cores = {file for file in files if "libonnxruntime.so" in file or "onnxruntime_pybind11" in file}
    assert len(cores) == 1, cores
    print("fine")
"""


def in_order(*uses: str) -> str:
    return "".join(textwrap.dedent(part) for part in (START, *uses, END))


def assert_fine(code: str) -> None:
    status, out, err = scripts.run(code)
    assert (status, out) == (0, "fine\n"), err


@pytest.mark.parametrize("order", [*itertools.permutations(["framelane", "onnxruntime"]), ("framelane",)])
def test_one_core_in_every_order(order):
    assert_fine(in_order(*(USE[name] for name in order)))


@pytest.mark.parametrize("order", list(itertools.permutations(USE)))
def test_one_core_in_every_order_with_torch(order):
    need("torch", importlib.util.find_spec("torch") is not None)
    assert_fine(in_order(*(USE[name] for name in order)))


def test_onnxruntime_works_before_between_and_after():
    assert_fine(
        in_order(
            USE["onnxruntime"],
            USE["framelane"],
            USE["onnxruntime"],
            "session.close()\ndel session\n",
            USE["onnxruntime"],
            USE["framelane"],
        )
    )


def test_results_and_sessions_may_live_to_the_end_of_the_process():
    assert_fine(in_order(USE["framelane"], "import builtins\nbuiltins.kept = (session, results, session.bind(x))\n"))


# What stands in for onnxruntime in a process where it is missing or broken.
SHELLS = {
    "missing": (
        "",
        "RuntimeNotInstalledError: ONNX Runtime is not installed; install it: pip install 'framelane[cpu",
    ),
    "without its files": ("empty", "is broken: files are missing: the module has no SessionOptions"),
    "without its library": ("from .capi import nothing", "is broken: its import misses the module onnxruntime.capi"),
    "that fails": ("raise ImportError('libfoo.so.1: cannot open')", "is broken: its import fails: libfoo.so.1"),
    "too old to hand over": (
        "__version__ = '1.2.0'\nclass SessionOptions: pass",
        "LibraryVersionError: onnxruntime 1.2.0 cannot hand over its API and framelane needs 1.24 or newer",
    ),
}


@pytest.mark.parametrize("shell", SHELLS)
def test_an_onnxruntime_that_does_not_work(shell, tmp_path):
    source, text = SHELLS[shell]
    folder = tmp_path / "onnxruntime"
    if source:
        folder.mkdir()
    if source and source != "empty":
        (folder / "__init__.py").write_text(source)
    hide = "sys.modules['onnxruntime'] = None" if not source else f"sys.path.insert(0, {os.fspath(tmp_path)!r})"
    if source == "empty":  # a folder without __init__ yields to a package anywhere on the path
        hide = (
            "import importlib.machinery, types; m = types.ModuleType('onnxruntime'); "
            f"m.__path__ = [{os.fspath(folder)!r}]; sys.modules['onnxruntime'] = m"
        )
    status, _, err = scripts.run(f"import sys; {hide}; import framelane; framelane.Session({MODEL!r})")
    assert status == 1
    assert text in err


@pytest.mark.parametrize("version", ["1.23.2", "1.9.0", "0.5"])
def test_an_older_onnxruntime_is_named_with_both_versions(version):
    """A library whose API says that it is this old; its table must not be read."""
    code = f"""
        import ctypes, framelane
        from framelane import _core

        class Base(ctypes.Structure):
            _fields_ = [("get_api", ctypes.c_void_p), ("get_version", ctypes.c_void_p)]

        get_api = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint32)(lambda version: 1 / 0)
        get_version = ctypes.CFUNCTYPE(ctypes.c_char_p)(lambda: {version.encode()!r})
        base = Base(ctypes.cast(get_api, ctypes.c_void_p), ctypes.cast(get_version, ctypes.c_void_p))
        ctypes.CDLL(_core.__file__).RegisterCustomOps(None, ctypes.byref(base))
        framelane.Session({MODEL!r})
    """
    status, _, err = scripts.run(code)
    assert status == 1
    assert f"LibraryVersionError: ONNX Runtime {version} is loaded and framelane needs 1.24 or newer" in err


TWO = (("onnxruntime", "1.32.0"), ("onnxruntime-gpu", "1.26.0"))


def test_two_packages_over_each_other_are_named_where_nothing_is_left(tmp_path):
    """One of the two was removed, and took files of the other with it."""
    folder = shell(tmp_path, *TWO)
    (folder / "__init__.py").unlink()
    code = f"""
        import os, sys
        import framelane
        rest = [place for place in sys.path if not os.path.exists(os.path.join(place, "onnxruntime"))]
        sys.path[:] = [{os.fspath(tmp_path)!r}, *rest]  # a folder without __init__ yields to a package anywhere
        framelane.Session({MODEL!r})
    """
    status, _, err = scripts.run(code)
    last = err.strip().splitlines()[-1]
    assert status == 1
    assert last.startswith("framelane.RuntimeNotInstalledError: ")
    assert "onnxruntime 1.32.0 and onnxruntime-gpu 1.26.0 are installed over each other" in last
    assert os.fspath(folder) in last
    assert "pip uninstall -y onnxruntime onnxruntime-gpu && pip install 'framelane[cuda12]'" in last


def test_two_packages_over_each_other_are_a_warning_while_they_work(tmp_path):
    """The real onnxruntime, in a folder that a second package says that it has written too."""
    import onnxruntime

    (tmp_path / "onnxruntime").symlink_to(onnxruntime.__path__[0])
    for name, version in TWO:
        record(tmp_path, name, version)
    code = f"""
        import sys, warnings
        sys.path.insert(0, {os.fspath(tmp_path)!r})
        import framelane
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            framelane.Session({MODEL!r}).close()
            framelane.Session({MODEL!r}).close()
        print(*[f"{{w.category.__name__}} {{w.message}}" for w in caught], sep="\\n")
    """
    status, out, err = scripts.run(code)
    assert status == 0, err
    (line,) = out.splitlines()
    assert line.startswith("RuntimeWarning onnxruntime 1.32.0 and onnxruntime-gpu 1.26.0 are installed over each other")
    assert "pip uninstall -y onnxruntime onnxruntime-gpu && pip install 'framelane[cuda12]'" in line


def test_a_broken_installation_is_mended_by_its_own_package(tmp_path):
    folder = shell(tmp_path, ("onnxruntime-gpu", "1.26.0"))
    code = f"import sys; sys.path.insert(0, {os.fspath(tmp_path)!r}); import framelane; framelane.Session({MODEL!r})"
    status, _, err = scripts.run(code)
    assert status == 1
    assert f"the installation of ONNX Runtime in {folder} is broken: files are missing" in err
    assert "pip install --force-reinstall --no-deps onnxruntime-gpu" in err
