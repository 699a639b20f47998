"""The cache of ldconfig is read in both of its layouts, and a damaged one is an empty one."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framelane.diagnosis._ld_cache import read_cache
from libraries import build_library
from needs import need

LDCONFIG = shutil.which("ldconfig", path=f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin")
X86_64 = ("x86-64", 64)


def made(folder, layout: str):
    """Let ldconfig write a cache for a folder of ours; only the new layout knows the library for newer CPUs in it."""
    need("ldconfig on x86-64", LDCONFIG is not None and os.uname().machine == "x86_64")
    library = build_library(folder / "lib" / "libours.so.1.2", soname="libours.so.1")
    if layout == "new":
        newer = folder / "lib" / "glibc-hwcaps" / "x86-64-v3"
        newer.mkdir(parents=True)
        shutil.copy(library, newer / "libours.so.1")
    (folder / "conf").write_text(f"{folder}/lib\n")
    command = [LDCONFIG, "-C", str(folder / "cache"), "-f", str(folder / "conf"), "-c", layout]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    return folder / "cache"


@pytest.mark.parametrize("layout", ["new", "compat", "old"])
def test_a_library_is_found_in_every_layout(tmp_path, layout):
    cache = read_cache(made(tmp_path, layout))
    assert len(cache) > 1
    assert cache.find("libours.so.1", *X86_64) == f"{tmp_path}/lib/libours.so.1"
    assert cache.find("libours.so.1", "x86", 32) is None
    assert cache.find("libours.so.1", "s390", 64) is None
    assert cache.find("libtheirs.so.1", *X86_64) is None


def test_the_file_for_the_best_level_of_this_cpu_is_taken(tmp_path):
    cache = read_cache(made(tmp_path, "new"))
    plain, newer = f"{tmp_path}/lib/libours.so.1", f"{tmp_path}/lib/glibc-hwcaps/x86-64-v3/libours.so.1"
    assert cache.find("libours.so.1", *X86_64, ("x86-64-v2",)) == plain
    assert cache.find("libours.so.1", *X86_64, ("x86-64-v3", "x86-64-v2")) == newer
    assert cache.find("libours.so.1", *X86_64, ("x86-64-v4", "x86-64-v3")) == newer


def test_a_layout_made_by_hand(tmp_path):
    strings = b"libold.so.1\0/lib/libold.so.1\0"
    entry = struct.pack("=iII", 0x0303, 0, 12)
    (tmp_path / "cache").write_bytes(struct.pack("=12sI", b"ld.so-1.7.0\0", 1) + entry + strings)
    assert read_cache(tmp_path / "cache").find("libold.so.1", *X86_64) == "/lib/libold.so.1"


def test_a_cache_that_is_not_there_or_no_cache_is_empty(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "text").write_text("no cache")
    assert [len(read_cache(tmp_path / name)) for name in ("gone", "fifo", "text", ".")] == [0, 0, 0, 0]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return made(tmp_path_factory.mktemp("cache"), "new").read_bytes()


@given(data=st.data())
def test_a_damaged_cache_never_raises(written, tmp_path_factory, data):
    damaged = bytearray(written[: data.draw(st.integers(0, len(written)))])
    for place in data.draw(st.lists(st.integers(0, max(len(damaged) * 8 - 1, 0)), max_size=10)):
        if damaged:
            damaged[place // 8] ^= 1 << place % 8
    file = tmp_path_factory.getbasetemp() / "damaged"
    file.write_bytes(damaged)
    read_cache(file).find("libours.so.1", *X86_64, ("x86-64-v3",))
