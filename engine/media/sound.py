"""Sound of a clip or a sound file as stereo samples on the time of the medium: gaps are silence, overlaps are cut."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.filter import Graph

from engine.domain.errors import MediaError
from engine.media.container import audio_of, open_container, readable
from engine.media.sound_frames import SLACK, PacketPlaces, Packets, decoded, joined, seeks_by_guess, silent
from engine.media.speaker import RATE, Samples

# Coded sound needs a run-up before the first sample is right.
_RUN_UP = 0.12
_WINDOW = 8192
_SLOWEST, _FASTEST = 0.25, 4.0


class SoundReader:
    """Decodes the sound of one file from any instant, in seconds of the container. For one thread; `close` it."""

    def __init__(self, path: Path, rate: int = RATE) -> None:
        self.path = path
        self.rate = rate
        with readable(path):
            self._container: InputContainer = open_container(path)
            stream = audio_of(self._container)
        if stream is None:
            self._container.close()
            raise MediaError(f"{path.name} holds no sound.")
        self._stream: AudioStream = stream
        self._guesses = seeks_by_guess(self._container, stream)
        self._places: PacketPlaces | None = None

    def close(self) -> None:
        self._container.close()

    def blocks(self, start: float, end: float) -> Iterator[Samples]:
        """(n, 2) blocks that cover exactly [start, end), whatever part of it the file has sound for."""
        total = round((end - start) * self.rate)
        written = 0
        for block in joined(self._readable(start), round(SLACK * self.rate), total):
            yield block
            written += len(block)
        yield from silent(total - written, 2)

    def samples(self, start: float, end: float) -> Samples:
        """All of [start, end) in one piece."""
        found = list(self.blocks(start, end))
        return np.concatenate(found) if found else np.zeros((0, 2), np.float32)

    def _readable(self, start: float) -> Iterator[tuple[int, Samples]]:
        with readable(self.path):
            yield from self._placed(start)

    def _placed(self, start: float) -> Iterator[tuple[int, Samples]]:
        """(place in samples after `start`, samples), in the order of the file."""
        resampler = self._resampler()
        for frame in decoded(self._packets(start)):
            try:
                parts = resampler.resample(frame)
            except ValueError:
                # Rate or layout changed in the middle of the stream.
                resampler = self._resampler()
                parts = resampler.resample(frame)
            for part in parts:
                if part.time is None:
                    continue
                at = round((part.time - start) * self.rate)
                samples = _stereo(part)
                if at + len(samples) > 0:
                    yield at, samples

    def _resampler(self) -> AudioResampler:
        return AudioResampler(format="flt", layout="stereo", rate=self.rate)

    def _packets(self, start: float) -> Packets:
        pts = self._pts(start - _RUN_UP)
        if self._guesses and pts > (self._stream.start_time or 0):
            self._places = self._places or PacketPlaces(self.path)
            return self._places.read_from(pts, self._container, self._stream)
        self._seek(pts)
        return self._container.demux(self._stream)

    def _pts(self, seconds: float) -> int:
        return int(seconds / (self._stream.time_base or Fraction(1, self.rate)))

    def _seek(self, pts: int) -> None:
        # Before the start first: only that brings back the priming samples of some codecs.
        for place in (pts, max(pts, self._stream.start_time or 0)):
            try:
                self._container.seek(place, stream=self._stream, backward=True, any_frame=False)
            except av.error.FFmpegError:
                continue
            return
        # Raw streams cannot be sought: read from the start.
        self._container.close()
        self._container = open_container(self.path)
        self._stream = audio_of(self._container) or self._stream


class Tempo:
    """Plays samples faster or slower at the same pitch (FFmpeg's `atempo`)."""

    def __init__(self, speed: float, rate: int) -> None:
        self._rate = rate
        self._graph = Graph()
        source = self._graph.add_abuffer(sample_rate=rate, format="flt", layout="stereo", time_base=Fraction(1, rate))
        parts = [self._graph.add("atempo", f"{factor:.6f}") for factor in _factors(speed)]
        chain = [source, *parts, self._graph.add("abuffersink")]
        for left, right in pairwise(chain):
            left.link_to(right)
        self._graph.configure()
        self._pushed = 0

    def push(self, samples: Samples) -> Iterator[Samples]:
        data = np.ascontiguousarray(samples).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(data, format="flt", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._pushed, Fraction(1, self._rate)
        self._pushed += len(samples)
        self._graph.push(frame)
        yield from self._ready()

    def finish(self) -> Iterator[Samples]:
        self._graph.push(None)
        yield from self._ready()

    def _ready(self) -> Iterator[Samples]:
        while True:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            if isinstance(frame, av.AudioFrame):
                yield _stereo(frame)


def _stereo(frame: av.AudioFrame) -> Samples:
    return np.asarray(frame.to_ndarray(), np.float32).reshape(-1, 2)


def at_speed(blocks: Iterator[Samples], speed: float, rate: int) -> Iterator[Samples]:
    """The blocks played at `speed` (0.25 to 4), pitch kept."""
    if speed == 1.0:
        yield from blocks
        return
    tempo = Tempo(speed, rate)
    taken = given = 0
    for block in blocks:
        taken += len(block)
        for part in tempo.push(block):
            given += len(part)
            yield part
    # The filter holds back its last window: silence pushes it out.
    tail = [part for block in silent(_WINDOW, 2) for part in tempo.push(block)]
    rest = np.concatenate([*tail, *tempo.finish(), np.zeros((_WINDOW, 2), np.float32)])
    yield rest[: max(round(taken / speed) - given, 0)]


def silence(start: float, end: float, rate: int = RATE) -> Iterator[Samples]:
    """[start, end) of a medium without sound."""
    return silent(round((end - start) * rate), 2)


def _factors(speed: float) -> list[float]:
    """Factors between a half and two: beyond that one `atempo` drops samples."""
    left = min(max(speed, _SLOWEST), _FASTEST)
    factors = []
    while left > 2.0:
        factors.append(2.0)
        left /= 2.0
    while left < 0.5:
        factors.append(0.5)
        left /= 0.5
    return [*factors, left]
