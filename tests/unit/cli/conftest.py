from __future__ import annotations

import json
from pathlib import Path

import pytest

from framelane.cli import main

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def clips():
    return DATA / "clips"


@pytest.fixture
def models():
    return DATA / "models"


@pytest.fixture
def run(capfd, models, clips):
    """Run ``framelane run MODEL IN OUT ...`` and return exit status, stdout, stderr; names stand for the test data."""

    def call(model, source, out, *options):
        model = models / f"{model}.onnx" if isinstance(model, str) else model
        source = clips / source if isinstance(source, str) else source
        code = main(["run", str(model), str(source), str(out), *map(str, options)])
        return code, *capfd.readouterr()

    return call


@pytest.fixture
def run_json(run):
    """The same with ``--json``; returns the object and stderr of a run that went well."""

    def call(*arguments):
        code, out, err = run(*arguments, "--json")
        assert code == 0, err
        return json.loads(out), err

    return call


@pytest.fixture
def refused(run):
    """The same for a run that is to fail; returns the sentence."""

    def call(*arguments, code):
        got, out, err = run(*arguments)
        assert (got, out) == (code, ""), err
        last = err.splitlines()[-1]
        assert last.startswith("framelane: error: ")
        assert "Traceback" not in err
        return last.removeprefix("framelane: error: ")

    return call
