"""Case 32: any name is a file, for pictures, sound and output; and the input is never overwritten."""

from __future__ import annotations

import os
import shutil

import pytest

from clips import beeps, clip, copy, indexes, painted
from framelane import VideoError, VideoReader, VideoWriter
from framelane.video import probe
from framelane.video._names import printable

STEMS = [
    "视频 剪辑",
    "naïve café",
    "🎬",
    b"\xff\xfe latin \xe9",
    "100%d done",
    "%06d",
    "a:b",
    "http:",
    "file:",
    "concat:x|y",
    "pipe:1",
    "-",
    "-i",
    "two\nlines",
    "tab\there",
    "quo'te\"s",
    "back\\slash",
    "star*?[x]{y}",
    " space ",
    "..dots..",
    "semi;colon&and$dollar`tick`",
    "n" * 200,
    "帧" * 80,
    "\x1b[31mred",
    "\u202egnp.exe",
]


def named(folder, stem, ending):
    stem = stem if isinstance(stem, bytes) else stem.encode()
    return os.fsencode(folder) + b"/" + stem + ending.encode()


@pytest.mark.parametrize("stem", STEMS, ids=ascii)
@pytest.mark.parametrize("form", [os.fsdecode, os.fsencode], ids=["str", "bytes"])
def test_any_name_in_and_out(tmp_path, stem, form):
    source, out = form(named(tmp_path, stem, ".mp4")), form(named(tmp_path, stem, ".out.mkv"))
    shutil.copy(clip("00_base.mp4"), source)
    reader, writer = copy(source, out, writer={"audio": source})
    assert indexes(VideoReader(out)) == list(range(50))
    assert len(beeps_of(out)) == 3
    shown = probe(source).path
    assert shown.isprintable()
    shown.encode()
    for note in reader.notes + writer.notes:
        note.encode()
    assert sorted(os.listdir(os.fsencode(tmp_path))) == sorted(os.path.basename(os.fsencode(x)) for x in (source, out))


def beeps_of(path):
    link = os.path.join(os.path.dirname(os.fsencode(path)), b"link.mkv")
    os.symlink(os.fsencode(path), link)
    found = beeps(os.fsdecode(link))
    os.unlink(link)
    return found


@pytest.mark.parametrize("stem", STEMS, ids=ascii)
def test_errors_name_any_file_in_one_line(tmp_path, stem):
    path = os.fsdecode(named(tmp_path, stem, ".mp4"))
    with pytest.raises(VideoError) as caught:
        VideoReader(path)
    assert str(caught.value).isprintable()
    str(caught.value).encode()


@pytest.mark.parametrize("stem", STEMS, ids=ascii)
def test_what_was_whole_is_kept_under_any_name(tmp_path, stem):
    writer = VideoWriter(named(tmp_path, stem, ".mp4"))
    writer(painted(0))
    kept = writer.abort()
    assert kept is not None
    assert kept.endswith("(1 frame)")
    (left,) = os.listdir(tmp_path)
    assert left.endswith(".partial.mp4")
    assert indexes(VideoReader(tmp_path / left)) == [0]


def test_a_folder_with_an_odd_name(tmp_path, monkeypatch):
    folder = tmp_path / "a%d:b" / "-x"
    folder.mkdir(parents=True)
    shutil.copy(clip("00_base.mp4"), folder / "in.mp4")
    copy(folder / "in.mp4", folder / "out.mp4", frames=2)
    copy(folder / "in.mp4", folder / "%03d.png", frames=2)
    assert indexes(VideoReader(folder / "%03d.png")) == [0, 1]
    monkeypatch.chdir(folder)
    for name in ("in.mp4", "./in.mp4", "../-x/in.mp4"):
        assert probe(name).frame_count == 50
    copy("in.mp4", "-.mp4", frames=2)
    assert (folder / "-.mp4").exists()


def aliases(folder):
    source = folder / "in.mp4"
    (folder / "sub").mkdir()
    (folder / "soft.mp4").symlink_to(source)
    (folder / "SOFT.MP4").symlink_to("soft.mp4")
    os.link(source, folder / "hard.mp4")
    (folder / "loop").symlink_to(folder)
    return [
        source,
        f"{folder}/./in.mp4",
        f"{folder}/sub/../in.mp4",
        folder / "soft.mp4",
        folder / "SOFT.MP4",
        folder / "hard.mp4",
        folder / "loop" / "in.mp4",
        os.path.relpath(source),
    ]


@pytest.mark.parametrize("which", range(8))
def test_the_input_is_never_overwritten_under_any_name(tmp_path, which):
    shutil.copy(clip("00_base.mp4"), tmp_path / "in.mp4")
    out = aliases(tmp_path)[which]
    names = sorted(os.listdir(tmp_path))
    reader = VideoReader(tmp_path / "in.mp4")
    writer = VideoWriter(out)
    with pytest.raises(VideoError, match=r"the input .*another name"):
        writer.open(reader)
    assert writer.abort() is None
    with pytest.raises(VideoError, match="the input"):
        copy(clip("14_mirror.mp4"), out, writer={"audio": tmp_path / "in.mp4"})
    assert (tmp_path / "in.mp4").read_bytes() == clip("00_base.mp4").read_bytes()
    assert sorted(os.listdir(tmp_path)) == names


def test_a_part_of_an_earlier_run_as_input_is_not_overwritten(tmp_path):
    shutil.copy(clip("00_base.mp4"), tmp_path / "out.partial.mp4")
    reader = VideoReader(tmp_path / "out.partial.mp4")
    writer = VideoWriter(tmp_path / "out.mp4")
    writer.open(reader)
    writer(next(iter(reader)))
    assert "out.partial-2.mp4" in str(writer.abort())
    assert (tmp_path / "out.partial.mp4").read_bytes() == clip("00_base.mp4").read_bytes()


def test_a_link_to_a_file_that_is_not_there_is_written_through(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link.mp4").symlink_to(tmp_path / "real" / "out.mp4")
    copy(clip("00_base.mp4"), tmp_path / "link.mp4", frames=2)
    assert (tmp_path / "link.mp4").is_symlink()
    assert indexes(VideoReader(tmp_path / "real" / "out.mp4")) == [0, 1]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("none/out.mp4", "does not exist; create it"),
        ("out", "has no suffix"),
        ("out.xyz", r"suffix \.xyz names no video; use one of \.mp4"),
        ("out.mp4/", "does not exist|pictures"),
        ("folder.mp4", "mixed up|is a folder"),
    ],
)
def test_what_cannot_be_an_output_is_said_at_once(tmp_path, name, why):
    (tmp_path / "folder.mp4").mkdir()
    copy(clip("26_one_frame.mp4"), tmp_path / "folder.mp4" / "1.png")
    if name == "out.mp4/":
        VideoWriter(f"{tmp_path}/{name}").abort()  # a folder of pictures may have any name
        return
    with pytest.raises(VideoError, match=why):
        VideoWriter(f"{tmp_path}/{name}")


def test_a_folder_that_may_not_be_written_to(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(VideoError, match="no permission to write"):
        VideoWriter(tmp_path / "out.mp4")


def test_suffixes_in_capitals(tmp_path):
    copy(clip("00_base.mp4"), tmp_path / "OUT.MP4", frames=2)
    assert probe(tmp_path / "OUT.MP4").codec == "h264"


def test_names_are_printed_without_what_terminals_obey():
    assert printable(b"a\xffb\n\x1b[0m") == r"a\xffb\n\x1b[0m"
    assert printable("视频.mp4") == "视频.mp4"
