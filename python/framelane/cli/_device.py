"""Opens a session on the device that the options ask for; ``auto`` is the best that takes the whole network."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from framelane._errors import LoadError, ModelError, PlacementError

from ._words import spelled

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from framelane import Session, SessionOptions


def open_session(args: argparse.Namespace, options: SessionOptions) -> tuple[Session, tuple[str, ...]]:
    """Open ``args.model`` on ``args.device``.

    Returns
    -------
    session : Session
        Open.
    remarks : tuple of str
        What a person should know: why a better device was not picked, what fell back.

    Raises
    ------
    LoadError, PlacementError
        As `Session` does.
    """
    if args.device != "auto":
        return _open(args, args.device, options)
    remarks: list[str] = []
    for device in _candidates():
        try:
            session, said = _open(args, device, options)
        except ModelError:
            raise
        except (LoadError, PlacementError) as error:
            remarks.append(f"{device} was not picked: {spelled(str(error))}")
        else:
            return session, (*remarks, *said)
    session, said = _open(args, "cpu", options)
    return session, (*remarks, *said)


def _open(args: argparse.Namespace, device: str, options: SessionOptions) -> tuple[Session, tuple[str, ...]]:
    from framelane import PlacementWarning, Session

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PlacementWarning)
        session = Session(args.model, device, options=options, allow_cpu=args.allow_cpu, fallback=args.fallback)
    for warning in caught:
        if not issubclass(warning.category, PlacementWarning):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return session, tuple(spelled(str(each.message)) for each in caught if issubclass(each.category, PlacementWarning))


def _candidates() -> Iterator[str]:
    """Yield the devices that are worth a try, the best first: real GPUs, no emulated ones."""
    from framelane import devices
    from framelane._cuda_runtime import installed_cuda_runtime

    try:
        installed_cuda_runtime("cuda")
    except LoadError:
        pass
    else:
        yield "cuda:0"
    for device in devices():
        if not device.problem and device.hardware in ("gpu", "npu"):
            yield device.name
