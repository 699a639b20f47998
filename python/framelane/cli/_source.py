"""IN as the source of a run's pipeline."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from framelane._errors import VideoError

from ._exit import CommandError, ExitCode
from ._words import spelled

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from fractions import Fraction

    from framelane import Frame
    from framelane._preprocess import PackPlan
    from framelane.video import VideoReader

    from ._network import Network


class Source:
    """A reader whose frames have what the network wants: pixel format, size, and the tensors of its other inputs.

    Colours and size are those that the network gets when a frame leaves the decoder, so that one pass of libswscale
    makes both.

    Parameters
    ----------
    reader : VideoReader
        Gives frames of the size that they are packed in.
    plan : PackPlan
        How frames of the file's size get into the network.
    name : str
        The network's input for frames.
    constants : dict
        What its other inputs get.
    """

    def __init__(self, reader: VideoReader, plan: PackPlan, name: str, constants: dict[str, Any]) -> None:
        self.reader = reader
        self.plan = plan
        self._name = name
        self._constants = constants

    @property
    def pixel_aspect(self) -> Fraction:
        """The file's: pictures come out in its size or a multiple of it, whatever the network's size is."""
        return self.reader.info.pixel_aspect

    @property
    def is_scaled(self) -> bool:
        """Whether frames have another size than the file's pictures."""
        return self.plan.geometry.scaled != self.plan.geometry.source

    def __iter__(self) -> Iterator[Frame]:
        if not self._constants:
            return iter(self.reader)
        return (replace(frame, tensors={self._name: frame.image, **self._constants}) for frame in self.reader)

    def __getattr__(self, name: str) -> Any:  # rate, notes and the like, which the writer and the report ask for
        return getattr(self.reader, name)


def open_source(args: argparse.Namespace, network: Network) -> Source:
    """Open IN.

    Raises
    ------
    CommandError
        It cannot be read, or an option does not suit it or the network.
    """
    from framelane.video import VideoReader, probe

    try:
        info = probe(args.source)
        plan = network.preprocess.plan(info.width, info.height, info.pixel_aspect)
        constants = network.constants(plan.shape)
        reader = VideoReader(
            args.source,
            format=network.preprocess.pixel_format(info.bits),
            size=plan.geometry.scaled,
            start=args.start,
            end=args.end,
            frames=args.frames,
            rate=args.rate,
            deinterlace=args.deinterlace,
        )
    except VideoError as error:
        raise CommandError(spelled(str(error)), ExitCode.INPUT) from error
    except ValueError as error:
        raise CommandError(spelled(str(error))) from error
    return Source(reader, plan, network.input, constants)
