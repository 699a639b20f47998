"""The three states of the incident, once with stubs for the large libraries and once with the real ones."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from framelane.cli import main
from legacy_service import SOURCES, Environment, Service, bare_copy, build_service, stub_environment
from needs import need, need_cuda_wheels


@dataclass(frozen=True)
class Box:
    """The service, and two environments for it: with the CUDA wheels and without."""

    service: Path
    whole: Environment
    bare: Environment
    major: int
    real: bool

    @property
    def library(self) -> Path:
        """The opaque library."""
        return next(self.service.glob("trans_dh_service*.so"))

    def command(self, environment: Environment, frames: int = 1_000_000_000, patience: float = 600.0) -> list[str]:
        model = SOURCES / "lipsync.onnx"
        return [*map(str, (environment.python, self.service / "app.py", model, frames, patience))]


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    """Where the opaque library and its app.py lie."""
    need("a C++ compiler (g++)", shutil.which("g++") is not None)
    folder = tmp_path_factory.mktemp("heygem service")
    build_service(folder)
    return folder


@pytest.fixture(scope="session")
def stubs(tmp_path_factory, service):
    whole = stub_environment(tmp_path_factory.mktemp("stubs") / "env")
    return Box(service, whole, bare_copy(whole, tmp_path_factory.mktemp("bare") / "env"), 12, real=False)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory, service):
    major = need_cuda_wheels()
    whole = Environment(Path(sys.prefix))
    return Box(service, whole, bare_copy(whole, tmp_path_factory.mktemp("bare") / "env"), major, real=True)


@pytest.fixture(params=["stubs", "wheels"])
def box(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def start(box, tmp_path):
    """Start the service in one of the environments."""

    def call(environment, *, library_path=None, **options):
        return Service(box.command(environment, **options), tmp_path, library_path)

    return call


@pytest.fixture
def told(capfd):
    """Run a framelane command with ``--json``; return its exit status and the object."""

    def call(*arguments):
        code = main([*map(str, arguments), "--json"])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return code, json.loads(out)

    return call


@pytest.fixture
def has_gpu():
    return os.path.exists("/dev/nvidiactl")
