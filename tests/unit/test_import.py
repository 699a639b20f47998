"""`import framelane` is light: it imports NumPy and the standard library, and nothing that an extra brings."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ["av", "cupy", "elftools", "onnx", "onnxruntime", "psutil", "pynvml", "rich", "torch"]


def run(code: str, *options: str) -> str:
    done = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_brings_in_none_of_the_extras():
    loaded = run("import sys, framelane; print(*sys.modules)").split()
    assert not {name.split(".")[0] for name in loaded} & set(HEAVY)


def test_import_brings_in_no_diagnosis():
    assert "framelane.diagnosis" not in run("import sys, framelane; print(*sys.modules)").split()


def test_import_works_without_the_extras():
    blocked = "".join(f"sys.modules[{name!r}] = None; " for name in HEAVY)
    run(f"import sys; {blocked}import framelane")


def test_import_and_exit_say_nothing_even_with_warnings_as_errors():
    assert run("import framelane", "-W", "error", "-X", "dev") == ""


def test_every_public_name_is_there_in_a_fresh_process():
    run("import framelane; [getattr(framelane, name) for name in framelane.__all__]")


def test_a_name_that_is_not_there_is_an_attribute_error():
    run("import framelane; assert not hasattr(framelane, 'no_such_name')")
