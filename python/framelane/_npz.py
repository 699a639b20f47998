"""The sink that writes one record a frame into ``.npz``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ._errors import ShapeError
from ._records import RecordWriter, free_name

if TYPE_CHECKING:
    import os
    import zipfile
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from ._frame import Frame

_CHUNK = 1 << 20


class _Spool:
    """An unnamed file that grows frame by frame; what was written after the last `keep` is not read back."""

    def __init__(self, folder: Path) -> None:
        import tempfile  # with zipfile 7 ms, which `import framelane` need not pay

        self._file = tempfile.TemporaryFile(dir=folder, buffering=_CHUNK)  # noqa: SIM115 - closed with the column
        self._size = 0

    def write(self, array: np.ndarray[Any, Any]) -> None:
        self._file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8))

    def keep(self) -> None:
        self._size = self._file.tell()

    def chunks(self, size: int = _CHUNK) -> Iterator[bytes]:
        self._file.seek(0)
        for start in range(0, self._size, size):
            yield self._file.read(min(size, self._size - start))

    def close(self) -> None:
        self._file.close()


@dataclass
class _Column:
    """One output over all frames: its values, and the shape that each frame had."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    values: _Spool
    shapes: _Spool
    same_shape: bool = True
    same_rows: bool = True

    @property
    def rank(self) -> int:
        return len(self.shape)

    def check(self, array: np.ndarray[Any, Any], index: int) -> None:
        if array.dtype != self.dtype or array.ndim != self.rank:
            raise ShapeError(
                f"output {self.name!r} of frame {index} is {array.dtype} of rank {array.ndim}; "
                f"the frames before had {self.dtype} of rank {self.rank}"
            )

    def append(self, array: np.ndarray[Any, Any]) -> None:
        self.shapes.write(np.array(array.shape, np.int64))
        self.values.write(array)
        self.same_shape &= array.shape == self.shape
        self.same_rows &= array.shape[1:] == self.shape[1:]


class NpzWriter(RecordWriter):
    """Writes all frames into one ``.npz``, every value as it came.

    ``frame`` (int64) and ``timestamp`` (float64 seconds, NaN where there is none) have one value a frame; an output
    that is itself called so keeps its name and ours is ``frame_`` or ``timestamp_``. An output ``y`` is stored

    - as ``y`` of shape ``[frames, ...]`` where it has the same shape in every frame;
    - as ``y``, the rows of all frames one after the other, and ``y.offsets`` (int64, frames + 1 values) where its
      first axis varies or is named in `ragged`: frame i has ``y[offsets[i]:offsets[i + 1]]``;
    - flat as ``y``, with ``y.offsets`` and ``y.shapes`` (int64, one shape a frame) where other axes vary too: frame i
      has ``y[offsets[i]:offsets[i + 1]].reshape(shapes[i])``.

    bfloat16, which NumPy's format lacks, is stored as float32 (exact).

    Parameters
    ----------
    path, outputs
        As for `RecordWriter`.
    ragged : iterable of str, optional
        Outputs of rank 1 or more to store with offsets even where all frames happen to have as many rows, so that
        what reads the file need not know both forms.

    Notes
    -----
    Values go to unnamed files beside `path` first, so the disk needs room for them twice while `close` runs.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        outputs: Iterable[str] | None = None,
        ragged: Iterable[str] = (),
    ) -> None:
        super().__init__(path, outputs)
        self._ragged = frozenset(ragged)
        self._columns: dict[str, _Column] = {}
        self._clock: dict[str, _Spool] = {}

    def _append(self, frame: Frame, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        arrays = {name: _storable(name, array) for name, array in arrays.items()}
        if not self._clock:
            self._columns = {name: self._column(name, array) for name, array in arrays.items()}
            self._clock = {name: self._spool() for name in ("frame", "timestamp")}
        if self._columns.keys() != arrays.keys():
            raise ShapeError(f"frame {frame.index} has {', '.join(arrays)}; before: {', '.join(self._columns)}")
        for name, array in arrays.items():
            self._columns[name].check(array, frame.index)
        for name, array in arrays.items():
            self._columns[name].append(array)
        self._clock["frame"].write(np.array(frame.index, np.int64))
        self._clock["timestamp"].write(np.array(frame.timestamp, np.float64))  # None becomes NaN
        for spool in self._spools():
            spool.keep()

    def _column(self, name: str, array: np.ndarray[Any, Any]) -> _Column:
        return _Column(name, array.dtype, array.shape, self._spool(), self._spool())

    def _spool(self) -> _Spool:
        return _Spool(self.path.parent)

    def _spools(self) -> Iterator[_Spool]:
        for column in self._columns.values():
            yield column.values
            yield column.shapes
        yield from self._clock.values()

    def _finish(self) -> None:
        import zipfile

        try:
            with zipfile.ZipFile(self._partial, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
                for name, kind in (("frame", np.int64), ("timestamp", np.float64)):
                    chunks = self._clock[name].chunks() if self._clock else ()
                    _member(archive, free_name(name, self._columns), np.dtype(kind), (self.frames,), chunks)
                for column in self._columns.values():
                    self._store(archive, column)
        finally:
            for spool in self._spools():
                spool.close()

    def _store(self, archive: zipfile.ZipFile, column: _Column) -> None:
        rows = bool(column.rank) and column.same_rows
        if column.same_shape and not (rows and column.name in self._ragged):
            shape: tuple[int, ...] = (self.frames, *column.shape)
        else:
            total = _member_offsets(archive, column, self.frames, rows)
            shape = (total, *column.shape[1:]) if rows else (total,)
        if not column.same_rows:
            shapes = (self.frames, column.rank)
            _member(archive, f"{column.name}.shapes", np.dtype(np.int64), shapes, column.shapes.chunks())
        _member(archive, column.name, column.dtype, shape, column.values.chunks())
        column.values.close()  # gives its room on the disk back


def _storable(name: str, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if array.dtype.name == "bfloat16":
        return array.astype(np.float32)
    if array.dtype.kind not in "biufcSU":
        raise ShapeError(f"output {name!r} is {array.dtype}, which .npz cannot hold without pickle")
    return array


def _member_offsets(archive: zipfile.ZipFile, column: _Column, frames: int, rows: bool) -> int:
    """Write ``NAME.offsets`` from the spooled shapes, counting rows or values; return the last one."""
    total = 0

    def offsets() -> Iterator[bytes]:
        nonlocal total
        yield np.int64(0).tobytes()
        for shapes in column.shapes.chunks(8 * column.rank * 4096):
            sizes = np.frombuffer(shapes, np.int64).reshape(-1, column.rank)
            ends = total + np.cumsum(sizes[:, 0] if rows else sizes.prod(1))
            total = int(ends[-1])
            yield ends.astype(np.int64).tobytes()

    _member(archive, f"{column.name}.offsets", np.dtype(np.int64), (frames + 1,), offsets())
    return total


def _member(
    archive: zipfile.ZipFile, name: str, dtype: np.dtype[Any], shape: tuple[int, ...], chunks: Iterable[bytes]
) -> None:
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array_header_2_0(member, header)
        for chunk in chunks:
            member.write(chunk)
