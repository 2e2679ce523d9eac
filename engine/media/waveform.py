"""The waveform of a medium: built in a thread, cached on disk, drawable from its first second on."""

import math
import threading
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from engine.domain.errors import GroundworkError
from engine.domain.media import Clock
from engine.media import cache
from engine.media.container import audio_of, open_container, readable
from engine.media.peaks import BASE, PeakPyramid, Peaks, base_pairs
from engine.media.sound_frames import SLACK, decoded

# So much is looked at together: it stays in the processor's cache.
_BATCH = 128 * BASE
# Decoded stretches of this many samples are worth a look without a copy; a file of plain samples is read in such ones.
_LARGE, _READ = 64 * BASE, 1 << 18
_KINDS = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "s64": np.int64, "flt": np.float32, "dbl": np.float64}
# Above this length a few hundred short looks come first, so that the whole is seen at once.
_LONG, _LOOKS, _PUBLISHED, _LOOK_TIME = 600.0, 400, 32, 0.7


class Waveform:
    """Peaks of the sound of `path` on the time of `clock`. `close` it."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._pyramid = PeakPyramid(0)
        self._rate = 48000
        self._looks: Peaks = np.empty((0, 2), np.int16)
        self.finished = False
        self.notice = ""
        self._thread = threading.Thread(target=self._work, name="media waveform", daemon=True)
        self._thread.start()

    @property
    def known(self) -> float:
        """Share of the sound that is known exactly, 0 to 1."""
        return 1.0 if self.finished else min(self._pyramid.known / self._rate / max(self._clock.seconds, 1e-9), 1.0)

    def columns(self, start: int, end: int, count: int) -> Peaks:
        """(count, 2) int16 lowest and highest value between two PTS; low > high where nothing is known yet."""
        first, last = (self._clock.seconds_at(pts) * self._rate for pts in (start, end))
        with self._lock:
            found = self._pyramid.column_peaks(first, last, count)
            looks = self._looks
        unknown = np.flatnonzero(found[:, 0] > found[:, 1])
        if unknown.size and len(looks) and not self.finished:
            at = (first + (unknown + 0.5) * (last - first) / count) / self._rate / self._clock.seconds
            inside = (at >= 0) & (at < 1)
            found[unknown[inside]] = looks[(at[inside] * len(looks)).astype(np.int64)]
        return found

    def wait(self, seconds: float | None = None) -> bool:
        """Until it is finished; whether it is."""
        self._thread.join(seconds)
        return self.finished

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        try:
            with readable(self._path):
                file = cache.entry(self._path, "peaks.npz")
                if not self._cached(file):
                    self._build(file)
        except GroundworkError as error:
            self.notice = str(error)

    def _cached(self, file: Path) -> bool:
        try:
            with np.load(file) as data:
                base, rate = data["base"], int(data["rate"])
        except (OSError, ValueError, KeyError, EOFError):
            return False
        pyramid = PeakPyramid(len(base) * BASE)
        pyramid.extend(base)
        with self._lock:
            self._pyramid, self._rate, self.finished = pyramid, rate, True
        return True

    def _build(self, file: Path) -> None:
        with open_sound(self._path) as container:
            stream = audio_of(container)
            if stream is None:
                return
            self._rate = stream.codec_context.sample_rate
            with self._lock:
                self._pyramid = PeakPyramid(round(self._clock.seconds * self._rate))
            if self._clock.seconds > _LONG:
                self._look_ahead(container, stream)
                container.seek(0)
            zero = self._clock.start * self._clock.num / self._clock.den
            for pairs in sound_pairs(container, stream, zero, self._clock.seconds + 1.0):
                if self._stop.is_set():
                    return
                with self._lock:
                    self._pyramid.extend(pairs)
        self.finished = True
        base, rate = self._pyramid.base, self._rate
        cache.keep(file, lambda out: np.savez(out, base=base, rate=rate))

    def _look_ahead(self, container: InputContainer, stream: AudioStream) -> None:
        """A glance at places in turn, coarse ones first, within a fixed time."""
        looks = np.zeros((_LOOKS, 2), np.int16)
        seen = np.zeros(_LOOKS, bool)
        until = time.perf_counter() + _LOOK_TIME
        for count, place in enumerate(_coarse_first(_LOOKS), 1):
            if time.perf_counter() > until or self._stop.is_set():
                break
            at = self._clock.start + round((place + 0.5) / _LOOKS * self._clock.duration)
            found = _look(container, stream, float(at * self._clock.num / self._clock.den))
            if found is not None:
                looks[place], seen[place] = found, True
            if count % _PUBLISHED == 0:
                self._publish(looks, seen)
        self._publish(looks, seen)

    def _publish(self, looks: Peaks, seen: NDArray[np.bool_]) -> None:
        if seen.any():
            places = np.flatnonzero(seen)
            nearest = np.abs(np.arange(len(looks))[:, None] - places[None, :]).argmin(1)
            with self._lock:
                self._looks = looks[places[nearest]]


def sound_pairs(
    container: InputContainer, stream: AudioStream, zero: float, seconds: float = math.inf
) -> Iterator[Peaks]:
    """Base pairs of the sound in order, placed on time: `zero` seconds of the container is the first sample."""
    rate, channels = stream.codec_context.sample_rate, stream.codec_context.channels
    scale = float(stream.time_base * rate) if stream.time_base else 1.0
    begin, slack = zero * rate, SLACK * rate
    fifo, same = AudioFifo(), _Same()
    written = 0
    for frame in decoded(container.demux(stream)):
        at = frame.pts * scale - begin if frame.pts is not None else written
        if at > seconds * rate:
            break
        off = at - written
        if written and abs(off) <= slack:
            off = 0.0
        if off >= BASE:
            yield from _flush(fifo, channels)
            written += -written % BASE
            missing = int(at - written) // BASE
            yield np.zeros((missing, 2), np.int16)
            written += missing * BASE
        for part in _kept(same(frame), max(round(-off), 0)):
            written += part.samples
            pairs = _binned(part, fifo, channels)
            if pairs is not None:
                yield pairs
    yield from _flush(fifo, channels)


def _kept(parts: Sequence[av.AudioFrame], cut: int) -> Iterator[av.AudioFrame]:
    """The parts without their first `cut` samples."""
    for part in parts:
        part.pts = None
        if not cut:
            yield part
            continue
        whole = AudioFifo()
        whole.write(part)
        whole.read(min(cut, part.samples))
        cut -= min(cut, part.samples)
        rest = whole.read(0, True)
        if rest is not None:
            rest.pts = None
            yield rest


def open_sound(path: Path) -> InputContainer:
    """The file for reading all its sound at once."""
    return open_container(path, {"max_size": str(_READ)})


def _binned(part: av.AudioFrame, fifo: AudioFifo, channels: int) -> Peaks | None:
    """Base pairs as soon as there are many: of `part` itself where it is large, else of what was queued."""
    if part.samples >= _LARGE and part.samples % BASE == 0 and not fifo.samples:
        return base_pairs(_planes(part), channels)
    fifo.write(part)
    held = fifo.samples
    whole = fifo.read(held // BASE * BASE) if held >= _BATCH else None
    return None if whole is None else base_pairs(_planes(whole), channels)


class _Same:
    """Frames in the form of the first: a queue of samples given another number of planes reads wild memory."""

    def __init__(self) -> None:
        self._wanted: tuple[str, str, int] | None = None
        self._base: Fraction | None = None
        self._resamplers: dict[tuple[str, str, int], AudioResampler] = {}

    def __call__(self, frame: av.AudioFrame) -> Sequence[av.AudioFrame]:
        form = frame.format.name, frame.layout.name, frame.sample_rate
        if self._wanted is None:
            self._wanted, self._base = form, frame.time_base
        if form == self._wanted:
            return (frame,)
        if form not in self._resamplers:
            self._resamplers[form] = AudioResampler(*self._wanted)
        parts = self._resamplers[form].resample(frame)
        for part in parts:
            part.time_base = self._base
        return parts


def _flush(fifo: AudioFifo, channels: int) -> Iterator[Peaks]:
    """What is left, the last stretch perhaps short."""
    rest = fifo.read(0, True) if fifo.samples else None
    if rest is None:
        return
    planes = _planes(rest)
    short = -len(planes[0]) % (BASE * channels // len(planes))
    yield base_pairs([np.pad(plane, (0, short), mode="edge") for plane in planes], channels)


def _planes(frame: av.AudioFrame) -> list[NDArray[np.generic]]:
    """The samples of each plane without a copy."""
    kind = _KINDS[frame.format.packed.name]
    count = frame.samples if frame.format.is_planar else frame.samples * frame.layout.nb_channels
    return [np.frombuffer(memoryview(plane), kind, count) for plane in frame.planes]


def _look(container: InputContainer, stream: AudioStream, seconds: float) -> tuple[int, int] | None:
    """Lowest and highest value of a few frames there; the first after a seek may be half made and does not count."""
    channels = stream.codec_context.channels
    try:
        container.seek(int(seconds / stream.time_base) if stream.time_base else 0, stream=stream)
        for frame in islice(container.decode(stream), 1, 4):
            planes = _planes(frame)
            width = BASE * channels // len(planes)
            whole = [plane[: len(plane) // width * width] for plane in planes]
            if whole[0].size:
                pairs = base_pairs(whole, channels)
                return int(pairs[:, 0].min()), int(pairs[:, 1].max())
    except (av.error.FFmpegError, OSError):
        return None
    return None


def _coarse_first(count: int) -> Iterator[int]:
    """All numbers below `count`, each pass halving the gaps."""
    step = 1
    while step < count:
        step *= 2
    seen = set()
    while step >= 1:
        for place in range(0, count, step):
            if place not in seen:
                seen.add(place)
                yield place
        step //= 2
