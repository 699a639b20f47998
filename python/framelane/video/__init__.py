"""Reads and writes video files and series of pictures."""

from __future__ import annotations

from ._info import SoundTrack, VideoInfo
from ._reader import VideoReader, probe
from ._writer import VideoWriter

__all__ = ["SoundTrack", "VideoInfo", "VideoReader", "VideoWriter", "probe"]
