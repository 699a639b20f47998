"""How frames that carry pictures go through an engine: planned once for each kind."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._batch_axis import check_batch_layout
from ._errors import ShapeError
from ._output_picture import split_outputs
from ._pixel_formats import pixel_format as pixel_format_of
from ._postprocess import Postprocess
from ._preprocess import Preprocess
from ._resize import resize

if TYPE_CHECKING:
    from ._frame import Frame
    from ._geometry import Size
    from ._session import Session


@dataclass(frozen=True, slots=True)
class PicturePlan:
    """What happens to frames of one size, pixel format and shape of pixels.

    Attributes
    ----------
    native : _core.FramePlan
        For the engine's threads.
    scaled : Size
        What a frame is scaled to before it is put.
    pixel_format : str
        Of the frames that go in.
    output : str or None
        The output that comes out as a picture.
    output_format : str
        Its pixel format.
    restored : Size or None
        What it is scaled to when it comes out; None: it has its size already.
    """

    native: _core.FramePlan
    scaled: Size
    pixel_format: str
    output: str | None
    output_format: str
    restored: Size | None

    def finish(self, frame: Frame, outputs: dict[str, Any], others: dict[str, Any]) -> Frame:
        """Return the frame with what came out, the picture first, scaled back and named as such."""
        meta = {key: value for key, value in frame.meta.items() if key != "pixel_format"}
        meta["source_pixel_format"] = self.pixel_format
        if self.output is not None:
            picture = outputs.pop(self.output)
            if self.restored is not None:
                picture = resize(picture, self.restored, pixel_format=self.output_format)
            outputs = {self.output: picture, **outputs}
            meta["pixel_format"] = self.output_format
        return replace(frame, tensors={**outputs, **others}, meta=meta)


class FramePlanner:
    """Finds out which frames carry pictures for a model, and makes their plans. Thread-safe.

    Parameters
    ----------
    session : Session
        The model.
    preprocess : Preprocess, bool or None
        None: read from the model when the first picture comes. False: frames never carry pictures.
    postprocess : Postprocess, bool or None
        None: read from the model. False: outputs come out as they are.
    batch : int
        Most frames in one run.

    Raises
    ------
    ShapeError
        `batch` is more than 1 and the layout of a picture has no batch axis.
    """

    def __init__(self, session: Session, preprocess: Any, postprocess: Any, batch: int = 1) -> None:
        self._session = session
        self._batch = batch
        self._preprocess: Preprocess | None = preprocess if isinstance(preprocess, Preprocess) else None
        self._postprocess: Postprocess | None = postprocess if isinstance(postprocess, Postprocess) else None
        self._always = self._preprocess is not None
        self._never = preprocess is False
        self._read_outputs = postprocess is None
        self._plans: dict[tuple[Any, ...], PicturePlan] = {}
        self._lock = threading.Lock()
        self._check_batch()

    @property
    def preprocess(self) -> Preprocess | None:
        """How pictures go in; None as long as none came."""
        return self._preprocess

    @property
    def postprocess(self) -> Postprocess | None:
        """How a picture comes out; None when none does, or none came in yet."""
        return self._postprocess

    def plan(self, frame: Frame, arrays: list[Any]) -> PicturePlan | None:
        """Return the plan of a frame, and scale its picture in `arrays` (one an input); None when it carries none.

        Raises
        ------
        ShapeError
            The model does not say how the picture goes in, or the picture does not go in.
        """
        if self._never or not (name := self._format_of(frame)):
            return None
        index = self._input_index()
        kind = pixel_format_of(name)
        image = np.asarray(arrays[index])
        if not self._always and not _is_picture(image, kind):
            return None
        aspect = frame.meta.get("pixel_aspect", 1)
        key = (name, image.shape, aspect)
        plan = self._plans.get(key)
        if plan is None:
            with self._lock:
                plan = self._plans[key] = self._make(name, image.shape, aspect, index, arrays)
        arrays[index] = resize(image, plan.scaled, pixel_format=name)
        return plan

    def _check_batch(self) -> None:
        for kind, options in (("input", self._preprocess), ("output", self._postprocess)):
            if options is not None:
                check_batch_layout(self._batch, f"the {kind}", options.layout)

    def _format_of(self, frame: Frame) -> str:
        name = frame.meta.get("pixel_format", "")
        if name or not self._always:
            return str(name)
        shape = np.shape(next(iter(frame.tensors.values())))
        return {2: "gray"}.get(len(shape), {4: "rgba", 1: "gray"}.get(shape[-1], "rgb24") if shape else "rgb24")

    def _input_index(self) -> int:
        """Return which input takes the picture, having read the model where nobody said."""
        with self._lock:
            if self._preprocess is None:
                self._preprocess = Preprocess.from_model(self._session.inputs, self._session.metadata)
            if self._read_outputs:
                self._read_outputs = False
                if split_outputs(self._session.outputs, self._preprocess)[0]:
                    self._postprocess = Postprocess.from_model(self._session.outputs, self._preprocess)
        names = [info.name for info in self._session.inputs]
        return 0 if self._preprocess.input is None else names.index(self._preprocess.input)

    def _make(self, name: str, shape: tuple[int, ...], aspect: Any, index: int, arrays: list[Any]) -> PicturePlan:
        assert self._preprocess is not None
        self._check_batch()
        kind = pixel_format_of(name)
        pack = self._preprocess.plan(*kind.size(shape), aspect)
        step = _core.PackStep(dtype=pack.dtype, shape=pack.shape, layout=pack.layout, pixel_format=name, spec=pack.spec)
        inputs = [step if i == index else None for i in range(len(arrays))]
        outputs: list[_core.UnpackStep | None] = [None] * len(self._session.outputs)
        post = self._postprocess
        if post is None:
            return PicturePlan(_core.FramePlan(inputs, outputs), pack.geometry.scaled, name, None, "", None)
        position = next((i for i, info in enumerate(self._session.outputs) if info.name == post.output), 0)
        info = self._session.outputs[position]
        out_shape = self._output_shape(position, index, np.zeros(pack.shape, pack.dtype), arrays)
        unpack = post.plan(pack.geometry, out_shape, planar=kind.planar)
        # Pictures come out as they went in, where there are as many channels.
        same = pixel_format_of(unpack.pixel_format).samples == kind.samples
        output_format = name if same else unpack.pixel_format
        outputs[position] = _core.UnpackStep(
            dtype=info.dtype, shape=out_shape, layout=unpack.layout, pixel_format=output_format, spec=unpack.spec
        )
        restored = None if tuple(unpack.window.part[2:]) == tuple(unpack.window.size) else unpack.window.size
        return PicturePlan(
            _core.FramePlan(inputs, outputs), pack.geometry.scaled, name, info.name, output_format, restored
        )

    def _output_shape(self, position: int, index: int, blank: Any, arrays: list[Any]) -> tuple[int, ...]:
        """Return what the network makes of one frame of this size: as it says, else found out with a blank one."""
        info = self._session.outputs[position]
        sizes = [size for size in info.shape or (None,) if isinstance(size, int)]
        if info.shape is not None and len(sizes) == len(info.shape):
            return tuple(sizes)
        names = [entry.name for entry in self._session.inputs]
        feeds = dict(zip(names, arrays, strict=True)) | {names[index]: blank}
        return tuple(np.shape(self._session.run(feeds)[info.name]))


def _is_picture(image: Any, kind: Any) -> bool:
    """Whether the array is what its frame's pixel format says: a stage may have put something else in its place."""
    try:
        kind.size(image.shape)
    except ShapeError:
        return False
    return bool(image.dtype == kind.dtype)
