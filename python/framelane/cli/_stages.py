"""The way of a run from reader to writer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from framelane import Frame
    from framelane.video import VideoReader

    from ._network import Network
    from ._sink import Sink


def elements(args: argparse.Namespace, reader: VideoReader, network: Network, sink: Sink, shape: Any) -> list[Any]:
    """Return what the pipeline of a run is made of.

    Parameters
    ----------
    args : argparse.Namespace
        Of ``framelane run``.
    reader : VideoReader
        Its frames have the size and the pixel format that are packed the shortest way.
    network, sink
        What runs, and where its results go.
    shape : tuple of int
        Of the network's input for one frame.
    """
    from framelane import Infer, Stage

    constants = network.constants(shape)
    source: Any = Fed(reader, network.input, constants) if constants else reader
    infer = Infer(
        network.session,
        batch=args.batch,
        streams=network.streams,
        preprocess=network.preprocess,
        postprocess=False if sink.postprocess is None else sink.postprocess,
        name=Path(args.model).name,
    )
    if sink.size is None or (reader.width, reader.height) == (reader.info.width, reader.info.height):
        return [source, infer, sink.writer]
    return [source, infer, Stage(_resizer(sink.size), name="resize"), sink.writer]


class Fed:
    """A reader whose frames also have the tensors that the network's other inputs want."""

    def __init__(self, reader: VideoReader, name: str, constants: dict[str, Any]) -> None:
        self._reader = reader
        self._name = name
        self._constants = constants

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._reader:
            yield replace(frame, tensors={self._name: frame.image, **self._constants})

    def __getattr__(self, name: str) -> Any:  # rate, notes and the like, which the writer and the report ask for
        return getattr(self._reader, name)


def _resizer(size: tuple[int, int]) -> Callable[[Frame], Any]:
    """Scale pictures to the size of the video, where the network has one of its own."""
    from framelane._resize import resize

    def scale(frame: Frame) -> Any:
        return resize(frame.image, size, pixel_format=frame.meta["pixel_format"])

    return scale
