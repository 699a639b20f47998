from __future__ import annotations

import os
from pathlib import Path

import pytest

from framelane.cli._exit import CommandError, ExitCode
from framelane.cli._output import check_output, takes_records


def refused(out, sources=(), *, overwrite=False):
    with pytest.raises(CommandError) as caught:
        check_output(Path(out), dict(sources), overwrite=overwrite)
    assert caught.value.code == ExitCode.OUTPUT
    return str(caught.value)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in.mp4"
    path.write_bytes(b"pictures")
    return path


def same(tmp_path, source, how):
    other = tmp_path / "other.mp4"
    match how:
        case "symbolic link":
            other.symlink_to(source)
        case "link to a link":
            (tmp_path / "first").symlink_to(source)
            other.symlink_to(tmp_path / "first")
        case "hard link":
            os.link(source, other)
        case "dots":
            other = tmp_path / "." / ".." / tmp_path.name / source.name
        case "relative":
            other = Path(os.path.relpath(source))
        case "itself":
            other = source
    return other


@pytest.mark.parametrize("how", ["itself", "symbolic link", "link to a link", "hard link", "dots", "relative"])
@pytest.mark.parametrize("role", ["IN", "MODEL"])
@pytest.mark.parametrize("overwrite", [True, False])
def test_out_is_never_a_source_by_whatever_name(tmp_path, source, how, role, overwrite):
    out = same(tmp_path, source, how)
    text = refused(out, {role: source}, overwrite=overwrite)
    assert f"is the same file as {role} ({source})" in text
    assert source.read_bytes() == b"pictures"


def test_a_pattern_is_never_its_own_output(tmp_path):
    assert "same file" in refused(tmp_path / "%06d.png", {"IN": tmp_path / "%06d.png"})


def test_a_file_that_is_there_is_kept(tmp_path, source):
    assert refused(source) == f"{source} exists; add --overwrite to replace it"
    check_output(source, {}, overwrite=True)


def test_an_empty_file_is_no_loss(tmp_path):
    (tmp_path / "out.mp4").touch()
    check_output(tmp_path / "out.mp4", {}, overwrite=False)


def test_the_folder_must_exist_and_take_files(tmp_path, monkeypatch):
    assert "does not exist; make it first" in refused(tmp_path / "gone" / "out.mp4")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "no permission" in refused(tmp_path / "out.mp4")


def test_nothing_is_written_to_null():
    check_output(Path("null:"), {}, overwrite=False)


def test_the_suffix_decides():
    assert takes_records(Path("a.npz"))
    assert takes_records(Path("a.JSONL"))
    assert not takes_records(Path("a.mp4"))
