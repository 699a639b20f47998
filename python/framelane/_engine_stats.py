"""What an engine reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStats:
    """What an engine has done so far.

    Attributes
    ----------
    frames, failed, batches : int
        Frames that ran, how many of them came out as an error, and the runs that they took.
    put, got, dropped : int
        Frames taken in, handed out, and thrown away by the overflow policy.
    waiting, ready : int
        Frames in the input ring and in the output ring now.
    waiting_peak, ready_peak : int
        The most frames that were in each of them at once.
    copies, copied_bytes : int
        Inputs that had to be copied because they were not contiguous.
    extra_pictures : int
        Pictures that found no free slot in the engine's pool, because the caller keeps more than the engine and its
        rings hold, and got memory of their own.
    streams : int
        Runs that can be under way at a time.
    fallback_nodes : int
        Nodes that run on the CPU although another device was asked for; see `SessionStats`.
    """

    frames: int
    failed: int
    batches: int
    put: int
    got: int
    dropped: int
    waiting: int
    ready: int
    waiting_peak: int
    ready_peak: int
    copies: int
    copied_bytes: int
    extra_pictures: int
    streams: int
    fallback_nodes: int = 0
