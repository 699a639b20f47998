"""The way of a run from reader to writer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from framelane import Frame

    from ._network import Network
    from ._sink import Sink
    from ._source import Source


def elements(args: argparse.Namespace, source: Source, network: Network, sink: Sink) -> list[Any]:
    """Return what the pipeline of a run is made of."""
    from framelane import Infer, Stage

    infer = Infer(
        network.session,
        batch=args.batch,
        streams=network.streams,
        preprocess=network.preprocess,
        postprocess=False if sink.postprocess is None else sink.postprocess,
        name=Path(args.model).name,
    )
    if sink.size is None or not source.is_scaled:
        return [source, infer, sink.writer]
    return [source, infer, Stage(_resizer(sink.size), name="resize"), sink.writer]


def _resizer(size: tuple[int, int]) -> Callable[[Frame], Any]:
    """Scale pictures to the size of the video, where the network has one of its own."""
    from framelane._resize import resize

    def scale(frame: Frame) -> Any:
        return resize(frame.image, size, pixel_format=frame.meta["pixel_format"])

    return scale
