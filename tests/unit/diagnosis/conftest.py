from __future__ import annotations

import json

import pytest

import services
from framelane.cli import main


@pytest.fixture(scope="session", autouse=True)
def _no_stubs_left():
    yield
    services.remove_stubs()


@pytest.fixture
def doctor(capfd):
    """Run ``framelane doctor ... --json``; return the exit status, and the checks by name."""

    def call(*arguments):
        code = main(["doctor", *map(str, arguments), "--json"])
        out, err = capfd.readouterr()
        assert err == ""
        said = json.loads(out)
        checks = {check["name"]: check for check in said["checks"]}
        assert said["healthy"] is (code == 0)
        assert all(check["fix"] for check in checks.values() if check["status"] == "failed"), (
            "each failure has its cure"
        )
        return code, checks

    return call
