"""Case 29: folders and numbered series of pictures, read and written by number."""

from __future__ import annotations

import re

import numpy as np
import pytest

from clips import clip, colours_differ, copy, indexes, painted, upright
from framelane import Frame, VideoError, VideoReader, VideoWriter
from framelane.video import _album, probe
from framelane.video._series import find


def pictures(folder, names):
    """Write painted pictures under these names; the number in each is painted into it."""
    folder.mkdir(exist_ok=True)
    for name in names:
        with VideoWriter(folder / name) as write:
            write(painted(int(re.findall(r"\d+", name)[-1])))
    return folder


@pytest.mark.parametrize(("name", "order"), [("29_natural", list(range(1, 13))), ("29_hole", [0, 1, 2, 5, 6])])
def test_the_folders_come_by_number(tmp_path, name, order):
    reader, _ = copy(clip(name), tmp_path / "out.mp4")
    assert indexes(VideoReader(clip(name))) == order
    assert indexes(VideoReader(tmp_path / "out.mp4")) == order
    assert reader.frame_count == len(order)
    assert probe(clip(name)).rate == 25


@pytest.mark.parametrize("name", ["29_hole", "29_hole/%06d.png"])
def test_a_hole_is_said_and_not_the_end(name):
    reader = VideoReader(clip(name))
    assert any("3 to 4 are missing" in note for note in reader.notes)
    assert indexes(reader) == [0, 1, 2, 5, 6]


def test_pictures_of_every_kind_become_one(tmp_path):
    frames = list(reader := VideoReader(clip("29_mixed")))
    assert indexes(frames[:5]) == [1, 2, 3, 4, 5]
    assert {frame.image.shape for frame in frames} == {(96, 160, 3)}
    assert all(colours_differ(frames[i].image, painted(0)) < 4 for i in (0, 2, 3, 4))  # 1 is grey
    said = " ".join(reader.notes)
    assert "1 picture of another size fitted into 160x96" in said
    assert "several kinds" in said
    copy(clip("29_mixed"), tmp_path / "out.mp4")
    assert len(list(VideoReader(tmp_path / "out.mp4"))) == 6


def test_a_larger_picture_is_fitted_and_not_squeezed(tmp_path):
    folder = pictures(tmp_path / "in", ["1.png"])
    tall = np.full((200, 100, 3), 255, np.uint8)
    with VideoWriter(folder / "2.png") as write:
        write(tall)
    second = list(VideoReader(folder))[1].image
    assert second.shape == (96, 160, 3)
    lit = (second > 200).all(2)
    assert lit[:, 56:104].all()
    assert not lit[:, :55].any()
    assert not lit[:, 105:].any()


@pytest.mark.parametrize(
    "names",
    [
        ["1.png", "2.png", "10.png", "100.png", "11.png"],
        ["a1.png", "a2.png", "a10.png"],
        ["x_8.png", "x_9.png", "x_10.png", "x_11.png"],
        ["0007.png", "8.png", "00009.png"],
        ["frame 3 of 12.jpg", "frame 4 of 12.jpg", "frame 20 of 12.jpg"],
        ["9999.png", "10000.png", "999999.png", "1000000.png"],
        ["IMG_0001.JPG", "IMG_0002.jpg", "IMG_0010.Jpeg"],
        ["第1帧.png", "第2帧.png", "第10帧.png"],
    ],
    ids=lambda names: names[0],
)
def test_the_order_is_that_of_numbers(tmp_path, names):
    for name in reversed(names):
        (tmp_path / name).write_bytes(b"x")
    files, _ = find(str(tmp_path))
    order = sorted(names, key=lambda name: int(re.findall(r"[0-9]+", name)[0]))
    assert [file.rsplit("/", 1)[1] for file in files] == order


@pytest.mark.parametrize(
    ("pattern", "names", "order"),
    [
        ("%d.png", ["0.png", "1.png", "10.png", "2.png", "01.png"], [0, 1, 2, 10]),
        ("%03d.png", ["000.png", "001.png", "1000.png", "2.png"], [0, 1, 1000]),
        ("a%%_%02d.png", ["a%_01.png", "a%_02.png", "a_03.png"], [1, 2]),
        ("%06d.png", ["000003.png", "000005.png"], [3, 5]),
        ("f[1]_%d.png", ["f[1]_7.png", "f1_8.png"], [7]),
    ],
)
def test_patterns(tmp_path, pattern, names, order):
    pictures(tmp_path, names)
    assert indexes(VideoReader(tmp_path / pattern)) == order


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path):
    pictures(tmp_path, ["5.png"])
    (tmp_path / "5.png").rename(tmp_path / "%d.png")
    pictures(tmp_path, ["1.png", "2.png"])
    assert indexes(VideoReader(tmp_path / "%d.png")) == [5]


@pytest.mark.parametrize("missing", ["none/%d.png", "none/", "%04d.jpg"])
def test_no_pictures_are_a_sentence(tmp_path, missing):
    with pytest.raises(VideoError, match="cannot read"):
        VideoReader(f"{tmp_path}/{missing}")


def test_a_damaged_picture_is_left_out_and_said(tmp_path):
    folder = pictures(tmp_path / "in", ["1.png", "2.png", "3.png", "4.png"])
    (folder / "2.png").write_bytes((folder / "2.png").read_bytes()[:60])
    (folder / "3.png").write_bytes(b"")
    reader = VideoReader(folder)
    assert indexes(reader) == [1, 4]
    assert reader.damaged == 2
    assert any("2 pictures could not be decoded" in note and "3.png" in note for note in reader.notes)


def test_what_is_no_picture_is_not_looked_at(tmp_path):
    folder = pictures(tmp_path / "in", ["1.png", "2.png"])
    for name in ("notes.txt", ".hidden.png", "Thumbs.db", "3.png.part"):
        (folder / name).write_bytes(b"x")
    assert indexes(VideoReader(folder)) == [1, 2]


def test_the_rate_and_the_part_are_chosen(tmp_path):
    frames = list(VideoReader(clip("29_natural"), rate=10, start=0.3, frames=4))
    assert [frame.index for frame in frames] == [3, 4, 5, 6]
    assert [frame.timestamp for frame in frames] == pytest.approx([0.3, 0.4, 0.5, 0.6])


@pytest.mark.parametrize("ending", ["out/", "%06d.png", "f_%d.png", "%04d.tif", "%d.webp", "%d.bmp", "%d.ppm"])
@pytest.mark.parametrize("pixel_format", ["rgb24", "gbrp", "gray"])
def test_pictures_are_written_exactly(tmp_path, ending, pixel_format):
    out = f"{tmp_path}/{ending}"
    copy(clip("29_natural"), out, pixel_format)
    before = [np.array(upright(frame)) for frame in VideoReader(clip("29_natural"), format=pixel_format)]
    after = [upright(frame) for frame in VideoReader(out, format=pixel_format)]
    tolerance = 1 if pixel_format == "gray" else 0
    assert len(after) == 12
    assert max(np.abs(a.astype(int) - b).max() for a, b in zip(before, after, strict=True)) <= tolerance


def test_jpeg_keeps_the_colours(tmp_path):
    copy(clip("00_base.mp4"), tmp_path / "%d.jpg", frames=3)
    frames = list(VideoReader(tmp_path / "%d.jpg"))
    assert indexes(frames) == [0, 1, 2]
    assert colours_differ(frames[0].image, next(iter(VideoReader(clip("00_base.mp4")))).image) < 4


@pytest.mark.parametrize("deep", ["rgb48", "gbrp16", "gray16"])
def test_sixteen_bits_stay_sixteen_bits(tmp_path, deep):
    shape = {"rgb48": (20, 30, 3), "gbrp16": (3, 20, 30), "gray16": (20, 30)}[deep]
    image = np.random.default_rng(1).integers(0, 65536, shape, np.uint16)
    with VideoWriter(tmp_path / "%d.png") as write:
        write(Frame(0, 0.0, {"image": image}, meta={"pixel_format": deep}))
    assert np.array_equal(next(iter(VideoReader(tmp_path / "%d.png", format=deep))).image, image)


def test_numbers_grow_so_that_names_sort(tmp_path, monkeypatch):
    with VideoWriter(tmp_path / "%01d.png") as write:
        for i in range(12):
            write(painted(i, 32, 32))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names[0] == "00.png"
    assert names[-1] == "11.png"
    assert len(names) == 12
    assert any("digits" in note for note in write.notes)
    # A million and more need seven: the names are made when the number is known.
    album = _album.Album(str(tmp_path / "x_%06d.png"), write._backend._wishes)
    digits = album._digits(1_000_001)
    assert sorted(album._name(i, digits) for i in (999_999, 1_000_000, 5)) == [
        album._name(i, digits) for i in (5, 999_999, 1_000_000)
    ]
    folder = _album.Album(f"{tmp_path}/new/", write._backend._wishes)
    assert folder._name(7, folder._digits(10**8)).endswith("000000007.png")


def test_a_folder_appears_only_when_it_is_whole(tmp_path):
    writer = VideoWriter(f"{tmp_path}/out/")
    for i in range(3):
        writer(painted(i))
        assert not (tmp_path / "out").exists()
    writer.close()
    assert len(list((tmp_path / "out").iterdir())) == 3
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["out/", "f_%03d.png", "one.png"])
def test_after_an_error_what_is_whole_is_kept(tmp_path, name):
    writer = VideoWriter(f"{tmp_path}/{name}")
    for i in range(1 if name == "one.png" else 3):
        writer(painted(i))
    kept = writer.abort()
    assert kept is not None
    path, _, count = kept.partition(" (")
    assert count == f"{writer.frames} frame{'s' * (writer.frames > 1)})"
    assert "partial" in path
    assert indexes(VideoReader(path)) == list(range(writer.frames))
    assert not any(entry.name.startswith(".") for entry in tmp_path.iterdir())


def test_one_picture_takes_one_frame(tmp_path):
    copy(clip("26_one_frame.mp4"), tmp_path / "out.png")
    assert indexes(VideoReader(tmp_path / "out.png")) == [0]
    with pytest.raises(VideoError, match=r"one picture.*out_%06d\.png"):
        copy(clip("00_base.mp4"), tmp_path / "out.png")
    with VideoWriter(tmp_path / "two.png") as write:
        write(painted(0))
        with pytest.raises(VideoError, match="one picture"):
            write(painted(1))


def test_pictures_that_are_there_are_not_mixed_with_new_ones(tmp_path):
    folder = pictures(tmp_path / "in", ["1.png", "2.png"])
    for target in (folder, f"{folder}/", folder / "%d.png"):
        with pytest.raises(VideoError, match="2 pictures would get mixed up"):
            VideoWriter(target)
