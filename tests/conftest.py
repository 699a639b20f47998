"""Settings that all tests share."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

# No deadline: a busy machine or a sanitizer makes any example slow. In CI always the same examples, so that a failure
# is the change's and not chance's.
settings.register_profile("framelane", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True)
settings.load_profile("framelane")


# A shell that starts the tests in the background has them ignore Ctrl-C, and their children inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a test that measures seconds or memory three tries: what else the machine does is not in its hands."""
    for item in items:
        if item.get_closest_marker("timing"):
            item.add_marker(pytest.mark.flaky(reruns=2))
