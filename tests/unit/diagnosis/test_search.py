"""The walk over NEEDED takes the file that the real loader takes, folder by folder."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from framelane.diagnosis._elf import ElfError, read_elf
from framelane.diagnosis._ld_cache import LdCache
from framelane.diagnosis._loader_host import LoaderHost, this_host
from framelane.diagnosis._search import Found, Loader, Missing, find_libraries
from framelane.diagnosis._search_path import Rule, expand
from libraries import build_library, traced


def walked(program: Path, *, cwd: Path | None = None, ld_library_path: str = "") -> dict[str, str | None]:
    """Return what our walk says, in the form of `traced`."""
    loader = Loader(executable=program, ld_library_path=ld_library_path, current=str(cwd or Path.cwd()))
    found: dict[str, str | None] = {}
    for one in loader.program_libraries:
        if one.name == os.path.basename(this_host().loader):  # the trace has it in another form
            continue
        found.setdefault(one.name, one.path if isinstance(one, Found) else None)
    return found


def assert_as_the_loader(program: Path, *, cwd: Path | None = None, ld_library_path: str = "") -> dict[str, str | None]:
    real = traced(program, cwd=cwd, LD_LIBRARY_PATH=ld_library_path)
    assert "error" not in real
    assert {
        n: p and os.path.normpath(p) for n, p in walked(program, cwd=cwd, ld_library_path=ld_library_path).items()
    } == {n: p and os.path.normpath(os.path.join(cwd or "", p)) for n, p in real.items()}
    return real


@pytest.fixture
def far(tmp_path):
    """A library that lies in three folders."""
    first = build_library(tmp_path / "one" / "libfar.so.1")
    for other in ("two", "three"):
        (tmp_path / other).mkdir()
        (tmp_path / other / first.name).write_bytes(first.read_bytes())
    return first


PATHS = [None, "$ORIGIN/two", "${ORIGIN}/two", "$ORIGIN/nowhere:$ORIGIN/two", "$ORIGINS/two", ""]


@pytest.mark.parametrize("environment", ["", "{0}/three", "{0}/nowhere:{0}/three", ":", "{0}/three;{0}/one", "three/"])
@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind in ("rpath", "runpath") for path in PATHS])
def test_one_library_over_rpath_runpath_and_environment(tmp_path, far, kind, path, environment):
    program = build_library(tmp_path / "program", program=True, needs={"libfar.so.1": far}, **{kind: path})
    assert_as_the_loader(program, cwd=tmp_path, ld_library_path=environment.format(tmp_path))


def test_rpath_of_the_program_counts_for_its_libraries_and_runpath_does_not(tmp_path, far):
    for kind, finds in (("rpath", True), ("runpath", False)):
        near = build_library(tmp_path / "libnear.so", needs={"libfar.so.1": far})
        program = build_library(
            tmp_path / kind, program=True, needs={"libnear.so": near}, **{kind: "$ORIGIN:$ORIGIN/two"}
        )
        real = assert_as_the_loader(program)
        assert bool(real["libfar.so.1"]) is finds


def test_a_runpath_of_the_asker_shuts_out_the_rpath_of_its_loaders(tmp_path, far):
    near = build_library(tmp_path / "libnear.so", needs={"libfar.so.1": far}, runpath="$ORIGIN/nowhere")
    program = build_library(tmp_path / "program", program=True, needs={"libnear.so": near}, rpath="$ORIGIN:$ORIGIN/two")
    assert assert_as_the_loader(program)["libfar.so.1"] is None


def test_rpaths_of_all_that_loaded_the_asker_count(tmp_path, far):
    near = build_library(tmp_path / "libnear.so", needs={"libfar.so.1": far})
    middle = build_library(tmp_path / "libmiddle.so", needs={"libnear.so": near}, rpath="$ORIGIN:$ORIGIN/two")
    program = build_library(tmp_path / "program", program=True, needs={"libmiddle.so": middle}, runpath="$ORIGIN")
    assert assert_as_the_loader(program)["libfar.so.1"].endswith("two/libfar.so.1")


@pytest.mark.parametrize("rpath", [True, False])
def test_an_empty_runpath_takes_all_rpaths_out(tmp_path, far, rpath):
    """No linker writes both; so another tag becomes the RUNPATH, whose text is the empty one at the table's start."""
    near = build_library(tmp_path / "libnear.so", needs={far.name: far}, rpath="$ORIGIN/two" if rpath else None)
    data = near.read_bytes()
    at = data.rindex((14).to_bytes(8, "little"), 0, data.rindex((6).to_bytes(8, "little")))  # DT_SONAME
    near.write_bytes(data[:at] + (29).to_bytes(8, "little") + bytes(8) + data[at + 16 :])
    elf = read_elf(near)
    assert (elf.has_runpath, elf.rpath, elf.runpath, elf.soname) == (True, (), (), None)
    original = build_library(tmp_path / "link" / "libnear.so", soname="libnear.so")
    path = "$ORIGIN:$ORIGIN/two"
    program = build_library(tmp_path / "program", program=True, needs={"libnear.so": original}, rpath=path)
    assert assert_as_the_loader(program) == {"libnear.so": str(near), far.name: None}


def test_tokens_end_where_a_name_ends():
    host = LoaderHost(("x86-64", 64), library_folder="lib64", platform="p")
    cases = {
        "$ORIGIN/a": "/o/a",
        "${LIB}x": "lib64x",
        "$LIBx": "$LIBx",
        "$PLATFORM": "p",
        "$ORIGIN_": "$ORIGIN_",
        "$X": "$X",
    }
    assert {text: expand(text, "/o", host) for text in cases} == cases
    assert expand("$ORIGIN/a", None, host) is None


def test_a_library_that_may_not_be_read_is_passed_over(tmp_path, far, monkeypatch):
    real = os.access
    monkeypatch.setattr(os, "access", lambda name, *more: "one" not in str(name) and real(name, *more))  # root may all
    library = build_library(tmp_path / "libnear.so", needs={far.name: far}, runpath="$ORIGIN/one:$ORIGIN/two")
    (found,) = find_libraries(library)
    assert found.path == str(tmp_path / "two" / far.name)


def test_what_is_loaded_under_a_soname_is_found_without_a_path(tmp_path, far):
    near = build_library(tmp_path / "libnear.so", needs={"libfar.so.1": far})
    needs = {"libfar.so.1": far, "libnear.so": near}
    program = build_library(tmp_path / "program", program=True, needs=needs, runpath="$ORIGIN:$ORIGIN/three")
    assert assert_as_the_loader(program)["libfar.so.1"].endswith("three/libfar.so.1")


def test_libraries_that_need_each_other(tmp_path):
    first = build_library(tmp_path / "libfirst.so")
    second = build_library(tmp_path / "libsecond.so", needs={"libfirst.so": first}, runpath="$ORIGIN")
    build_library(first, needs={"libsecond.so": second}, runpath="$ORIGIN")
    program = build_library(tmp_path / "program", program=True, needs={"libfirst.so": first}, runpath="$ORIGIN")
    assert assert_as_the_loader(program) == {n: str(tmp_path / n) for n in ("libfirst.so", "libsecond.so")}
    assert [one.name for one in find_libraries(first)] == ["libsecond.so", "libfirst.so"]


def test_lib_and_platform_stand_for_what_the_loader_has(tmp_path, far):
    host = this_host()
    for name in (host.library_folder, host.platform):
        folder = tmp_path / "by" / name
        folder.mkdir(parents=True, exist_ok=True)
    (tmp_path / "by" / host.library_folder / far.name).write_bytes(far.read_bytes())
    program = build_library(tmp_path / "p", program=True, needs={far.name: far}, runpath="$ORIGIN/by/$LIB")
    assert assert_as_the_loader(program)[far.name]
    (tmp_path / "by" / host.platform / far.name).write_bytes(far.read_bytes())
    program = build_library(tmp_path / "q", program=True, needs={far.name: far}, runpath="$ORIGIN/by/$PLATFORM")
    assert assert_as_the_loader(program)[far.name]


def test_the_subfolder_for_this_cpu_comes_first(tmp_path, far):
    if not this_host().hwcaps:
        pytest.skip("needs a CPU that has such levels")
    for level in this_host().hwcaps[::-1]:
        folder = tmp_path / "two" / "glibc-hwcaps" / level
        folder.mkdir(parents=True)
        (folder / far.name).write_bytes(far.read_bytes())
        program = build_library(tmp_path / "program", program=True, needs={far.name: far}, runpath="$ORIGIN/two")
        assert level in assert_as_the_loader(program)[far.name]


def test_the_systems_libraries_come_from_the_cache(tmp_path):
    program = build_library(tmp_path / "program", program=True, options=("-lm", "-lstdc++"))
    real = assert_as_the_loader(program)
    assert real["libm.so.6"]
    rules = {one.name: one.rule for one in Loader(executable=program).program_libraries}
    assert rules["libm.so.6"] is Rule.CACHE


def test_without_the_systems_folders(tmp_path):
    program = build_library(tmp_path / "program", program=True, options=("-lm", "-Wl,-z,nodefaultlib"))
    assert assert_as_the_loader(program)["libm.so.6"] is None


def test_a_default_folder_without_a_cache(tmp_path):
    program = build_library(tmp_path / "program", program=True, options=("-lm",))
    found = {one.name: one for one in Loader(executable=program, cache=LdCache(())).program_libraries}
    assert found["libm.so.6"].rule is Rule.DEFAULT


def test_a_need_with_a_slash_is_not_searched_for(tmp_path):
    library = build_library(tmp_path / "sub" / "libslash.so", soname=None)
    program = build_library(tmp_path / "program", program=True, needs={"": Path(os.path.relpath(library))}, rpath="/x")
    (name,) = Loader(executable=program, current=os.getcwd()).program_libraries
    assert (name.rule, name.path) == (Rule.PATH, os.path.join(os.getcwd(), os.path.relpath(library)))
    assert isinstance(Loader(executable=program, current=str(tmp_path)).program_libraries[0], Missing)


@pytest.mark.parametrize("bad", ["empty", "text", "folder", "cut off", "object file", "static"])
def test_the_loader_gives_up_at_a_file_that_is_no_library(tmp_path, far, bad):
    (tmp_path / "bad").mkdir()
    file = tmp_path / "bad" / far.name
    match bad:
        case "empty":
            file.write_bytes(b"")
        case "text":
            file.write_text("#!/bin/sh\n" * 20)
        case "folder":
            file.mkdir()
        case "cut off":
            file.write_bytes(far.read_bytes()[:600])
        case "object file":
            file.write_bytes(far.read_bytes()[:16] + b"\x01\x00" + far.read_bytes()[18:])
        case "static":  # its PT_DYNAMIC is a PT_NULL
            data = far.read_bytes()
            dynamic = data.index(bytes([2, 0, 0, 0, 6, 0, 0, 0]))
            file.write_bytes(data[:dynamic] + bytes(4) + data[dynamic + 4 :])
    program = build_library(
        tmp_path / "program", program=True, needs={far.name: far}, runpath="$ORIGIN/bad:$ORIGIN/two"
    )
    assert "error" in traced(program)  # a sentence, or death by a signal
    (missing,) = Loader(executable=program).program_libraries
    assert isinstance(missing, Missing)
    assert missing.refused == str(file)
    assert missing.reason


@pytest.mark.parametrize(("offset", "value"), [(4, b"\x01"), (18, b"\xb7\x00")], ids=["32 bit", "AArch64"])
def test_the_loader_passes_over_a_foreign_library(tmp_path, far, offset, value):
    (tmp_path / "foreign").mkdir()
    data = far.read_bytes()
    (tmp_path / "foreign" / far.name).write_bytes(data[:offset] + value + data[offset + len(value) :])
    path = "$ORIGIN/foreign:$ORIGIN/two"
    program = build_library(tmp_path / "program", program=True, needs={far.name: far}, runpath=path)
    assert assert_as_the_loader(program)[far.name].endswith("two/libfar.so.1")


def test_a_fifo_of_the_right_name_is_never_opened(tmp_path, far):
    (tmp_path / "fifo").mkdir()
    os.mkfifo(tmp_path / "fifo" / far.name)
    program = build_library(tmp_path / "program", program=True, needs={far.name: far}, runpath="$ORIGIN/fifo")
    (missing,) = Loader(executable=program).program_libraries
    assert "FIFO" in missing.reason


def test_names_with_spaces_and_other_letters(tmp_path):
    folder = tmp_path / "a b" / "库 ü"
    library = build_library(folder / "lib 数.so.1")
    program = build_library(folder / "programme é", program=True, needs={library.name: library}, runpath="$ORIGIN")
    assert assert_as_the_loader(program) == {library.name: str(library)}


def test_a_missing_library_lists_every_folder_in_order(tmp_path, far):
    library = build_library(tmp_path / "libnear.so", needs={far.name: far}, runpath="$ORIGIN/x:/y")
    (missing,) = find_libraries(library, ld_library_path="/z:/y")
    assert (missing.name, missing.needed_by) == (far.name, str(library))
    rules = [(place.folder, place.rule) for place in missing.searched]
    assert rules[:4] == [
        ("/z", Rule.LD_LIBRARY_PATH),
        ("/y", Rule.LD_LIBRARY_PATH),
        (str(tmp_path / "x"), Rule.RUNPATH),
        ("/y", Rule.RUNPATH),
    ]
    assert [folder for folder, rule in rules if rule is Rule.DEFAULT] == list(this_host().default_folders)


def test_one_process_finds_what_it_has_loaded_before(tmp_path, far):
    near = build_library(tmp_path / "libnear.so", needs={far.name: far})
    loader = Loader()
    assert isinstance(loader.open(near)[0], Missing)
    loader.open(far)
    (found,) = loader.open(build_library(tmp_path / "libother.so", needs={far.name: far}))
    assert (found.rule, found.path) == (Rule.LOADED, str(far))
    assert loader.find(far.name)[0].path == str(far)


def test_the_same_file_by_two_names_is_one_object(tmp_path, far):
    link = tmp_path / "libalias.so"
    link.symlink_to(far)
    loader = Loader()
    loader.open(far)
    loader.open(link)
    assert loader.paths == [str(far)]


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ElfError, match=r"libgone\.so cannot be read: No such file"):
        find_libraries(tmp_path / "libgone.so")


def test_any_mixture_as_the_real_loader(tmp_path):
    """Chains of three libraries over two folders, with any RPATH or RUNPATH each, and any environment."""
    chance = random.Random(5)
    entries = ["$ORIGIN", "$ORIGIN/../x", "$ORIGIN/../y", "$ORIGIN/../x:$ORIGIN/../y", "$ORIGIN/../none"]
    for number in range(40):
        top = tmp_path / str(number)
        (top / "x").mkdir(parents=True)
        (top / "y").mkdir()
        below: dict[str, Path] = {}
        for name in ("libc1.so", "libb1.so", "liba1.so", "program"):
            folder = top / chance.choice("xy")
            path = chance.choice([None, *entries])
            kind = chance.choice(["rpath", "runpath"])
            made = build_library(folder / name, needs=below, program=name == "program", **{kind: path})
            if chance.random() < 0.3:  # a copy in the other folder, so that the order shows
                other = top / ("y" if folder.name == "x" else "x") / name
                other.write_bytes(made.read_bytes())
                other.chmod(0o755)
            below = {name: made, **(below if chance.random() < 0.4 else {})}
        environment = chance.choice(["", f"{top}/x", f"{top}/y", f"{top}/y:{top}/x"])
        assert_as_the_loader(made, ld_library_path=environment)
