"""How a test says what it needs: `from needs import need`."""

from __future__ import annotations

import os

import pytest


def need(what: str, present: bool) -> None:
    """Skip the test, naming what the machine lacks; fail instead where everything must be there."""
    if present:
        return
    if os.environ.get("FRAMELANE_REQUIRE_ALL") == "1":
        pytest.fail(f"needs {what}, and FRAMELANE_REQUIRE_ALL=1 says that it must be here")
    pytest.skip(f"needs {what}")
