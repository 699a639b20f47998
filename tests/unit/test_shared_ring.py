"""SharedRing: what it does for one process, at its edges, and what it refuses."""

import inspect
import os
import pickle
import signal
import stat
import threading
import time

import numpy as np
import pytest

import framelane as fl
from programs import run


@pytest.mark.parametrize("overflow", list(fl.Overflow))
@pytest.mark.parametrize("capacity", [1, 2, 3, 8])
def test_holds_its_capacity_in_order(capacity, overflow):
    ring = fl.SharedRing(64, capacity, overflow)
    assert (ring.capacity, ring.overflow) == (capacity, overflow)
    for lap in range(3):
        for i in range(capacity):
            ring.put(lap + i)
        assert len(ring) == capacity
        assert [ring.get() for _ in range(capacity)] == [lap + i for i in range(capacity)]
    assert ring.stats().high_water == capacity


def test_full_and_empty_time_out():
    ring = fl.SharedRing(64, 1)
    with pytest.raises(fl.RingTimeout, match="empty"):
        ring.get(0.02)
    ring.put("first")
    start = time.monotonic()
    with pytest.raises(fl.RingTimeout, match="full"):
        ring.put("second", timeout=0.05)
    assert time.monotonic() - start >= 0.05
    with pytest.raises(fl.RingTimeout):
        ring.reserve(0)
    assert ring.get() == "first"
    assert ring.try_get("nothing") == "nothing"


def test_overflow_raises_drops_the_oldest_or_the_newest():
    ring = fl.SharedRing(64, 1, "raise")
    ring.put(1)
    for put in (lambda: ring.put(2), ring.reserve):
        with pytest.raises(fl.RingFull, match="capacity 1"):
            put()
    ring = fl.SharedRing(64, 2, "drop_oldest")
    for i in range(5):
        ring.put(i)
    assert [ring.get(), ring.get()] == [3, 4]
    stats = ring.stats()
    assert (stats.put, stats.got, stats.dropped) == (5, 2, 3)
    ring = fl.SharedRing(64, 2, "drop_newest")
    assert [ring.try_put(i) for i in range(3)] == [True, True, False]
    with pytest.raises(fl.RingFull):
        ring.reserve()
    ring.put(9)
    assert [ring.get(), ring.get()] == [0, 1]
    assert ring.stats().dropped == 3


def test_nothing_to_drop_while_all_is_being_read():
    ring = fl.SharedRing(64, 1, "drop_oldest")
    ring.put(1)
    with ring.peek() as frame:
        assert frame.value == 1
        assert not ring.try_put(2)
    assert ring.try_put(3)
    assert ring.stats().dropped == 1


def test_a_closed_ring_gives_what_is_left():
    ring = fl.SharedRing(64, 3)
    slot = ring.reserve()
    ring.put(1)
    ring.put(2)
    ring.close()
    ring.close()
    assert ring.closed
    for put in (ring.put, ring.try_put, lambda _: ring.reserve()):
        with pytest.raises(fl.RingClosed, match="nothing can be put"):
            put(3)
    with pytest.raises(fl.RingClosed):
        slot.commit()
    assert ring.get() == 1
    assert list(ring) == [2]
    for get in (ring.get, ring.try_get, ring.peek):
        with pytest.raises(fl.RingClosed, match="empty"):
            get()
    assert ring.stats().free == 3


@pytest.mark.parametrize("side", ["put", "get"])
def test_close_wakes_all_that_wait(side):
    ring = fl.SharedRing(64, 1)
    if side == "put":
        ring.put(0)
    ended = []

    def wait():
        with pytest.raises(fl.RingClosed):
            ring.put(1) if side == "put" else ring.get()
        ended.append(1)

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    if side == "put":
        assert ring.stats().put_waits >= 3
    ring.close()
    for thread in threads:
        thread.join(5)
    assert len(ended) == 3


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, 0, -1, 2**63 - 1, -(2**63), 0.5, float("inf"), "", "für ☃", b"", b"\0\xff", [], (), {}),
        [1, (2, [3.5, None])],
        {"a": {"b": [True, "c"]}, "": b"x"},
    ],
    ids=repr,
)
def test_values_come_out_as_they_went_in(value):
    ring = fl.SharedRing(64, 1)
    ring.put(value)
    got = ring.get()
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "uint16", "float16", "float32", "int64", "float64"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
def test_arrays_of_every_kind(dtype, shape):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    ring = fl.SharedRing(4096, 2)
    ring.put({"x": array, "transposed": array.T})
    with ring.peek() as frame:
        x = frame.value["x"]
        assert x.read_only
        np.testing.assert_array_equal(np.asarray(x), array, strict=True)
    ring.put(array)
    got = ring.get()
    assert isinstance(got, fl.Tensor)
    assert not got.read_only
    np.testing.assert_array_equal(np.asarray(got), array, strict=True)


def test_a_frame_is_written_and_read_in_place():
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    ring = fl.SharedRing({"image": picture, "mask": np.zeros((2, 4), np.float32)}, 2)
    with ring.reserve() as slot:
        np.asarray(slot["image"])[:] = picture
        np.asarray(slot.tensors["mask"]).fill(0.5)
        address = slot["image"].address
        slot.index, slot.timestamp, slot.meta = 7, 0.28, {"pixel_format": "rgb24", "score": [0.5, 1]}
    with ring.peek() as frame:
        assert (frame.index, frame.timestamp, frame.duration) == (7, 0.28, None)
        assert frame.meta == {"pixel_format": "rgb24", "score": [0.5, 1]}
        assert not frame.redelivered
        assert frame["image"].address == address
        np.testing.assert_array_equal(np.asarray(frame["image"]), picture)
        assert np.asarray(frame.tensors["mask"]).mean() == 0.5
        with pytest.raises(ValueError, match="read-only"):
            np.asarray(frame["image"])[0, 0, 0] = 1
    assert ring.stats().free == 2


def test_a_pipelines_frame_goes_through_as_it_is():
    ring = fl.SharedRing(1000, 1)
    ring.put(fl.Frame(3, 0.1, {"image": np.ones((2, 2), np.uint8), "y": np.zeros(3)}, 0.04, {"a": 1}))
    frame = ring.get()
    assert type(frame) is fl.Frame
    assert (frame.index, frame.timestamp, frame.duration, frame.meta) == (3, 0.1, 0.04, {"a": 1})
    assert [t.shape for t in frame.tensors.values()] == [(2, 2), (3,)]


def test_a_slot_of_bytes_takes_tensors_of_any_shape_until_it_is_full():
    ring = fl.SharedRing(256, 1)
    with ring.reserve() as slot:
        slot.empty("a", (10,), "uint8").numpy()[:] = 1
        slot["b"] = np.full(16, 2, np.float32)
        with pytest.raises(fl.ShapeError, match=r"192 of the slot's 256"):
            slot.empty("c", (193,), "uint8")
        slot.empty("c", (128,), "uint8").numpy()[:] = 3
    frame = ring.get()
    assert {name: (t.shape, t.numpy().max()) for name, t in frame.tensors.items()} == {
        "a": ((10,), 1),
        "b": ((16,), 2),
        "c": ((128,), 3),
    }


def test_a_block_that_raises_gives_the_slot_up_and_the_frame_back():
    ring = fl.SharedRing(64, 1)
    with pytest.raises(LookupError), ring.reserve():
        raise LookupError
    assert len(ring) == 0
    ring.put(1)
    with pytest.raises(LookupError), ring.peek():
        raise LookupError
    assert ring.stats().free == 1
    slot = ring.reserve()
    del slot
    ring.put(2)
    frame = ring.peek()
    del frame
    assert ring.stats().free == 1


def test_a_slot_that_is_held_delays_nobody():
    ring = fl.SharedRing(64, 3)
    with ring.reserve() as held:
        held.index = 1
        ring.put("second")
        with ring.peek(0) as reading:
            assert reading.value == "second"
            ring.put("third")
            assert ring.get(0) == "third"
    assert ring.get(0).index == 1


def test_what_was_ended_is_not_used_again():
    ring = fl.SharedRing(64, 2)
    slot = ring.reserve()
    slot.commit()
    slot.abandon()
    with pytest.raises(fl.RingError, match="committed or given up"):
        slot.commit()
    with pytest.raises(fl.RingError, match="committed or given up"):
        slot.empty("x", (1,), "uint8")
    frame = ring.peek()
    frame.release()
    frame.release()
    assert not frame.held
    assert ring.stats().free == 2


@pytest.mark.parametrize(
    ("value", "error", "match"),
    [
        (object(), TypeError, "'object' cannot cross a SharedRing"),
        ({1: 2}, TypeError, "keys of a dict in a frame must be str"),
        (2**64, ValueError, "64 bits"),
        ("x" * 2000, fl.ShapeError, "meta_bytes=1024"),
        (np.zeros(100), fl.ShapeError, r"takes 800 bytes, and 128 of the slot's 128"),
        (np.array(["text"]), fl.ShapeError, "U4"),
        ({1, 2}, TypeError, "cannot cross"),
    ],
)
def test_a_value_that_does_not_go_in_leaves_the_slot_free(value, error, match):
    ring = fl.SharedRing(100, 1)
    with pytest.raises(error, match=match):
        ring.put(value)
    assert ring.stats().free == 1
    nested = []
    nested.append(nested)
    with pytest.raises(ValueError, match="nested too deeply"):
        ring.put(nested)


def test_parameters_are_checked():
    with pytest.raises(ValueError, match="capacity must be at least 1"):
        fl.SharedRing(64, 0)
    with pytest.raises(ValueError, match="capacity must be from 1"):
        fl.SharedRing(64, 10**6)
    with pytest.raises(ValueError, match="spec must be at least 0"):
        fl.SharedRing(-1, 1)
    with pytest.raises(TypeError, match="spec must be a number of bytes"):
        fl.SharedRing("large", 1)
    with pytest.raises(ValueError, match="unknown overflow"):
        fl.SharedRing(1, 1, "sideways")
    with pytest.raises(ValueError, match="'redeliver' or 'fail'"):
        fl.SharedRing(1, 1, on_consumer_death="ignore")
    with pytest.raises(ValueError, match="more than a machine holds"):
        fl.SharedRing(2**60, 4)
    with pytest.raises(fl.ShapeError, match="complex64"):
        fl.SharedRing(np.zeros(1, np.complex64), 1)
    with pytest.raises(TypeError, match=r"put\(value, timeout=None\)"):
        fl.SharedRing(1, 1).put()


def test_more_memory_than_there_is():
    with pytest.raises(fl.DeviceMemoryError) as caught:
        fl.SharedRing(2**40, 4)
    assert caught.value.asked > caught.value.free > 0


def test_it_is_pickled_only_while_spawning():
    with pytest.raises(RuntimeError, match="only while multiprocessing starts a process"):
        pickle.dumps(fl.SharedRing(1, 1))


def test_a_fork_is_told():
    ring = fl.SharedRing(64, 1)
    slot = ring.reserve()
    pid = os.fork()
    if pid == 0:
        try:
            ring.put(1)
        except fl.RingError as error:
            slot.abandon()  # not the child's: does nothing
            os._exit(7 if "fork" in str(error) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    assert slot.held
    slot.commit()
    assert len(ring) == 1


def test_signatures_and_repr():
    assert str(inspect.signature(fl.SharedRing.put)) == "(self, /, value, timeout=None)"
    ring = fl.SharedRing(64, 3, "raise")
    ring.put(1)
    assert repr(ring) == "<framelane.SharedRing 1/3 raise>"
    ring.close()
    assert repr(ring) == "<framelane.SharedRing 1/3 raise closed>"


def test_no_descriptor_is_left_over():
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        ring = fl.SharedRing(64, 1)
        ring.put(1)
        with ring.listen(f"/tmp/framelane-{os.getpid()}.sock"):
            fl.SharedRing.connect(f"/tmp/framelane-{os.getpid()}.sock").get()
    del ring
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_listener_is_private_and_leaves_nothing(tmp_path):
    ring, path = fl.SharedRing(64, 2), tmp_path / "ring.sock"
    with ring.listen(path) as listener:
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert listener.path == str(path)
        with pytest.raises(fl.RingError, match="in use"):
            ring.listen(path)
        other = fl.SharedRing.connect(path)
        other.put("across")
        assert ring.get() == "across"
    assert not path.exists()
    with pytest.raises(fl.RingTimeout, match="nobody listens"):
        fl.SharedRing.connect(path, timeout=0.05)
    other.put("still there")
    assert ring.get() == "still there"


def test_a_socket_that_a_dead_process_left_is_replaced(tmp_path):
    path = tmp_path / "ring.sock"
    run(f"""
        import os
        import framelane as fl
        ring = fl.SharedRing(64, 1)
        listener = ring.listen({str(path)!r})
        os.kill(os.getpid(), 9)
        """)
    assert path.exists()
    ring = fl.SharedRing(64, 1)
    with ring.listen(path):
        assert fl.SharedRing.connect(path).capacity == 1


def test_what_is_no_ring_is_refused(tmp_path):
    file = tmp_path / "file"
    file.write_text("text")
    with pytest.raises(fl.RingError, match="in use"):
        fl.SharedRing(64, 1).listen(file)
    with file.open() as opened, pytest.raises(fl.RingError, match="no shared memory"):
        fl.SharedRing._open(opened.fileno())


@pytest.mark.skipif("FRAMELANE_SANITIZED" in os.environ, reason="UBSan looks at objects through a pipe of its own")
def test_no_descriptor_left_to_open():
    result = run("""
        import resource
        import framelane as fl
        resource.setrlimit(resource.RLIMIT_NOFILE, (10, 10))
        held = []
        try:
            while True:
                held.append(fl.SharedRing(64, 1))
        except fl.RingError as error:
            print(error)
        """)
    assert "ulimit -n" in result.stdout, result.stderr


@pytest.mark.timing
@pytest.mark.parametrize("call", ["ring.get()", "ring.peek(30)", "next(ring)", "full.put(2)", "full.reserve(30)"])
def test_ctrl_c_ends_a_wait_at_once(call):
    result = run(f"""
        import os, signal, threading, time
        import framelane as fl
        ring, full = fl.SharedRing(64, 1), fl.SharedRing(64, 1)
        full.put(1)
        sent = []
        def interrupt():
            time.sleep(0.2)
            sent.append(time.monotonic())
            os.kill(os.getpid(), {int(signal.SIGINT)})
        threading.Thread(target=interrupt).start()
        try:
            {call}
        except KeyboardInterrupt:
            print(time.monotonic() - sent[0])
        """)
    assert result.returncode == 0, result.stderr
    assert float(result.stdout) < 1


@pytest.mark.timing
def test_time_waited_counts_while_the_wait_lasts():
    ring = fl.SharedRing(64, 1)
    thread = threading.Thread(target=lambda: ring.get(10))
    thread.start()
    time.sleep(0.15)
    first = ring.stats()
    time.sleep(0.15)
    second = ring.stats()
    ring.put(1)
    thread.join()
    assert 0.02 < first.get_waited < second.get_waited
    assert (second.get_waits, second.put_waits) == (1, 0)


def test_threads_of_one_process_share_a_ring():
    ring = fl.SharedRing(64, 4)
    got = []

    def consume():
        got.extend(ring)

    consumers = [threading.Thread(target=consume) for _ in range(2)]
    producers = [threading.Thread(target=lambda p=p: [ring.put((p, i)) for i in range(2000)]) for p in range(2)]
    for thread in consumers + producers:
        thread.start()
    for thread in producers:
        thread.join()
    ring.close()
    for thread in consumers:
        thread.join()
    assert sorted(got) == [(p, i) for p in range(2) for i in range(2000)]
