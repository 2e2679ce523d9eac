"""Small clips and sounds of every awkward kind, made on the spot; each frame carries its number as a bar code."""

from collections.abc import Callable, Collection, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT, BLOCK = 192, 96, 8
RATE = 30


def picture_of(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """RGB: a bar code of 24 bits above a pattern that moves."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([(x * 2 + number * 5) % 256, (y * 3 + number * 3) % 256, (x + y + number * 7) % 256], -1)
    bits = [(number >> bit) & 1 for bit in range(24)]
    pixels[:BLOCK, : 24 * BLOCK] = np.repeat(bits, BLOCK)[None, :, None] * 255
    return pixels.astype(np.uint8)


def number_of(rgb: np.ndarray) -> int:
    """The number that a decoded frame carries."""
    bars = rgb[:BLOCK, : 24 * BLOCK, 1].reshape(BLOCK, 24, BLOCK).mean((0, 2)) > 127
    return sum(1 << bit for bit, on in enumerate(bars) if on)


def steady(count: int) -> Iterator[int]:
    return iter(range(count))


def uneven(count: int) -> Iterator[int]:
    """Frames of one to four units."""
    at = 0
    for number in range(count):
        yield at
        at += 1 + (number * 7) % 4


def write_clip(
    path: Path,
    *,
    count: int = 150,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
    times: Callable[[int], Iterator[int]] = steady,
    offset: int = 0,
    turn: int = 0,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    audio: str = "",
    hidden: int = 0,
) -> Path:
    """`offset` moves all times, `hidden` puts that many frames before the edit list's start; both in frames."""
    with av.open(str(path), "w", options=container or {}) as out:
        stream = out.add_stream(codec, rate=RATE, options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, RATE)
        if turn:
            stream.set_display_rotation(turn)
        sound = out.add_stream(audio, rate=48000, layout="stereo") if audio else None
        waiting = []
        for number, at in enumerate(times(count)):
            frame = av.VideoFrame.from_ndarray(picture_of(number, *size), format="rgb24")
            frame.pts, frame.time_base = at + offset, Fraction(1, RATE)
            waiting += stream.encode(frame)
        waiting += stream.encode()
        for packet in waiting:
            if hidden:
                shift = round(Fraction(hidden, RATE) / packet.time_base)
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            out.mux(packet)
        if sound is not None:
            for packet in _tone(sound, count / RATE, offset / RATE):
                out.mux(packet)
    return path


def without_start(path: Path, share: float) -> Path:
    """A transport stream like a recording that was switched on late: its tables, then all after `share` of it."""
    data, packet = path.read_bytes(), 188
    begins = round(len(data) // packet * share)
    cut = path.with_stem(f"{path.stem}_late")
    cut.write_bytes(data[: 3 * packet] + data[begins * packet :])
    return cut


def _tone(stream: av.AudioStream, seconds: float, start: float) -> Iterator[av.Packet]:
    rate, size = 48000, 1024
    total = round(seconds * rate)
    wave = clicks(total, rate)
    for at in range(0, total, size):
        block = wave[at : at + size]
        frame = av.AudioFrame.from_ndarray(np.stack([block, block]), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = rate, at + round(start * rate), Fraction(1, rate)
        yield from stream.encode(frame)
    yield from stream.encode()


def clicks(total: int, rate: int) -> np.ndarray:
    """A quiet tone with a loud burst of 20 ms at every whole second."""
    t = np.arange(total) / rate
    return (0.1 * np.sin(2 * np.pi * 440 * t) + 0.8 * np.sin(2 * np.pi * 1000 * t) * (t % 1.0 < 0.02)).astype(
        np.float32
    )


def noise(total: int, _rate: int) -> np.ndarray:
    """No two instants of it are alike."""
    return (0.2 * np.random.default_rng(1).standard_normal(total)).astype(np.float32)


def write_sound(
    path: Path,
    seconds: float,
    *,
    codec: str = "pcm_s16le",
    rate: int = 48000,
    wave: Callable[[int, int], np.ndarray] = clicks,
    gap: tuple[float, float] = (0.0, 0.0),
    bit_rate: int = 0,
    container: dict[str, str] | None = None,
) -> Path:
    """`gap` are seconds of which the file holds nothing."""
    with av.open(str(path), "w", options=container or {}) as out:
        stream = out.add_stream(codec, rate=rate, layout="stereo")
        if bit_rate:
            stream.bit_rate = bit_rate
        total = round(seconds * rate)
        sound = wave(total, rate)
        for at in range(0, total, 1152):
            if gap[0] <= at / rate < gap[1]:
                continue
            block = sound[at : at + 1152]
            frame = av.AudioFrame.from_ndarray(np.stack([block, block]), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
            for packet in stream.encode(frame):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    return path


def hurt(path: Path, numbers: Collection[int], kind: str = "audio") -> Path:
    """Overwrite the packets of those numbers, so that they cannot be decoded."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(**{kind: 0}) if packet.size]
        places = [(packets[number].pos, packets[number].size) for number in numbers]
    with path.open("r+b") as file:
        for place, size in places:
            file.seek(place)
            file.write(bytes([255]) * size if kind == "audio" else bytes(size))
    return path


_X264 = {"preset": "veryfast", "threads": "1"}
# The eleven kinds of container and group of pictures, and more that cameras and editors make.
KINDS: dict[str, tuple[str, dict]] = {
    "no B-frames": ("mp4", {"options": {**_X264, "bf": "0", "g": "250"}}),
    "three B-frames": ("mp4", {"options": {**_X264, "bf": "3", "g": "250"}}),
    "short groups": ("mp4", {"options": {**_X264, "bf": "3", "g": "50", "b-pyramid": "normal"}}),
    "open groups": ("mp4", {"options": {**_X264, "x264-params": "open-gop=1:keyint=40:bframes=3:scenecut=0"}}),
    "variable rate mp4": ("mp4", {"options": {**_X264, "bf": "3", "g": "50"}, "times": uneven}),
    "variable rate mkv": ("mkv", {"options": {**_X264, "bf": "3", "g": "50"}, "times": uneven}),
    "edit list": ("mp4", {"options": {**_X264, "bf": "3", "g": "50"}, "hidden": 33}),
    "start offset": ("mkv", {"options": {**_X264, "bf": "3", "g": "50"}, "offset": 45}),
    "fragmented": (
        "mp4",
        {"options": {**_X264, "bf": "3", "g": "50"}, "container": {"movflags": "frag_keyframe+empty_moov"}},
    ),
    "transport stream": ("ts", {"options": {**_X264, "bf": "3", "g": "50"}, "audio": "aac"}),
    "MPEG-4 avi": ("avi", {"codec": "mpeg4", "options": {"g": "60", "bf": "0"}}),
    "MPEG-4 avi with B-frames": ("avi", {"codec": "mpeg4", "options": {"g": "60", "bf": "2"}}),
    "turned": ("mov", {"options": {**_X264, "bf": "3", "g": "50"}, "turn": 90, "audio": "aac"}),
    "VP9": (
        "webm",
        {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8", "g": "50"}, "count": 90},
    ),
    "VP8": (
        "webm",
        {
            "codec": "libvpx",
            "options": {"deadline": "realtime", "cpu-used": "8", "g": "50", "auto-alt-ref": "1", "lag-in-frames": "8"},
            "count": 90,
        },
    ),
    "MPEG-2": ("mpg", {"codec": "mpeg2video", "options": {"g": "30", "bf": "2"}}),
    "HEVC": (
        "mp4",
        {
            "codec": "libx265",
            "options": {"preset": "ultrafast", "x265-params": "log-level=none:keyint=50"},
            "count": 90,
        },
    ),
    "offset mp4": ("mp4", {"options": {**_X264, "bf": "3", "g": "50"}, "offset": 45}),
}


def make(kind: str, folder: Path) -> Path:
    suffix, facts = KINDS[kind]
    return write_clip(folder / f"{kind.replace(' ', '_')}.{suffix}", **facts)
