"""What a file says in its headers, and a sentence for every file that is not what its name says."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framelane.diagnosis import _elf_reader
from framelane.diagnosis._elf import ElfError, newest_version, read_elf
from framelane.diagnosis._loader_host import this_host
from libraries import build_library


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A library with everything that we read: needs, versions needed and defined, RUNPATH, SONAME."""
    folder = tmp_path_factory.mktemp("elf")
    (folder / "map").write_text("OURS_1.0 { global: first; local: *; }; OURS_1.1 { global: second; } OURS_1.0;")
    (folder / "code.cpp").write_text(
        '#include <cstdio>\n#include <stdexcept>\nextern "C" void first() { std::puts(""); }\n'
        'extern "C" void second() { throw std::runtime_error("x"); }\n'
    )
    options = ["-shared", "-fPIC", "-Wl,-soname,libours.so.1", "-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN/a:/b"]
    command = ["g++", *options, f"-Wl,--version-script={folder}/map", f"{folder}/code.cpp", "-o", f"{folder}/ours"]
    subprocess.run(command, check=True, timeout=100)
    return folder / "ours"


def test_a_library(library):
    elf = read_elf(library)
    assert (elf.soname, elf.runpath, elf.rpath, elf.kind) == ("libours.so.1", ("$ORIGIN/a", "/b"), (), "library")
    assert (elf.machine, elf.bits) == this_host().architecture
    assert set(elf.needed) >= {"libc.so.6", "libstdc++.so.6"}
    assert elf.versions_defined == {"libours.so.1", "OURS_1.0", "OURS_1.1"}
    assert elf.size == library.stat().st_size >= elf.announced_size


def test_the_versions_are_those_of_readelf(library):
    said = subprocess.run(["readelf", "-VW", library], capture_output=True, text=True, check=True).stdout
    needs = said.split("Version needs")[1]
    wanted = set(re.findall(r"Name: (\S+)", needs)) - set(re.findall(r"File: (\S+)", needs))
    elf = read_elf(library)
    assert {v for versions in elf.versions_needed.values() for v in versions} == wanted
    assert elf.newest_needed("GLIBC") == newest_version(sorted(wanted), "GLIBC")
    assert elf.newest_needed("GLIBCXX")
    assert elf.newest_needed("OTHER") is None


def test_versions_are_compared_as_numbers():
    assert newest_version(["GLIBC_2.4", "GLIBC_2.34", "GLIBC_PRIVATE", "GLIBCXX_3.4.30"], "GLIBC") == "2.34"


def test_a_program_and_an_rpath(tmp_path):
    elf = read_elf(build_library(tmp_path / "program", program=True, rpath="/a:$ORIGIN/../lib", options=("-lm",)))
    assert elf.interpreter
    assert (elf.rpath, elf.runpath) == (("/a", "$ORIGIN/../lib"), ())
    assert "libm.so.6" in elf.needed


def test_a_library_whose_section_headers_were_stripped(library, tmp_path):
    data = bytearray(library.read_bytes())
    data[40:48] = bytes(8)  # e_shoff
    data[60:64] = bytes(4)  # e_shnum, e_shstrndx
    (tmp_path / "stripped").write_bytes(data)
    assert read_elf(tmp_path / "stripped").needed == read_elf(library).needed


def test_a_file_without_its_section_headers_is_shorter_than_it_says(library, tmp_path):
    (tmp_path / "short").write_bytes(library.read_bytes()[:-100])
    elf = read_elf(tmp_path / "short")
    assert elf.announced_size == elf.size + 100


CUT = b"\x7fELF\x02\x01\x01"
BAD = {
    "empty": (b"", "is an empty file"),
    "script": (b"#!/bin/sh\necho\n", "is no ELF file: it begins with #!, so it is a script"),
    "text": ("库库库".encode(), "is no ELF file: it begins with"),
    "windows": (b"MZ\x90\x00" + bytes(100), "so it is a Windows file"),
    "macos": (b"\xcf\xfa\xed\xfe" + bytes(100), "the mark of a macOS file"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
    "four bytes": (b"\x7fELF", "is cut off: it has 4 bytes"),
    "header only": (CUT + bytes(9), "is cut off or damaged"),
    "no word size": (b"\x7fELF" + bytes(60), "name no word size or byte order"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_no_elf_file_is_a_sentence(tmp_path, name):
    data, sentence = BAD[name]
    path = tmp_path / "a b\n库.so"
    path.write_bytes(data)
    with pytest.raises(ElfError) as caught:
        read_elf(path)
    assert sentence in str(caught.value)
    assert "a b\\n库.so" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_cut_file_says_how_much_is_missing(library, tmp_path):
    data = library.read_bytes()
    (tmp_path / "cut.so").write_bytes(data[: len(data) // 4])
    with pytest.raises(ElfError, match=rf"is cut off: it has {len(data) // 4} bytes, and its headers announce \d+"):
        read_elf(tmp_path / "cut.so")


def test_a_library_of_another_machine_is_read(library, tmp_path):
    data = bytearray(library.read_bytes())
    data[18:20] = b"\xb7\x00"
    (tmp_path / "arm.so").write_bytes(data)
    assert read_elf(tmp_path / "arm.so").architecture == "AArch64 (64 bit)"


def test_what_is_no_file_is_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fifo.so")
    (tmp_path / "folder.so").mkdir()
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "socket.so"))
        for name in ("FIFO", "folder", "socket"):
            with pytest.raises(ElfError, match=rf"cannot be read: it is a {name}, not a file"):
                read_elf(tmp_path / f"{name.lower()}.so")
    with pytest.raises(ElfError, match="it is a device, not a file"):
        read_elf(Path("/dev/zero"))


def test_an_unreadable_file_is_a_sentence(library, tmp_path):
    (tmp_path / "loop.so").symlink_to("loop.so")
    with pytest.raises(ElfError, match=r"loop\.so cannot be read: Too many levels"):
        read_elf(tmp_path / "loop.so")
    if os.geteuid():  # root reads everything
        library.chmod(0)
        try:
            with pytest.raises(ElfError, match="Permission denied"):
                read_elf(library)
        finally:
            library.chmod(0o755)


def read_or_refuse(folder: Path, data: bytes) -> None:
    path = folder / "damaged.so"
    path.write_bytes(data)
    try:
        read_elf(path)
    except ElfError as error:
        assert str(error).startswith(str(path))  # noqa: PT017 - either end is right


@given(data=st.data())
def test_a_file_cut_anywhere_is_read_or_refused(library, tmp_path_factory, data):
    whole = library.read_bytes()
    read_or_refuse(library.parent, whole[: data.draw(st.integers(0, len(whole)))])


@given(data=st.data())
def test_flipped_bits_are_read_or_refused(library, data):
    """Where the tables are, which are what we read: the headers, the dynamic table, versions and names."""
    damaged = bytearray(library.read_bytes())
    for place in data.draw(st.lists(st.integers(0, min(len(damaged), 0x1000) * 8 - 1), min_size=1, max_size=12)):
        damaged[place // 8] ^= 1 << place % 8
    read_or_refuse(library.parent, bytes(damaged))


@given(data=st.data())
def test_overwritten_tables_are_read_or_refused(library, data):
    damaged = bytearray(library.read_bytes())
    place = data.draw(st.integers(0, len(damaged) - 1))
    filling = data.draw(st.binary(min_size=1, max_size=64) | st.just(b"\xff" * 32) | st.just(bytes(32)))
    damaged[place : place + len(filling)] = filling
    read_or_refuse(library.parent, bytes(damaged))


@given(st.binary(max_size=300))
def test_any_bytes_behind_the_mark_are_read_or_refused(library, rest):
    read_or_refuse(library.parent, b"\x7fELF" + rest)


def test_a_list_of_versions_without_end_ends(library, tmp_path):
    """Entries that point at each other, with counts as high as they go."""
    data = library.read_bytes()
    at = int.from_bytes(_section(library, ".gnu.version_r"), "little")
    damaged = bytearray(data)
    damaged[at + 2 : at + 4] = b"\xff\xff"  # vn_cnt
    first = at + int.from_bytes(data[at + 8 : at + 12], "little")  # vn_aux
    damaged[first + 12 : first + 16] = (0).to_bytes(4, "little")  # vna_next
    (tmp_path / "endless.so").write_bytes(damaged)
    assert read_elf(tmp_path / "endless.so").needed == read_elf(library).needed
    damaged[first + 12 : first + 16] = (2**32 - 1).to_bytes(4, "little")
    (tmp_path / "far.so").write_bytes(damaged)
    with pytest.raises(ElfError, match="its headers point behind them"):
        read_elf(tmp_path / "far.so")


def test_the_versions_of_a_file_are_counted():
    budget = _elf_reader._Budget()
    for _ in range(_elf_reader._MOST_VERSIONS):
        budget.spend()
    with pytest.raises(_elf_reader.ElfDamage, match="has no end"):
        budget.spend()


def test_whatever_pyelftools_raises_is_a_sentence(library, monkeypatch):
    def surprised(*_):
        raise KeyError("in a table of pyelftools")

    monkeypatch.setattr(_elf_reader.ElfReader, "facts", surprised)
    with pytest.raises(ElfError, match=r"is a damaged ELF file \(KeyError in its headers\)"):
        read_elf(library)


def _section(library: Path, name: str) -> bytes:
    from elftools.elf.elffile import ELFFile

    with library.open("rb") as stream:
        return int(ELFFile(stream).get_section_by_name(name)["sh_offset"]).to_bytes(8, "little")
