"""The account of frames: what has entered a pipeline comes out, is dropped by a stage, or is named at the end."""

from __future__ import annotations


class Ledger:
    """Frames under way, by index. Each call is one operation on a dict, so any thread may make it."""

    def __init__(self) -> None:
        self._under_way: dict[int, None] = {}

    def entered(self, index: int) -> None:
        """Note that the source has given a frame."""
        self._under_way[index] = None

    def delivered(self, index: int) -> None:
        """Note that a frame has come out at the end."""
        self._under_way.pop(index, None)

    def dropped(self, index: int) -> None:
        """Note that a stage has returned nothing for a frame."""
        self._under_way.pop(index, None)

    def unfinished(self) -> list[int]:
        """Return the frames that are under way; not more than rings and threads hold."""
        return sorted(self._under_way)
