"""Case 14: what a file stores lying comes out upright, in all eight ways a picture can lie, in any container."""

from __future__ import annotations

import struct

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext

from clips import clip, colours_differ, indexes, movie, painted, upright
from framelane import VideoReader, VideoWriter
from framelane.video import probe
from framelane.video._rotation import Orientation

# The 2x2 part of a display matrix, and what NumPy does to show a stored picture as it says.
WAYS = {
    (1, 0, 0, 1): lambda image: image,
    (0, 1, -1, 0): lambda image: np.rot90(image, -1),
    (-1, 0, 0, -1): lambda image: np.rot90(image, 2),
    (0, -1, 1, 0): lambda image: np.rot90(image, 1),
    (-1, 0, 0, 1): lambda image: image[:, ::-1],
    (1, 0, 0, -1): lambda image: image[::-1],
    (0, 1, 1, 0): lambda image: image.swapaxes(0, 1),
    (0, -1, -1, 0): lambda image: np.rot90(image, 2).swapaxes(0, 1),
}


def with_matrix(path, matrix):
    """Write a display matrix into the header of the video track of an .mp4 (ISO/IEC 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (value * 65536 for value in matrix)
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def shown(frame):
    return np.array(upright(frame)).astype(int)


@pytest.mark.parametrize(
    ("name", "turn"), [("rot90", -1), ("rot180", 2), ("rot270", 1), ("mirror", None)], ids=lambda value: str(value)
)
def test_the_clips_come_upright_and_are_written_without_a_matrix(tmp_path, name, turn):
    stored = [shown(frame) for frame in VideoReader(clip("00_base.mp4"))]
    reader = VideoReader(clip(f"14_{name}.mp4"))
    with VideoWriter(tmp_path / "out.mp4") as write:
        write.open(reader)
        frames = []
        for frame in reader:
            frames.append(shown(frame))
            write(frame)
    assert len(frames) == 50
    expected = [image[:, ::-1] if turn is None else np.rot90(image, turn) for image in stored]
    assert max(np.abs(a - b).max() for a, b in zip(frames, expected, strict=True)) <= 12
    assert frames[0].shape[:2] == ((96, 160) if turn in (None, 2) else (160, 96))
    assert any("stand upright" in note for note in reader.notes)
    assert probe(tmp_path / "out.mp4").orientation == "upright"
    written = [shown(frame) for frame in VideoReader(tmp_path / "out.mp4")]
    assert max(np.abs(a - b).mean() for a, b in zip(frames, written, strict=True)) < 3


@pytest.mark.parametrize("matrix", WAYS, ids=str)
@pytest.mark.parametrize(("width", "height"), [(160, 96), (161, 97)], ids=["even", "odd"])
def test_every_way_of_lying(tmp_path, matrix, width, height):
    path = movie(tmp_path / "in.mp4", 3, width=width, height=height, pix_fmt="yuv444p")
    stored = [shown(frame) for frame in VideoReader(path)]
    reader = VideoReader(with_matrix(path, matrix))
    for frame, image in zip(reader, stored, strict=True):
        assert np.abs(shown(frame) - WAYS[matrix](image)).max() <= 2
    assert (reader.width, reader.height) == (frame.image.shape[1], frame.image.shape[0])
    assert Orientation(matrix).upright == (matrix == (1, 0, 0, 1))


@pytest.mark.parametrize("pixel_format", ["gbrp", "rgba", "gray", "rgb48"])
def test_every_format_comes_upright(pixel_format):
    stored = next(iter(VideoReader(clip("00_base.mp4"), format=pixel_format)))
    frame = next(iter(VideoReader(clip("14_rot90.mp4"), format=pixel_format)))
    assert np.abs(shown(frame) - np.rot90(shown(stored), -1)).max() <= 12


@pytest.mark.parametrize("ending", [".h264", ".mkv", ".ts"])
@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_turn_that_the_pictures_themselves_carry(tmp_path, ending, rotate):
    """H.264 has a message of its own for it, in any container."""
    source = movie(tmp_path / "in.mp4", 4)
    turned = tmp_path / f"turned{ending}"
    with av.open(str(source)) as container, av.open(str(turned), "w") as out:
        stream = container.streams.video[0]
        target = out.add_stream_from_template(stream, opaque=True)
        mend = BitStreamFilterContext(
            f"h264_mp4toannexb,h264_metadata=display_orientation=insert:rotate={rotate}", stream
        )
        for packet in container.demux(stream):
            for changed in mend.filter(packet if packet.size else None):
                changed.stream = target
                out.mux(changed)
    frames = list(VideoReader(turned))
    stored = next(iter(VideoReader(source)))
    # The message turns counter-clockwise (ITU-T H.264, D.2.28).
    assert np.abs(shown(frames[0]) - np.rot90(shown(stored), rotate // 90)).max() <= 12
    assert len(frames) == 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_come_as_they_were_taken(tmp_path, orientation):
    """The eight values of EXIF's orientation."""
    folder = tmp_path / "photos"
    with VideoWriter(f"{tmp_path}/plain/") as write:
        write(painted(5))
    with VideoWriter(tmp_path / "one.jpg") as write:
        write(painted(5))
    folder.mkdir()
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + entry + b"\0\0\0\0"
    data = (tmp_path / "one.jpg").read_bytes()
    tagged = data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]
    (folder / "1.jpg").write_bytes(data)
    (folder / "2.jpg").write_bytes(tagged)
    plain, turned = (shown(frame) for frame in VideoReader(folder, size=(160, 96)))
    ways = [(1, 0, 0, 1), (-1, 0, 0, 1), (-1, 0, 0, -1), (1, 0, 0, -1), (0, 1, 1, 0), (0, 1, -1, 0)]
    ways += [(0, -1, -1, 0), (0, -1, 1, 0)]
    expected = WAYS[ways[orientation - 1]](plain)
    alone = shown(next(iter(VideoReader(folder / "2.jpg"))))
    assert alone.shape == expected.shape
    assert np.abs(alone - expected).max() <= 4
    assert turned.shape == plain.shape  # the second is fitted into the size of the first


def test_a_crooked_turn_goes_to_the_nearest_quarter():
    assert Orientation.nearest(0.1, 0.99, -0.99, 0.1) == Orientation((0, 1, -1, 0), exact=False)
    assert Orientation.nearest(2, 0, 0, 2) == Orientation((1, 0, 0, 1))
    assert Orientation.nearest(0, 0, 0, 0).upright


def test_pixels_turn_with_the_picture(tmp_path):
    path = movie(tmp_path / "in.mp4", 2, context={"sample_aspect_ratio": 2})
    reader = VideoReader(with_matrix(path, (0, 1, -1, 0)))
    assert float(reader.pixel_aspect) == 0.5


def test_indexes_are_read_from_what_was_turned_back(tmp_path):
    path = with_matrix(movie(tmp_path / "in.mp4", 5), (-1, 0, 0, -1))
    frames = list(VideoReader(path))
    for frame in frames:
        frame.tensors["image"] = np.rot90(frame.image, 2)
    assert indexes(frames) == list(range(5))
    assert colours_differ(frames[0].image, painted(0)) < 6
