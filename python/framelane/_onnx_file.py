"""Reads from an ONNX file what tells why it cannot be loaded, without the onnx package.

ONNX files are protocol buffers (onnx/onnx.proto): a message is a run of fields, each a key (field number and wire
type) and a value. Only the fields that are wanted here are looked into; weights are stepped over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Span = tuple[int, int]  # from, to: bytes of a value within the file

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_EXTERNAL = 1  # TensorProto.DataLocation
# TensorProto.DataType: what a framelane Tensor does not hold.
_ELEMENTS = {
    8: "strings",
    14: "complex64",
    15: "complex128",
    17: "float8e4m3fn",
    18: "float8e4m3fnuz",
    19: "float8e5m2",
    20: "float8e5m2fnuz",
    21: "uint4",
    22: "int4",
    23: "float4e2m1",
    24: "float8e8m0",
    25: "uint2",
    26: "int2",
}
_KINDS = {4: "a sequence", 5: "a map", 7: "an opaque type", 8: "a sparse tensor", 9: "optional"}  # TypeProto
_MAX_DEPTH = 64  # of graphs within graphs


class DamagedModelError(ValueError):
    """The bytes are no protocol buffer.

    Attributes
    ----------
    needed : int
        The size that the file would have to have; 0 when it is not the size that is wrong.
    begins_well : bool
        Whether it begins as ONNX models do, with an IR version.
    """

    def __init__(self, needed: int = 0) -> None:
        super().__init__("no protocol buffer")
        self.needed = needed
        self.begins_well = False


@dataclass(frozen=True, slots=True)
class Node:
    """One operator call of the graph.

    `name` is its first output where the model gives it no name, and it is not `named` then. `depth` is 0 in the main
    graph and counts the graphs around it elsewhere.
    """

    name: str
    operator: str
    domain: str
    named: bool = True
    depth: int = 0


@dataclass(frozen=True, slots=True)
class ExternalData:
    """Weights that lie in another file; `length` is 0 where the model leaves it to the file."""

    tensor: str
    location: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Value:
    """An input or output of the graph; `kind` is "a sequence" and so on, or "" for a tensor that we take."""

    role: str
    name: str
    kind: str


@dataclass(slots=True)
class OnnxFile:
    """What an ONNX file says."""

    ir_version: int = 0
    has_graph: bool = False
    operator_sets: dict[str, int] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    functions: set[tuple[str, str]] = field(default_factory=set)
    external_data: list[ExternalData] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)


def read_onnx(data: memoryview) -> OnnxFile:
    """Read a whole file.

    Raises
    ------
    DamagedModelError
        The bytes are cut short, or no protocol buffer at all.
    """
    file = OnnxFile()
    try:
        _Reader(data, file).model()
    except DamagedModelError as error:
        error.begins_well = 0 < file.ir_version < 1000
        raise
    return file


class _Reader:
    def __init__(self, data: memoryview, file: OnnxFile) -> None:
        self._data = data
        self._file = file

    def model(self) -> None:
        for number, value in self._fields((0, len(self._data))):
            if number == 1 and isinstance(value, int):
                self._file.ir_version = value
            elif number == 7 and isinstance(value, tuple):
                self._file.has_graph = True
                self._graph(value, 0)
            elif number == 8 and isinstance(value, tuple):
                self._operator_set(value)
            elif number == 25 and isinstance(value, tuple):
                self._function(value)

    def _operator_set(self, span: Span) -> None:
        domain, version = "", 0
        for number, value in self._fields(span):
            if number == 1 and isinstance(value, tuple):
                domain = self._text(value)
            elif number == 2 and isinstance(value, int):
                version = value
        self._file.operator_sets[domain] = version

    def _function(self, span: Span) -> None:
        name = domain = ""
        for number, value in self._fields(span):
            if number == 1 and isinstance(value, tuple):
                name = self._text(value)
            elif number == 10 and isinstance(value, tuple):
                domain = self._text(value)
            elif number == 7 and isinstance(value, tuple):
                self._node(value, 1)
        self._file.functions.add((domain, name))

    def _graph(self, span: Span, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise DamagedModelError
        for number, value in self._fields(span):
            if not isinstance(value, tuple):
                continue
            if number == 1:
                self._node(value, depth)
            elif number == 5:
                self._tensor(value)
            elif number == 15:
                self._sparse_tensor(value)
            elif number in (11, 12) and depth == 0:
                self._value("input" if number == 11 else "output", value)

    def _value(self, role: str, span: Span) -> None:
        name = kind = ""
        for number, value in self._fields(span):
            if number == 1 and isinstance(value, tuple):
                name = self._text(value)
            elif number == 2 and isinstance(value, tuple):
                for type_number, type_value in self._fields(value):
                    kind = _KINDS.get(type_number, kind)
                    if type_number == 1 and isinstance(type_value, tuple):
                        kind = self._tensor_kind(type_value)
        self._file.values.append(Value(role, name, kind))

    def _tensor_kind(self, span: Span) -> str:
        elements = [value for number, value in self._fields(span) if number == 1 and isinstance(value, int)]
        return f"a tensor of {_ELEMENTS[elements[0]]}" if elements and elements[0] in _ELEMENTS else ""

    def _node(self, span: Span, depth: int) -> None:
        name = operator = domain = output = ""
        for number, value in self._fields(span):
            if not isinstance(value, tuple):
                continue
            if number == 2 and not output:
                output = self._text(value)
            elif number == 3:
                name = self._text(value)
            elif number == 4:
                operator = self._text(value)
            elif number == 7:
                domain = self._text(value)
            elif number == 5:
                self._attribute(value, depth)
        self._file.nodes.append(Node(name or output, operator, domain, bool(name), depth))

    def _attribute(self, span: Span, depth: int) -> None:
        for number, value in self._fields(span):
            if not isinstance(value, tuple):
                continue
            if number in (5, 10):
                self._tensor(value)
            elif number in (6, 11):
                self._graph(value, depth + 1)
            elif number in (22, 23):
                self._sparse_tensor(value)

    def _sparse_tensor(self, span: Span) -> None:
        for number, value in self._fields(span):
            if number in (1, 2) and isinstance(value, tuple):
                self._tensor(value)

    def _tensor(self, span: Span) -> None:
        name, entries, external = "", {}, False
        for number, value in self._fields(span):
            if number == 8 and isinstance(value, tuple):
                name = self._text(value)
            elif number == 13 and isinstance(value, tuple):
                parts = {key: self._text(part) for key, part in self._fields(value) if isinstance(part, tuple)}
                entries[parts.get(1, "")] = parts.get(2, "")
            elif number == 14:
                external = value == _EXTERNAL
        if external:
            offset, length = (_number(entries.get(key, "")) for key in ("offset", "length"))
            self._file.external_data.append(ExternalData(name, entries.get("location", ""), offset, length))

    def _text(self, span: Span) -> str:
        return bytes(self._data[span[0] : span[1]]).decode("utf-8", "replace")

    def _fields(self, span: Span) -> Iterator[tuple[int, int | Span]]:
        """Yield field number and value: an int, or where the bytes of the value lie."""
        at, end = span
        while at < end:
            key, at = self._varint(at, end)
            kind = key & 7
            value: int | Span
            if kind == _VARINT:
                value, at = self._varint(at, end)
            elif kind == _BYTES:
                length, start = self._varint(at, end)
                at = start + length
                value = (start, at)
            elif kind in (_FIXED64, _FIXED32):
                start, at = at, at + (8 if kind == _FIXED64 else 4)
                value = (start, at)
            else:
                raise DamagedModelError
            if at > end or key >> 3 == 0:
                raise DamagedModelError(at if end == len(self._data) and key >> 3 else 0)
            yield key >> 3, value

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = shift = 0
        while at < end and shift < 70:
            byte = self._data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
            shift += 7
        raise DamagedModelError(at + 1 if at == end == len(self._data) else 0)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
