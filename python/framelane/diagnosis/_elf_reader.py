"""The tables of an ELF file, with pyelftools' layouts and a bound on everything that the file may claim."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from elftools.common.utils import struct_parse
from elftools.elf.descriptions import describe_e_machine
from elftools.elf.structs import ELFStructs

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_STRING = 1 << 16
_MOST_VERSIONS = 20_000  # libc has some 40
_MOST_TAGS = 100_000
_MACHINES = {"EM_X86_64": "x86-64", "EM_386": "x86", "EM_AARCH64": "AArch64", "EM_ARM": "ARM", "EM_PPC64": "ppc64"}


class ElfDamage(Exception):  # noqa: N818 - becomes an ElfError
    """The file is no ELF file, or damaged; the text goes behind its name."""


@dataclass(frozen=True)
class ElfFacts:
    """What the ELF header and the program headers say."""

    bits: int
    machine: str
    kind: str
    announced_size: int
    loaded_size: int
    interpreter: str | None


@dataclass
class DynamicTags:
    """The dynamic table: numbers by tag, and strings where the tag's number is an offset into the string table."""

    reader: ElfReader
    numbers: dict[str, list[int]] = field(default_factory=dict)
    present: bool = False

    def first(self, tag: str) -> int | None:
        """Return the number of a tag; None without it."""
        return self.numbers.get(tag, [None])[0]

    def strings(self, tag: str) -> list[str]:
        """Return the strings of all entries with a tag."""
        return [self.string_at(offset) for offset in self.numbers.get(tag, ())]

    def string(self, tag: str) -> str | None:
        """Return the string of a tag; None without it. Of several the last counts, as in the loader."""
        offsets = self.numbers.get(tag)
        return self.string_at(offsets[-1]) if offsets else None

    def string_at(self, offset: int) -> str:
        """Return a string of the string table."""
        table = self.first("DT_STRTAB")
        if table is None:
            raise ElfDamage("is a damaged ELF file: its dynamic table has no strings")
        return self.reader.text(self.reader.offset_of(table) + offset)


class ElfReader:
    """Reads tables out of an open file.

    Raises
    ------
    ElfDamage
        From any method, where the file is none, or damaged.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.size = os.fstat(stream.fileno()).st_size
        self._structs, self._header = self._read_header()
        self._segments = list(self._read_segments())

    def _read_header(self) -> tuple[Any, Any]:
        ident = self._stream.read(16)
        if not ident:
            raise ElfDamage("is an empty file")
        if ident[:4] != b"\x7fELF"[: len(ident)]:
            raise ElfDamage(f"is no ELF file: it begins with {_begins(ident)}")
        if len(ident) < 16:
            raise ElfDamage(f"is cut off: it has {self.size} bytes")
        if ident[4] not in (1, 2) or ident[5] not in (1, 2):
            raise ElfDamage("is a damaged ELF file: its first bytes name no word size or byte order")
        structs: Any = ELFStructs(little_endian=ident[5] == 1, elfclass=64 if ident[4] == 2 else 32)
        structs.create_basic_structs()
        header = self._parse_at(structs.Elf_Ehdr, 0)
        structs.create_advanced_structs(header.e_type, header.e_machine, header.e_ident.EI_OSABI)
        return structs, header

    def _read_segments(self) -> Iterator[Any]:
        size = self._structs.Elf_Phdr.sizeof()
        if self._header.e_phnum and self._header.e_phentsize != size:
            raise ElfDamage("is a damaged ELF file: its program headers have a wrong size")
        for index in range(self._header.e_phnum):
            yield self._parse_at(self._structs.Elf_Phdr, self._header.e_phoff + index * size)

    def facts(self) -> ElfFacts:
        """Return what the headers say."""
        header = self._header
        sections = header.e_shoff + header.e_shnum * header.e_shentsize if header.e_shoff else 0
        loaded = max((s.p_offset + s.p_filesz for s in self._segments if s.p_type == "PT_LOAD"), default=0)
        places = [s.p_offset for s in self._segments if s.p_type == "PT_INTERP"]
        return ElfFacts(
            bits=self._structs.elfclass,
            machine=_MACHINES.get(header.e_machine) or str(describe_e_machine(header.e_machine)),
            kind=str(header.e_type),
            announced_size=max(sections, loaded),
            loaded_size=loaded,
            interpreter=self.text(places[0]) if places else None,
        )

    def tags(self) -> DynamicTags:
        """Return the dynamic table; an empty one where there is none."""
        tags = DynamicTags(self)
        segment = next((s for s in self._segments if s.p_type == "PT_DYNAMIC"), None)
        if segment is None:
            return tags
        tags.present = True
        size = self._structs.Elf_Dyn.sizeof()
        for index in range(min(segment.p_filesz // size, _MOST_TAGS)):
            entry = self._parse_at(self._structs.Elf_Dyn, segment.p_offset + index * size)
            if entry.d_tag == "DT_NULL":
                break
            tags.numbers.setdefault(str(entry.d_tag), []).append(entry.d_val)
        return tags

    def versions_needed(self, tags: DynamicTags) -> dict[str, tuple[str, ...]]:
        """Return the versions asked for, by library; those marked weak are left out, as nothing fails without them."""
        asked: dict[str, list[str]] = {}
        budget = _Budget()
        structs, weak = self._structs, 2
        for place, need in self._chain(structs.Elf_Verneed, tags, "DT_VERNEED", "vn_next", budget):
            versions = asked.setdefault(tags.string_at(need.vn_file), [])
            parts = self._links(structs.Elf_Vernaux, place + need.vn_aux, need.vn_cnt, "vna_next", budget)
            versions += [tags.string_at(part.vna_name) for _, part in parts if not int(part.vna_flags) & weak]
        return {library: tuple(dict.fromkeys(versions)) for library, versions in asked.items()}

    def versions_defined(self, tags: DynamicTags) -> frozenset[str]:
        """Return the versions that the library offers; its own name is among them."""
        budget = _Budget()
        return frozenset(
            tags.string_at(part.vda_name)
            for place, definition in self._chain(self._structs.Elf_Verdef, tags, "DT_VERDEF", "vd_next", budget)
            for _, part in self._links(self._structs.Elf_Verdaux, place + definition.vd_aux, 1, "vda_next", budget)
        )

    def _chain(self, layout: Any, tags: DynamicTags, tag: str, link: str, budget: _Budget) -> Iterator[tuple[int, Any]]:
        start, count = tags.first(tag), tags.first(f"{tag}NUM")
        if start is None or count is None:
            return iter(())
        return self._links(layout, self.offset_of(start), count, link, budget)

    def _links(self, layout: Any, place: int, count: int, link: str, budget: _Budget) -> Iterator[tuple[int, Any]]:
        """Follow a list whose entries say how far the next one is."""
        for _ in range(count):
            budget.spend()
            entry = self._parse_at(layout, place)
            yield place, entry
            if not entry[link]:
                return
            place += entry[link]

    def offset_of(self, address: int) -> int:
        """Return where in the file lies what is loaded at an address."""
        for segment in self._segments:
            if segment.p_type == "PT_LOAD" and 0 <= address - segment.p_vaddr < segment.p_filesz:
                return int(address - segment.p_vaddr + segment.p_offset)
        raise ElfDamage("is a damaged ELF file: a table lies outside of what is loaded")

    def text(self, offset: int) -> str:
        """Return the string at an offset of the file, with bytes that are no UTF-8 as Python has them in paths."""
        if not 0 <= offset < self.size:
            raise ElfDamage("is a damaged ELF file: a name lies behind its end")
        self._stream.seek(offset)
        found, end, _ = self._stream.read(_LONGEST_STRING).partition(b"\0")
        if not end:
            raise ElfDamage("is a damaged ELF file: a name in it has no end")
        return os.fsdecode(found)

    def _parse_at(self, layout: Any, offset: int) -> Any:
        if not 0 <= offset <= self.size - layout.sizeof():
            raise ElfDamage(f"is cut off or damaged: it has {self.size} bytes, and its headers point behind them")
        return struct_parse(layout, self._stream, stream_pos=offset)


class _Budget:
    """Ends lists that a damaged file makes endless."""

    def __init__(self) -> None:
        self._left = _MOST_VERSIONS

    def spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise ElfDamage("is a damaged ELF file: its list of versions has no end")


def _begins(start: bytes) -> str:
    if start.startswith(b"#!"):
        return "#!, so it is a script"
    if start.startswith(b"MZ"):
        return "MZ, so it is a Windows file"
    if start[:4] in (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xce\xfa\xed\xfe"):
        return "the mark of a macOS file"
    if start.startswith(b"version https://"):
        return "the text of a Git LFS pointer, so the file itself was not fetched"
    return ascii(start[:8].decode("latin-1"))
