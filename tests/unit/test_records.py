from __future__ import annotations

import contextlib
import json
import os

import numpy as np
import pytest

from framelane import Frame, JsonlWriter, NpzWriter, ShapeError

SUFFIXES = {".npz": NpzWriter, ".jsonl": JsonlWriter}


def frame(index=0, timestamp=0.5, **tensors):
    return Frame(index, timestamp, {name: np.asarray(value) for name, value in tensors.items()})


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def write(path, frames, writer=None, **options):
    with (writer or SUFFIXES[path.suffix])(path, **options) as sink:
        for each in frames:
            sink(each)
    return sink


def test_jsonl_has_one_object_a_line(tmp_path):
    out = tmp_path / "out.jsonl"
    write(out, [frame(i, i / 25, rows=np.zeros((i, 2), np.int64), mean=np.float32(0.1)) for i in range(3)])
    assert lines(out) == [
        {"frame": i, "timestamp": i / 25, "rows": [[0, 0]] * i, "mean": float(np.float32(0.1))} for i in range(3)
    ]
    assert os.listdir(tmp_path) == ["out.jsonl"]


def test_jsonl_is_valid_json_and_says_what_it_changed(tmp_path):
    out = tmp_path / "out.jsonl"
    sink = write(out, [frame(x=[np.nan, 1.0, np.inf]), frame(x=np.float32(-np.inf)), frame(x=[2.0])])
    strict = [json.loads(line, parse_constant=pytest.fail) for line in out.read_text().splitlines()]
    assert [record["x"] for record in strict] == [[None, 1.0, None], None, [2.0]]
    assert sink.notes == ["out.jsonl: 3 values were NaN or infinite, written as null (.npz keeps them as they are)"]


def test_jsonl_counts_one_value_in_the_singular(tmp_path):
    sink = write(tmp_path / "out.jsonl", [frame(x=np.nan)])
    assert "1 value was NaN" in sink.notes[0]


def test_jsonl_without_odd_values_has_no_notes(tmp_path):
    assert write(tmp_path / "out.jsonl", [frame(x=1.0)]).notes == []


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float16", "float64"])
def test_jsonl_numbers_read_back_exactly(tmp_path, dtype):
    values = np.array([0, 1, 1], dtype) if dtype == "bool" else np.array([0, 7, 100], dtype) / np.array(1, dtype)
    values = values.astype(dtype)
    write(tmp_path / "out.jsonl", [frame(x=values)])
    assert np.array_equal(np.array(lines(tmp_path / "out.jsonl")[0]["x"], dtype), values)


def test_jsonl_bfloat16(tmp_path):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    write(tmp_path / "out.jsonl", [frame(x=np.array([0.5, np.inf], ml_dtypes.bfloat16))])
    assert lines(tmp_path / "out.jsonl")[0]["x"] == [0.5, None]


def test_jsonl_refuses_what_json_has_no_number_for(tmp_path):
    sink = JsonlWriter(tmp_path / "out.jsonl")
    with pytest.raises(ShapeError, match=r"'z' is complex64.*\.npz"):
        sink(frame(z=np.complex64(1)))
    assert sink.abort() is None
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_output_may_be_called_as_our_own_columns(tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    write(out, [Frame(4, None, {"frame": np.int64(9), "timestamp": np.int64(8)})])
    record = lines(out)[0] if suffix == ".jsonl" else {k: v[0] for k, v in np.load(out).items()}
    assert (record["frame"], record["timestamp"], record["frame_"]) == (9, 8, 4)
    assert record["timestamp_"] is None or np.isnan(record["timestamp_"])


def test_npz_stacks_what_has_one_shape(tmp_path):
    arrays = np.random.default_rng(0).normal(size=(5, 2, 3)).astype(">f4")
    write(tmp_path / "out.npz", [frame(i, i / 10, y=a, s=np.int32(i)) for i, a in enumerate(arrays)])
    with np.load(tmp_path / "out.npz") as out:
        assert sorted(out) == ["frame", "s", "timestamp", "y"]
        assert out["y"].dtype == arrays.dtype
        assert np.array_equal(out["y"], arrays)
        assert out["s"].tolist() == out["frame"].tolist() == list(range(5))
        assert np.array_equal(out["timestamp"], np.arange(5) / 10)


def test_npz_keeps_every_value(tmp_path):
    values = np.array([np.nan, -np.inf, -0.0, 5e-324])
    write(tmp_path / "out.npz", [frame(y=values)])
    with np.load(tmp_path / "out.npz") as out:
        assert out["y"].tobytes() == values.tobytes()


def test_npz_has_offsets_for_a_varying_number_of_rows(tmp_path):
    rng = np.random.default_rng(1)
    rows = [rng.integers(0, 9, (n, 4)) for n in (0, 3, 1, 0)]
    write(tmp_path / "out.npz", [frame(i, y=a) for i, a in enumerate(rows)])
    with np.load(tmp_path / "out.npz") as out:
        assert out["y.offsets"].tolist() == [0, 0, 3, 4, 4]
        assert out["y"].shape == (4, 4)
        offsets = out["y.offsets"]
        for i, a in enumerate(rows):
            assert np.array_equal(out["y"][offsets[i] : offsets[i + 1]], a)


def test_npz_has_shapes_where_other_axes_vary(tmp_path):
    arrays = [np.arange(a * b).reshape(a, b) for a, b in ((2, 3), (1, 5), (0, 4))]
    write(tmp_path / "out.npz", [frame(i, y=a) for i, a in enumerate(arrays)])
    with np.load(tmp_path / "out.npz") as out:
        offsets, shapes = out["y.offsets"], out["y.shapes"]
        for i, a in enumerate(arrays):
            assert np.array_equal(out["y"][offsets[i] : offsets[i + 1]].reshape(shapes[i]), a)


def test_npz_keeps_the_ragged_form_where_it_is_asked_for(tmp_path):
    write(tmp_path / "out.npz", [frame(i, y=np.ones(2), z=np.float64(1)) for i in range(2)], ragged=["y", "z"])
    with np.load(tmp_path / "out.npz") as out:
        assert out["y.offsets"].tolist() == [0, 2, 4]
        assert out["y"].shape == (4,)
        assert out["z"].shape == (2,)


def test_npz_reads_spools_of_many_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr("framelane._npz._CHUNK", 64)
    rows = [np.arange(i % 7) for i in range(9000)]
    write(tmp_path / "out.npz", [frame(i, y=a) for i, a in enumerate(rows)])
    with np.load(tmp_path / "out.npz") as out:
        assert np.array_equal(out["y"], np.concatenate(rows))
        assert np.array_equal(out["y.offsets"], np.cumsum([0, *map(len, rows)]))


def test_npz_bfloat16_is_stored_as_float32(tmp_path):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    write(tmp_path / "out.npz", [frame(x=np.array([0.1, 3], ml_dtypes.bfloat16))])
    with np.load(tmp_path / "out.npz") as out:
        assert out["x"].dtype == np.float32
        assert np.array_equal(out["x"][0], np.array([0.1, 3], ml_dtypes.bfloat16).astype(np.float32))


@pytest.mark.parametrize(
    ("second", "text"),
    [
        (frame(1, y=np.zeros(2, np.int32)), r"'y' of frame 1 is int32 of rank 1.*float64 of rank 1"),
        (frame(1, y=np.zeros((2, 2))), "float64 of rank 2"),
        (frame(1, y=np.zeros(2), more=np.zeros(2)), "frame 1 has y, more; before: y"),
        (frame(1, y=np.array([object()])), "without pickle"),
    ],
)
def test_npz_refuses_frames_that_do_not_fit_and_keeps_those_that_did(tmp_path, second, text):
    sink = NpzWriter(tmp_path / "out.npz")
    sink(frame(y=np.array([1.0, 2.0])))
    with pytest.raises(ShapeError, match=text):
        sink(second)
    assert sink.abort() == f"{tmp_path / 'out.partial.npz'} (1 frame)"
    with np.load(tmp_path / "out.partial.npz") as out:
        assert out["y"].tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_only_the_named_outputs_are_recorded(tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    write(out, [frame(a=1, b=2, image=np.zeros((9, 9)))], outputs=["b"])
    assert set(lines(out)[0] if suffix == ".jsonl" else np.load(out)) == {"frame", "timestamp", "b"}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_missing_output_is_named(tmp_path, suffix):
    sink = SUFFIXES[suffix](tmp_path / f"out{suffix}", outputs=["b"])
    with pytest.raises(ShapeError, match="frame 3 has no tensor 'b' to record; it has: a"):
        sink(frame(3, a=1))
    sink.abort()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_file_appears_only_when_it_is_whole(tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    out.write_text("the one before")
    sink = SUFFIXES[suffix](out)
    sink(frame(x=1))
    assert out.read_text() == "the one before"
    sink.close()
    assert os.listdir(tmp_path) == [out.name]
    assert out.read_bytes() != b"the one before"
    sink.close()
    assert sink.abort() is None
    with pytest.raises(ValueError, match="closed"):
        sink(frame(x=1))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_whole_is_kept_after_an_error(tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    sink = SUFFIXES[suffix](out)
    with contextlib.suppress(KeyError), sink:
        for i in range(2):
            sink(frame(i, x=1))
        raise KeyError
    kept = tmp_path / f"out.partial{suffix}"
    assert os.listdir(tmp_path) == [kept.name]
    assert sink.abort() is None
    assert (len(lines(kept)) if suffix == ".jsonl" else len(np.load(kept)["x"])) == 2


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_is_kept_where_there_was_no_frame(tmp_path, suffix):
    assert SUFFIXES[suffix](tmp_path / f"out{suffix}").abort() is None
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_frames_give_an_empty_file(tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    assert write(out, []).name == out.name
    assert (lines(out) == []) if suffix == ".jsonl" else np.load(out)["frame"].shape == (0,)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_folder_that_is_not_there(tmp_path, suffix):
    sink = SUFFIXES[suffix](tmp_path / "gone" / f"out{suffix}")
    with pytest.raises(FileNotFoundError):
        sink(frame(x=1))
    assert sink.abort() is None


def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    sinks = [NpzWriter(tmp_path / "out.npz"), NpzWriter(tmp_path / "out.npz")]
    for sink in sinks:
        sink(frame(x=1))
    monkeypatch.setattr("framelane._npz._member", full)
    with pytest.raises(OSError, match="No space"):
        sinks[0].close()
    assert sinks[1].abort() is None
    assert os.listdir(tmp_path) == []
