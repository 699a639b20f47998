"""Stage and Zip: what may be said about a stage, what a callable may return, what a source may yield."""

import functools

import numpy as np
import pytest

import framelane as fl
from framelane._layout import names_of
from framelane._source import as_frame
from framelane._stage import travels_on


def frame(**tensors):
    tensors = tensors or {"image": np.zeros((2, 3)), "mask": np.ones(2)}
    return fl.Frame(7, 0.28, tensors, 0.04, {"pixel_format": "rgb24"})


def test_an_array_replaces_the_first_tensor():
    before = frame()
    image = np.full((4, 4), 9)
    after = travels_on(before, image)
    assert list(after.tensors) == ["image", "mask"]
    assert after["image"] is image
    assert after["mask"] is before["mask"]
    assert (after.index, after.timestamp, after.duration, after.meta) == (7, 0.28, 0.04, {"pixel_format": "rgb24"})
    assert before["image"] is not image, "the frame that came in is not changed: the source may still have it"


def test_an_array_for_a_frame_without_tensors_is_its_image():
    assert list(travels_on(fl.Frame(0), np.zeros(1)).tensors) == ["image"]


def test_a_dict_gives_the_tensors():
    after = travels_on(frame(), {"points": np.zeros((0, 10))})
    assert list(after.tensors) == ["points"]
    assert after.index == 7


def test_a_frame_passes_as_it_is_and_none_drops():
    before = frame()
    assert travels_on(before, before) is before
    assert travels_on(before, None) is None


def test_a_generator_yields_several_of_all_kinds():
    def several():
        yield np.zeros(1)
        yield None
        yield {"a": np.zeros(2)}
        yield fl.Frame(8)
        yield (np.zeros(3) for _ in range(2))

    after = list(travels_on(frame(), several()))
    assert [list(one.tensors) for one in after] == [["image", "mask"], ["a"], [], ["image", "mask"], ["image", "mask"]]


@pytest.mark.parametrize("array", [memoryview(b"abc"), fl.Tensor.wrap(np.zeros(3)), np.float32(1)])
def test_what_speaks_a_protocol_of_arrays_is_one(array):
    assert travels_on(frame(), array)["image"] is array


@pytest.mark.parametrize("nonsense", [7, "text", [1, 2], object()])
def test_anything_else_is_refused_with_what_may_be_returned(nonsense):
    with pytest.raises(TypeError, match=f"returned {type(nonsense).__name__}; return an array, a dict of arrays"):
        travels_on(frame(), nonsense)


def test_a_dict_must_hold_arrays():
    with pytest.raises(TypeError, match="int under 'score'"):
        travels_on(frame(), {"score": 3})


def test_a_source_may_yield_frames_arrays_and_dicts():
    given = frame()
    assert as_frame(given, 3) is given
    assert as_frame(np.zeros(2), 3).index == 3
    assert list(as_frame({"a": np.zeros(1), "b": np.zeros(1)}, 3).tensors) == ["a", "b"]
    with pytest.raises(TypeError, match="yielded int; yield Frames"):
        as_frame(3, 0)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"workers": 0}, "from 1 on, not 0"),
        ({"workers": 2.5}, "integer"),
        ({"frame_timeout": 0}, "positive number of seconds"),
        ({"frame_timeout": -1.0}, "frame_timeout"),
        ({"expected": -5}, "expected"),
        ({"expected": float("nan")}, "expected"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, text):
    with pytest.raises(ValueError, match=text):
        fl.Stage(print, **options)


def test_processes_are_refused_with_what_to_use_instead():
    with pytest.raises(NotImplementedError, match="later release; use workers=n"):
        fl.Stage(print, process=True)


def test_names_say_what_an_element_is():
    class Reader(list):
        name = "camera"

    class Detector:
        def __call__(self, frame):
            return frame

    def blend(frame):
        return frame

    mix = fl.Stage(blend, name="mix")
    elements = [Reader(), blend, functools.partial(blend), Detector(), lambda f: f, mix, [].append]
    assert names_of(elements) == ["camera", "blend", "blend 2", "Detector", "stage 4", "mix", "append"]
    assert names_of([[], blend])[0] == "source"


def test_zip_joins_sources_side_by_side():
    class Faces(list):
        rate = 25

    faces = Faces(fl.Frame(i + 5, i / 25, {"image": np.full(2, i)}, 0.04, {"a": 1}) for i in range(3))
    masks = [fl.Frame(i, None, {"image": np.full(2, -i)}, None, {"a": 2, "b": 3}) for i in range(4)]
    both = fl.Zip(faces, masks)
    frames = list(both)
    assert [one.index for one in frames] == [5, 6, 7]
    assert [list(one.tensors) for one in frames] == [["image", "image_1"]] * 3
    assert frames[2]["image_1"][0] == -2
    assert (frames[1].timestamp, frames[1].duration, frames[1].meta) == (1 / 25, 0.04, {"a": 1, "b": 3})
    assert both.rate == 25
    assert both.frame_count == 3
    with pytest.raises(AttributeError):
        _ = both.size


def test_zip_names_tensors_and_can_be_strict():
    frames = list(fl.Zip(face=[np.zeros(1)] * 2, mask=[np.ones(1)] * 2))
    assert list(frames[0].tensors) == ["face", "mask"]
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        list(fl.Zip([np.zeros(1)] * 2, [np.zeros(1)], strict=True))
    with pytest.raises(ValueError, match="at least one"):
        fl.Zip()


def test_zip_closes_all_sources_whatever_one_raises():
    closed = []

    class Source:
        def __init__(self, name):
            self.name = name

        def __iter__(self):
            return iter(())

        def close(self):
            closed.append(self.name)
            raise OSError(self.name)

    with pytest.raises(OSError, match="b"):
        fl.Zip(Source("a"), Source("b")).close()
    assert closed == ["a", "b"]
