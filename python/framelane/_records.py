"""Sinks for results that are no pictures, one record a frame: what they share, and the one for ``.jsonl``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import numpy as np

from ._errors import ShapeError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from ._frame import Frame


class RecordWriter:
    """What the writers of records have in common; use `NpzWriter` or `JsonlWriter`.

    A record writer is a sink of a `Pipeline`: call it with a frame, then `close` it. It holds one frame at a time, so
    memory does not grow with the length of the video. The file appears under its name only when it is whole; until
    then, and after `abort`, what there is lies beside it as ``NAME.partial.SUFFIX``.

    Parameters
    ----------
    path : path-like
        The file to write; an existing one is replaced when the new one is whole.
    outputs : iterable of str, optional
        The frame's tensors to record, in this order; all of them when left out.

    Notes
    -----
    Not thread-safe: one thread calls it, as a pipeline does.
    """

    def __init__(self, path: str | os.PathLike[str], outputs: Iterable[str] | None = None) -> None:
        self.path = Path(path)
        self.frames = 0
        """Records written so far."""
        self._outputs = None if outputs is None else tuple(outputs)
        self._partial = self.path.with_name(f"{self.path.stem}.partial{self.path.suffix}")
        self._closed = False

    @property
    def name(self) -> str:
        """What a report calls this sink."""
        return self.path.name

    @property
    def notes(self) -> list[str]:
        """Sentences on what the file cannot hold as it came."""
        return []

    def __call__(self, frame: Frame) -> None:
        """Append one record.

        Raises
        ------
        ShapeError
            The frame lacks one of the outputs, or one has another type or rank than before.
        ValueError
            The writer is closed.
        """
        if self._closed:
            raise ValueError(f"{self.path}: the writer is closed")
        self._append(frame, self._pick(frame))
        self.frames += 1

    def close(self) -> None:
        """Finish the file and move it to its name. Idempotent."""
        if self._closed:
            return
        self._closed = True
        try:
            self._finish()
            self._partial.replace(self.path)
        except BaseException:
            self._partial.unlink(missing_ok=True)
            raise

    def abort(self) -> str | None:
        """Stop; keep the whole records as ``NAME.partial.SUFFIX``.

        Returns
        -------
        str or None
            The file that was kept and its number of frames; None where there was nothing to keep.
        """
        if self._closed:
            return None
        self._closed = True
        try:
            self._finish()
        except OSError:  # as a full disk, which is why we are here: nothing can be kept
            self.frames = 0
        if not self.frames:
            self._partial.unlink(missing_ok=True)
            return None
        return f"{self._partial} ({self.frames} frame{'s' * (self.frames != 1)})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _pick(self, frame: Frame) -> dict[str, np.ndarray[Any, Any]]:
        names = tuple(frame.tensors) if self._outputs is None else self._outputs
        for name in names:
            if name not in frame.tensors:
                there = ", ".join(frame.tensors) or "none"
                raise ShapeError(f"frame {frame.index} has no tensor {name!r} to record; it has: {there}")
        return {name: np.asarray(frame.tensors[name]) for name in names}

    def _append(self, frame: Frame, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        raise NotImplementedError

    def _finish(self) -> None:
        """Leave a readable file at ``self._partial``."""
        raise NotImplementedError


class JsonlWriter(RecordWriter):
    """Writes one JSON object a line and frame: ``{"frame": 0, "timestamp": 0.0, "scores": [0.5], ...}``.

    Arrays become nested lists, scalars numbers. JSON has no NaN and no infinity: such values are written as null and
    counted in `notes`. Where an output is itself called ``frame`` or ``timestamp``, ours is ``frame_`` or
    ``timestamp_``.

    Examples
    --------
    >>> with JsonlWriter("scores.jsonl", outputs=["scores"]) as write:  # doctest: +SKIP
    ...     for frame in frames:
    ...         write(frame)
    """

    def __init__(self, path: str | os.PathLike[str], outputs: Iterable[str] | None = None) -> None:
        super().__init__(path, outputs)
        self._file: IO[str] | None = None
        self._not_finite = 0

    @property
    def notes(self) -> list[str]:
        """Sentences on what the file cannot hold as it came."""
        if not self._not_finite:
            return []
        many = "1 value was" if self._not_finite == 1 else f"{self._not_finite} values were"
        return [f"{self.path.name}: {many} NaN or infinite, written as null (.npz keeps them as they are)"]

    def _append(self, frame: Frame, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        record: dict[str, Any] = {
            free_name("frame", arrays): frame.index,
            free_name("timestamp", arrays): frame.timestamp,
        }
        for name, array in arrays.items():
            record[name] = self._plain(name, array)
        line = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(", ", ": "))
        self._open().write(line + "\n")

    def _plain(self, name: str, array: np.ndarray[Any, Any]) -> Any:
        if array.dtype.kind in "biu":
            return array.tolist()
        if array.dtype.kind != "f" and array.dtype.name != "bfloat16":
            raise ShapeError(f"output {name!r} is {array.dtype}, which JSON cannot hold; write to .npz")
        if array.dtype.name == "bfloat16":
            array = array.astype(np.float32)
        finite = np.isfinite(array)
        if finite.all():
            return array.tolist()
        self._not_finite += int(array.size - np.count_nonzero(finite))
        values = array.astype(object)
        values[~finite] = None
        return values.tolist()

    def _open(self) -> IO[str]:
        if self._file is None:
            # Line by line, so that what is there can be followed and outlives a kill -9.
            self._file = open(self._partial, "w", buffering=1, encoding="utf-8", newline="\n")  # noqa: SIM115
        return self._file

    def _finish(self) -> None:
        self._open().close()


def free_name(name: str, taken: Iterable[str]) -> str:
    """`name`, with underscores behind it as long as it is taken."""
    while name in taken:
        name += "_"
    return name
