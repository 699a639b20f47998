"""Sound goes with the picture: every track, copied where the container can hold it, else encoded again and said."""

from __future__ import annotations

from fractions import Fraction

import av
import pytest

from clips import beeps, clip, copy, flashes, indexes, movie, painted, sound_length
from framelane import VideoError, VideoReader, VideoWriter
from framelane.video import probe

FLASHES = (10, 30, 45)


def flashing(path, sound, count=50, **how):
    """A video with flashes at 0.4, 1.2 and 1.8 s, and tones at the same instants."""
    images = [painted(i, flash=i in FLASHES) for i in range(count)]
    return movie(path, images=images, sound=sound, **how)


def fast(ending):
    """Options of a writer for whom speed is all."""
    return {"options": {"cpu-used": "8"} if ending == ".webm" else {}}


def packets_of(path, track=0):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.audio[track]) if packet.size]


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".mov", ".ts", ".flv"])
def test_where_it_can_be_sound_is_copied_bit_by_bit(tmp_path, ending):
    _, writer = copy(clip("00_base.mp4"), tmp_path / f"out{ending}")
    assert writer.notes == []
    before, after = packets_of(clip("00_base.mp4")), packets_of(tmp_path / f"out{ending}")
    if ending not in (".mp4", ".mov"):
        before = before[1:]  # which is all before the picture: only these can hold it and say that it is not heard
    if ending == ".ts":  # puts a header before each packet
        assert [packet[7:] for packet in after] == before
    else:
        assert after == before
    assert beeps(tmp_path / f"out{ending}") == pytest.approx([0.4, 1.2, 1.8], abs=0.01)


@pytest.mark.parametrize(("ending", "codec"), [(".webm", "opus"), (".avi", "mp3"), (".mpg", "mp2")])
def test_where_it_cannot_it_is_encoded_again_and_that_is_said(tmp_path, ending, codec):
    _, writer = copy(clip("00_base.mp4"), tmp_path / f"out{ending}")
    assert any("encoded again" in note and "aac" in note for note in writer.notes)
    assert probe(tmp_path / f"out{ending}").sound[0].codec == codec
    assert beeps(tmp_path / f"out{ending}") == pytest.approx([0.4, 1.2, 1.8], abs=0.03)


CODECS = [("aac", ".mp4"), ("libmp3lame", ".mkv"), ("flac", ".mkv"), ("ac3", ".mkv"), ("libopus", ".webm")]
CODECS += [("pcm_s16le", ".mov"), ("pcm_s24le", ".mkv"), ("mp2", ".ts"), ("alac", ".mov")]


@pytest.mark.parametrize(("codec", "source"), CODECS)
@pytest.mark.parametrize("ending", [".mp4", ".webm", ".mkv", ".mov", ".avi"])
def test_every_codec_into_every_container(tmp_path, codec, source, ending):
    video = "libvpx-vp9" if source == ".webm" else "libx264"
    options = {"cpu-used": "8", "deadline": "realtime"} if source == ".webm" else {"preset": "ultrafast"}
    path = flashing(tmp_path / f"in{source}", [{"codec": codec}], codec=video, options=options)
    _, writer = copy(path, tmp_path / f"out{ending}", writer=fast(ending))
    assert beeps(tmp_path / f"out{ending}") == pytest.approx(beeps(path), abs=0.03)
    name = av.Codec(codec, "w").canonical_name
    written = probe(tmp_path / f"out{ending}").sound[0].codec
    assert written in (name, "mp3" if codec == "mp2" else name) or any("encoded again" in note for note in writer.notes)


@pytest.mark.parametrize(
    ("rate", "layout"),
    [(rate, "mono") for rate in (8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000)]
    + [(11025, "stereo"), (44100, "stereo"), (48000, "5.1"), (96000, "5.1"), (44100, "quad"), (48000, "7.1")],
)
@pytest.mark.parametrize("ending", [".webm", ".mp4"])
def test_every_sample_rate_and_layout(tmp_path, rate, layout, ending):
    path = flashing(tmp_path / "in.mkv", [{"codec": "flac", "rate": rate, "layout": layout}], width=64, height=48)
    out = tmp_path / f"out{ending}"
    copy(path, out, start=0.2, writer=fast(ending))
    assert beeps(out) == pytest.approx([0.2, 1.0, 1.6], abs=0.02)
    assert probe(out).sound[0].channels == {"mono": 1, "stereo": 2, "quad": 4, "5.1": 6, "7.1": 8}[layout]
    assert sound_length(out) == pytest.approx(1.8, abs=0.05)


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".webm"])
def test_every_track_comes_with_its_language(tmp_path, ending):
    third = {"layout": "mono", "beeps": (1.6,), "rate": 44100}
    sound = [{"language": "deu"}, {"language": "fra", "beeps": (0.8,)}, third]
    path = flashing(tmp_path / "in.mkv", sound)
    copy(path, tmp_path / f"out{ending}", writer=fast(ending))
    tracks = probe(tmp_path / f"out{ending}").sound
    assert len(tracks) == 3
    assert [track.language for track in tracks[:2]] == ["deu", "fra"]
    expected = [[0.4, 1.2, 1.8], [0.8], [1.6]]
    for number, times in enumerate(expected):
        assert beeps(tmp_path / f"out{ending}", number) == pytest.approx(times, abs=0.02)


@pytest.mark.parametrize("start", [0.5, -0.5])
@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".webm"])
def test_sound_that_does_not_begin_with_the_picture(tmp_path, start, ending):
    """Later: the pause stays. Earlier: what has no picture yet is cut off."""
    images = [painted(i, flash=i in FLASHES) for i in range(50)]
    shift = max(-start, 0.0)
    times = [i / 25 + shift for i in range(50)]
    sound = [{"start": max(start, 0.0), "beeps": tuple(beep + shift for beep in (0.1, 1.2, 1.8)), "seconds": 2.4}]
    path = movie(tmp_path / "in.mkv", images=images, times=times, sound=sound)
    out = tmp_path / f"out{ending}"
    copy(path, out, writer=fast(ending))
    assert flashes(out)[1:] == pytest.approx([1.2, 1.8], abs=2e-3)
    assert beeps(out)[-2:] == pytest.approx([1.2, 1.8], abs=0.02)


def test_sound_longer_than_the_picture_stays_unless_the_picture_is_cut(tmp_path):
    path = flashing(tmp_path / "in.mp4", [{"seconds": 4.0, "beeps": (0.4, 3.0)}])
    copy(path, tmp_path / "whole.mp4")
    assert beeps(tmp_path / "whole.mp4") == pytest.approx([0.4, 3.0], abs=0.02)
    copy(path, tmp_path / "part.mp4", frames=25)
    assert sound_length(tmp_path / "part.mp4") == pytest.approx(1.0, abs=0.03)
    with av.open(str(tmp_path / "part.mp4")) as container:
        assert container.duration / 1e6 == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".webm"])
def test_sound_of_another_file_begins_with_the_first_frame_and_ends_with_the_last(tmp_path, ending):
    speech = movie(tmp_path / "speech.mkv", 100, sound=[{"codec": "pcm_s16le", "seconds": 4.0, "beeps": (0.3, 2.5)}])
    how = {"audio": speech, **fast(ending)}
    copy(clip("00_base.mp4"), tmp_path / f"out{ending}", start=0.4, writer=how)
    assert beeps(tmp_path / f"out{ending}") == pytest.approx([0.3], abs=0.02)
    assert sound_length(tmp_path / f"out{ending}") == pytest.approx(1.6, abs=0.03)


def test_sound_files_of_their_own_kind(tmp_path):
    for codec, name in (("pcm_s16le", "a.wav"), ("aac", "a.m4a"), ("libmp3lame", "a.mp3"), ("flac", "a.flac")):
        with av.open(str(tmp_path / name), "w") as out:
            from clips import _beep, _sound_stream

            _beep(out, _sound_stream(out, codec=codec))
        copy(clip("04_sometimes.mp4"), tmp_path / "out.mp4", writer={"audio": tmp_path / name})
        assert beeps(tmp_path / "out.mp4")[0] == pytest.approx(0.4, abs=0.03)


def test_without_sound_and_with_a_file_that_has_none(tmp_path):
    copy(clip("00_base.mp4"), tmp_path / "out.mp4", writer={"audio": False})
    assert probe(tmp_path / "out.mp4").sound == ()
    with pytest.raises(VideoError, match="has no sound"):
        VideoWriter(tmp_path / "out.mp4", audio=clip("04_sometimes.mp4"))
    with pytest.raises(VideoError, match="No such file"):
        VideoWriter(tmp_path / "out.mp4", audio=tmp_path / "gone.wav")
    copy(clip("00_base.mp4"), tmp_path / "out.gif")
    assert len(list(VideoReader(tmp_path / "out.gif"))) == 50


def test_arrays_can_have_sound_too(tmp_path):
    with VideoWriter(tmp_path / "out.mp4", audio=clip("00_base.mp4")) as write:
        for i in range(40):
            write(painted(i))
    assert beeps(tmp_path / "out.mp4") == pytest.approx([0.4, 1.2], abs=0.02)


def test_title_and_chapters_come_along_and_are_cut(tmp_path):
    unit = Fraction(1, 1000)
    chapters = [
        {"id": i, "start": a, "end": b, "time_base": unit, "metadata": {"title": title}}
        for i, (a, b, title) in enumerate([(0, 500, "one"), (500, 1500, "two"), (1500, 2000, "three")])
    ]
    path = movie(tmp_path / "in.mkv", 50, chapters=chapters, metadata={"title": "Käse", "artist": "Zoë"})
    copy(path, tmp_path / "out.mp4", start=0.6, end=1.6)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.metadata["title"] == "Käse"
        found = [(c["metadata"]["title"], float(c["start"] * c["time_base"])) for c in container.chapters()]
    assert found == [("two", 0.0), ("three", pytest.approx(0.9, abs=2e-3))]


def test_metadata_in_any_code_page_is_no_reason_to_fail(tmp_path):
    path = movie(tmp_path / "in.mkv", 5, metadata={"title": "XXXXXXXX"})
    path.write_bytes(path.read_bytes().replace(b"XXXXXXXX", b"K\xe4se \xff\xfe!"))
    copy(path, tmp_path / "out.mkv")
    assert indexes(VideoReader(tmp_path / "out.mkv")) == list(range(5))


def test_a_cover_picture_is_no_video(tmp_path):
    with av.open(str(tmp_path / "in.m4a"), "w", format="mp4") as out:
        from clips import _beep, _sound_stream

        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = 0x400
        track = _sound_stream(out)
        picture = av.VideoFrame.from_ndarray(painted(0, 64, 48), format="rgb24")
        out.mux(cover.encode(picture.reformat(format="yuvj420p")))
        out.mux(cover.encode(None))
        _beep(out, track)
    with pytest.raises(VideoError, match="no video"):
        VideoReader(tmp_path / "in.m4a")


def test_damaged_sound_does_not_stop_the_picture(tmp_path):
    path = flashing(tmp_path / "in.mkv", [{"codec": "aac"}])
    data = bytearray(path.read_bytes())
    for track in packets_of(path)[20:60]:
        place = data.find(track[8:])
        if place > 0:
            data[place : place + len(track) - 8] = bytes(len(track) - 8)
    path.write_bytes(data)
    for ending in (".mp4", ".webm"):
        copy(path, tmp_path / f"out{ending}", writer=fast(ending))
        assert indexes(VideoReader(tmp_path / f"out{ending}")) == list(range(50))
