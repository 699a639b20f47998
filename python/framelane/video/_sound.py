"""The sound of a video that is being written, taken from the source and cut with the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av.error

from framelane._errors import VideoError

from ._names import AnyPath, counted, printable
from ._open import open_input
from ._sound_tracks import CopiedTrack, EncodedTrack, Track

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ._targets import Target

_RESTART = 0.5
_MOST_STREAMS = 100
_SUBTITLES = {
    "mp4": {"mov_text"},
    "mov": {"mov_text"},
    "webm": {"webvtt"},
    "matroska": {"subrip", "ass", "ssa", "webvtt", "dvd_subtitle", "hdmv_pgs_subtitle", "dvb_subtitle", "text"},
}
_EXACT_START = ("mp4", "mov")


def check_sound(path: AnyPath) -> None:
    """Refuse a file without sound.

    Raises
    ------
    VideoError
        It has none, or cannot be read.
    """
    with open_input(path) as container:
        if not any(stream.type == "audio" and stream.codec_context is not None for stream in container.streams):
            raise VideoError(f"{printable(path)} has no sound in it")


class Sound:
    """Sound tracks and subtitles on their way from a file into a container.

    Parameters
    ----------
    path : path-like
        The file that they come from.
    container : av.container.OutputContainer
        Where they go.
    target : Target
        What the container can hold.
    offset : callable
        Given the number of times that the file's clock was set anew, what to add to its times (seconds); None as long
        as that is not known.
    notes : list of str
        Gets sentences on what could not be copied.
    """

    def __init__(
        self,
        path: AnyPath,
        container: Any,
        target: Target,
        offset: Callable[[int], float | None],
        notes: list[str],
    ) -> None:
        self._notes = notes
        self.input = open_input(path)
        self._path = path
        self._offset = offset
        self._tracks: dict[int, Track] = {}
        self._lasts: dict[int, float] = {}
        self._restarts: dict[int, int] = {}
        self._fallbacks: dict[int, float] = {}
        self._choose_tracks(container, target)
        self._packets = self._read()
        self._next: Any = None
        self._ended = not self._tracks
        self._final = False

    def _choose_tracks(self, container: Any, target: Target) -> None:
        left_out = 0
        kind = f".{target.container}" if target.container != "matroska" else ".mkv"
        for stream in self.input.streams:
            if stream.type == "subtitle":
                left_out += not self._take_subtitle(stream, container, target)
            if stream.type != "audio":
                continue
            context = stream.codec_context
            name = context.codec.canonical_name if context is not None else "unknown codec"
            if target.sound is None or context is None or not context.sample_rate:
                self._notes.append(f"A sound track ({name}) is left out: {kind} cannot hold it.")
            elif name in target.sound_codecs and self._copy(stream, container, target):
                pass
            else:
                self._tracks[stream.index] = EncodedTrack(container, stream, target.sound)
                self._notes.append(f"A sound track ({name}) is encoded again as {target.sound}, for {kind}.")
        if left_out:
            self._notes.append(f"{counted(left_out, 'subtitle track')} left out: {kind} cannot hold it as it is.")

    def _copy(self, stream: Any, container: Any, target: Target) -> bool:
        try:
            self._tracks[stream.index] = CopiedTrack(container, stream, keeps_before=target.container in _EXACT_START)
        except (ValueError, av.error.FFmpegError):
            return False
        return True

    def _take_subtitle(self, stream: Any, container: Any, target: Target) -> bool:
        context = stream.codec_context
        if context is None or context.codec.canonical_name not in _SUBTITLES.get(target.container, ()):
            return False
        return self._copy(stream, container, target)

    def begin(self, begin: float) -> None:
        """Skip what lies well before this time of the file, where it can be skipped; for the first `write` only."""
        if begin > 5 and self._tracks:
            try:
                self.input.seek(int((begin - 2) * 1_000_000))
            except (av.error.FFmpegError, OSError):
                self.input.close()
                self.input = open_input(self._path)

    def _read(self) -> Iterator[Any]:
        streams = [self.input.streams[index] for index in self._tracks]
        for _ in range(_MOST_STREAMS):
            try:
                for packet in self.input.demux(streams):
                    if packet.size:
                        yield packet
                return
            except IndexError:
                pass  # a stream that begins in the middle; see FilmPictures
            except (av.error.FFmpegError, OSError):
                break
        self._notes.append(f"The sound of {printable(self._path)} ends early: the file is damaged.")

    def write(self, until: float) -> None:
        """Write everything that belongs before this time of the output."""
        while not self._ended:
            if self._next is None:
                self._next = next(self._packets, None)
                if self._next is None:
                    self._ended = True
                    return
            time = self._time_of(self._next)
            if time is None or time >= until:
                return
            packet, self._next = self._next, None
            self._tracks[packet.stream_index].write(packet, time)

    def write_rest(self, end: float | None) -> None:
        """Write the rest, up to `end`; all there is if that is None."""
        self._final = True
        for track in self._tracks.values():
            if end is not None and isinstance(track, EncodedTrack):
                track.cut_at(end)
        self.write(float("inf") if end is None else end)
        for track in self._tracks.values():
            track.finish(end)

    def close(self) -> None:
        """Let go of the file."""
        self.input.close()

    def _time_of(self, packet: Any) -> float | None:
        """Return the time of the output at which a packet belongs; None while that is not known."""
        index = packet.stream_index
        raw = packet.pts if packet.pts is not None else packet.dts
        last = self._lasts.get(index)
        own = (last or 0.0) if raw is None else raw * float(packet.time_base)
        restarts = self._restarts.get(index, 0)
        if last is not None and own < last - _RESTART:
            restarts += 1
        offset = self._offset(restarts)
        if offset is None:
            if not self._final:
                return None
            # The pictures do not say: sound goes on where it was.
            before = self._fallbacks.get(restarts - 1, self._offset(restarts - 1) or 0.0)
            offset = self._fallbacks.setdefault(restarts, (last or 0.0) + before - own)
        self._restarts[index] = restarts
        self._lasts[index] = own
        return own + offset
