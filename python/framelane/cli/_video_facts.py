"""What a video file says about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._console import printable

if TYPE_CHECKING:
    from pathlib import Path


def video_facts(path: Path) -> dict[str, Any]:
    """Read a video's facts as values that JSON can hold."""
    raise NotImplementedError(printable(path))
