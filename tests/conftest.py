"""Settings that all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# No deadline: a busy machine or a sanitizer makes any example slow. In CI always the same examples, so that a failure
# is the change's and not chance's.
settings.register_profile("framelane", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True)
settings.load_profile("framelane")
