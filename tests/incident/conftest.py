from __future__ import annotations

import shutil

import pytest

from legacy_service import Environment, build_service, stub_environment
from needs import need


@pytest.fixture(scope="session")
def service_folder(tmp_path_factory):
    """Where the opaque library and its app.py lie."""
    need("a C++ compiler (g++)", shutil.which("g++") is not None)
    folder = tmp_path_factory.mktemp("heygem service")
    build_service(folder)
    return folder


@pytest.fixture(scope="session")
def whole_environment(tmp_path_factory):
    need("a C++ compiler (g++)", shutil.which("g++") is not None)
    return stub_environment(tmp_path_factory.mktemp("env"))


@pytest.fixture(scope="session")
def bare_environment(tmp_path_factory, whole_environment):
    """The same without the CUDA wheels."""
    folder = tmp_path_factory.mktemp("bare") / "env"
    shutil.copytree(whole_environment.folder, folder, symlinks=True)
    environment = Environment(folder)
    shutil.rmtree(environment.site / "nvidia")
    for wheel in environment.site.glob("nvidia_*.dist-info"):
        shutil.rmtree(wheel)
    return environment
