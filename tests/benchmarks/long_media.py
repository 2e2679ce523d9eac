"""Big media for measurements, made with PyAV alone; long ones by repeating the packets of a short one."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.filter import Graph

from tests.engine.media import clips

# Groups of pictures as long as encoders make them.
LONG = {"g": "250", "keyint_min": "250", "sc_threshold": "0"}


def scene(
    path: Path,
    size: str,
    rate: int,
    seconds: float,
    options: dict[str, str],
    *,
    source: str = "testsrc2",
    sound: bool = False,
) -> Path:
    """FFmpeg's moving test picture as H.264."""
    if path.exists():
        return path
    graph = Graph()
    begin = graph.add(source, f"size={size}:rate={rate}" + ("" if source == "mandelbrot" else f":duration={seconds}"))
    form, sink = graph.add("format", "yuv420p"), graph.add("buffersink")
    begin.link_to(form)
    form.link_to(sink)
    graph.configure()
    part = path.with_suffix(f".part{path.suffix}")
    with av.open(str(part), "w") as out:
        stream = out.add_stream("libx264", rate=rate, options={"preset": "ultrafast", **options})
        stream.width, stream.height = map(int, size.split("x"))
        stream.pix_fmt = "yuv420p"
        tone = out.add_stream("aac", rate=48000, layout="stereo") if sound else None
        for _ in range(round(seconds * rate)):
            frame = graph.pull()
            frame.pict_type = 0
            for packet in stream.encode(frame):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
        if tone is not None:
            for packet in clips._tone(tone, seconds, 0.0):
                out.mux(packet)
    part.rename(path)
    return path


def repeated(path: Path, source: Path, times: int) -> Path:
    """The packets of `source` over and over."""
    if path.exists():
        return path
    part = path.with_suffix(f".part{path.suffix}")
    with av.open(str(source)) as first:
        stream = first.streams[0]
        packets = [packet for packet in first.demux(stream) if packet.dts is not None and not packet.is_discard]
        rows = [(bytes(packet), packet.pts, packet.dts, packet.duration, packet.is_keyframe) for packet in packets]
        span = max(pts + duration for _, pts, _, duration, _ in rows) - min(pts for _, pts, _, _, _ in rows)
        with av.open(str(part), "w") as out:
            target = out.add_stream_from_template(stream)
            for turn in range(times):
                for data, pts, dts, duration, key in rows:
                    packet = av.Packet(data)
                    packet.pts, packet.dts, packet.duration = pts + turn * span, dts + turn * span, duration
                    packet.time_base, packet.is_keyframe, packet.stream = stream.time_base, key, target
                    out.mux(packet)
    part.rename(path)
    return path


def sound(path: Path, seconds: float, codec: str) -> Path:
    """A tone that swells and fades."""
    if path.exists():
        return path
    part = path.with_suffix(f".part{path.suffix}")
    with av.open(str(part), "w") as out:
        stream = out.add_stream(codec, rate=48000, layout="stereo")
        for at in range(0, round(seconds * 48000), 48000):
            t = (at + np.arange(48000)) / 48000
            wave = (np.sin(2 * np.pi * 440 * t) * (0.5 + 0.4 * np.sin(t / 7))).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = 48000, at, Fraction(1, 48000)
            for packet in stream.encode(frame):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    part.rename(path)
    return path
