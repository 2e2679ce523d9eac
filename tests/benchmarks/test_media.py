"""Media: what seeing and hearing cost, each figure beside what it is compared with, in one run."""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from av.container import InputContainer
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from engine.media import waveform
from engine.media.container import audio_of, open_container, video_of
from engine.media.convert import Converter, Frame
from engine.media.index import frame_index
from engine.media.playback import Playback
from engine.media.probe import probe
from engine.media.speaker import SilentOut
from engine.media.video import VideoReader
from tests.benchmarks import long_media
from tests.benchmarks.figures import cpu, tell
from tests.engine.media.fake_out import FakeOut

pytestmark = pytest.mark.bench


@pytest.fixture(scope="session")
def no_b(folder: Path) -> Path:
    return long_media.scene(
        folder / "b0.mp4", "1920x1080", 30, 34, {**long_media.LONG, "bf": "0", "preset": "veryfast"}
    )


def plain_seek(path: Path, pts: int) -> None:
    """The same seek with every frame decoded from the key on."""
    with open_container(path) as container:
        stream = video_of(container)
        stream.thread_type = "AUTO"
        container.seek(pts, stream=stream)
        for frame in container.decode(stream):
            if frame.pts >= pts:
                return


@pytest.mark.parametrize(("clip", "bound"), [("many_b", 0.65), ("no_b", 1.1)])
def test_exact_seeks(clip: str, bound: float, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(clip)
    index = frame_index(path)
    chance = random.Random(1)
    wanted = [int(index.pts[chance.randrange(len(index))]) for _ in range(24)]
    reader = VideoReader(path, index)
    walls = []
    began = cpu()
    for pts in wanted:
        at = time.perf_counter()
        reader.at(pts)
        walls.append((time.perf_counter() - at) * 1000)
    ours = cpu() - began
    reader.close()
    began = cpu()
    for pts in wanted:
        plain_seek(path, pts)
    ratio = ours / (cpu() - began)
    tell(f"exact seek, {clip}", cpu_ratio=ratio, bound=bound, wall_ms_median=float(np.median(walls)), worst=max(walls))


def polled(player: Playback, seconds: float = 10.0) -> float:
    """Seconds until an exact frame comes."""
    began = time.perf_counter()
    while time.perf_counter() < began + seconds:
        frame = player.newest()
        if frame is not None and frame.exact:
            return time.perf_counter() - began
        time.sleep(0.0005)
    raise AssertionError("no frame came")


@pytest.mark.parametrize("clip", ["many_b", "no_b"])
def test_steps_back(clip: str, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(clip)
    player = Playback(path, probe(path), SilentOut(), view=(1280, 720))
    polled(player)
    while player.index is None:
        time.sleep(0.01)
    before = psutil.Process().memory_info().rss
    player.seek(int(player.index.pts[700]))
    polled(player)
    player.step(-1)
    polled(player)
    time.sleep(1.0)
    waits, own, most, missing = [], [], 0, 0
    for _ in range(199):
        rank = player.index.rank(player.position)
        missing += not player._source.store.has(int(player.index.pts[rank - 1]))
        at, used = time.perf_counter(), time.thread_time()
        player.step(-1)
        polled(player)
        waits.append((time.perf_counter() - at) * 1000)
        own.append((time.thread_time() - used) * 1000)
        most = max(most, psutil.Process().memory_info().rss)
        time.sleep(max(1 / 30 - waits[-1] / 1000, 0))
    player.close()
    tell(
        f"199 steps back at 30 a second, {clip}",
        above_50_ms=sum(wait > 50 for wait in waits),
        p95_ms=float(np.percentile(waits, 95)),
        worst_ms=max(waits),
        not_decoded_yet=missing,
        window_cpu_p95_ms=float(np.percentile(own, 95)),
        memory_mb=(most - before) / 2**20,
    )


def test_steps_forward(many_b: Path) -> None:
    player = Playback(many_b, probe(many_b), SilentOut(), view=(1280, 720))
    polled(player)
    player.seek(player.clock.pts_at(12.0))
    polled(player)
    waits = []
    for _ in range(100):
        at = time.perf_counter()
        player.step(1)
        polled(player)
        waits.append((time.perf_counter() - at) * 1000)
    player.close()
    tell("100 steps forward", median_ms=float(np.median(waits)), p95_ms=float(np.percentile(waits, 95)))


def test_opening_two_hours(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GROUNDWORK_CACHE", str(tmp_path))
    minute = long_media.scene(folder / "minute.mp4", "640x360", 30, 60, {**long_media.LONG, "bf": "0"})
    path = long_media.repeated(folder / "two hours.mp4", minute, 120)
    known = probe(path)
    monkeypatch.setenv("GROUNDWORK_CACHE", str(tmp_path / "fresh"))
    began = time.perf_counter()
    player = Playback(path, known, SilentOut(), view=(1280, 720))
    polled(player)
    first = time.perf_counter() - began
    player.seek(player.clock.pts_at(5000.0))
    polled(player)
    sought = time.perf_counter() - began
    while player.index is None:
        time.sleep(0.005)
    indexed = time.perf_counter() - began
    player.seek(player.clock.pts_at(3000.0))
    later = polled(player)
    player.close()
    tell(
        "two hours",
        frames=known.frames,
        first_frame_s=first,
        bound=0.3,
        sought_s=sought,
        indexed_s=indexed,
        seek_s=later,
    )


@pytest.mark.parametrize(("suffix", "codec"), [("wav", "pcm_s16le"), ("m4a", "aac"), ("mp3", "mp3"), ("flac", "flac")])
def test_building_peaks(suffix: str, codec: str, folder: Path) -> None:
    path = long_media.sound(folder / f"ten minutes.{suffix}", 600, codec)

    def decode(opened: Callable[[Path], InputContainer]) -> float:
        with opened(path) as container:
            began = cpu()
            for packet in container.demux(audio_of(container)):
                packet.decode()
            return cpu() - began

    def peaks() -> float:
        with waveform.open_sound(path) as container:
            began = cpu()
            for _ in waveform.sound_pairs(container, audio_of(container), 0.0):
                pass
            return cpu() - began

    alone, built = min(decode(open_container) for _ in range(3)), min(peaks() for _ in range(3))
    tell(
        f"peaks of {suffix}",
        of_decode_rate=alone / built,
        bound=0.7,
        of_decoding_as_large=min(decode(waveform.open_sound) for _ in range(3)) / built,
        times_realtime=600 / built,
    )


@pytest.mark.parametrize("suffix", ["m4a", "mp3"])
def test_first_waveform_of_three_hours(suffix: str, folder: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("GROUNDWORK_CACHE", str(tmp_path))
    codec = {"m4a": "aac", "mp3": "mp3"}[suffix]
    minutes = long_media.sound(folder / f"ten minutes.{suffix}", 600, codec)
    path = long_media.repeated(folder / f"three hours.{suffix}", minutes, 18)
    clock = probe(path).clock
    before = psutil.Process().memory_info().rss
    began = time.perf_counter()
    wave = waveform.Waveform(path, clock)
    while True:
        shown = wave.columns(clock.start, clock.start + clock.duration, 1280)
        if (shown[:, 0] <= shown[:, 1]).mean() > 0.99:
            break
        time.sleep(0.01)
    whole = time.perf_counter() - began
    wave.wait()
    built = time.perf_counter() - began
    waits = []
    for _ in range(50):
        at = time.perf_counter()
        wave.columns(clock.start, clock.start + clock.duration, 1280)
        waits.append((time.perf_counter() - at) * 1000)
    grown = (psutil.Process().memory_info().rss - before) / 2**20
    wave.close()
    tell(
        f"waveform of 3 h {suffix}",
        whole_shape_s=whole,
        bound=1.0,
        built_s=built,
        columns_ms=float(np.median(waits)),
        memory_mb=grown,
    )


def test_sound_and_picture_stay_together(folder: Path) -> None:
    """Half an hour at 200 ppm with 3 ms of jitter: how far the picture shown is from the sound heard."""
    minutes = int(os.environ.get("MEDIA_BENCH_MINUTES", "30"))
    path = long_media.scene(folder / f"{minutes} minutes.mp4", "160x90", 30, 60 * minutes, {"g": "250"}, sound=True)
    speaker = FakeOut(ppm=200, jitter=0.003)
    speaker.keep, speaker.patience = False, 2.0
    player = Playback(path, probe(path), speaker)
    polled(player)
    player.play()
    while speaker._pull is None:
        time.sleep(0.001)
    offsets, shown = [], player.clock.start
    began = time.perf_counter()
    while speaker.now < 60 * minutes - 5:
        speaker.advance(1 / 60)
        until = time.perf_counter() + 1.0
        while time.perf_counter() < until:
            frame = player.newest()
            shown = frame.pts if frame is not None else shown
            if player.clock.seconds_at(player.position) - player.clock.seconds_at(shown) < 1 / 30 + 1e-3:
                break
        heard = speaker.true_heard() / speaker.rate
        if speaker.now > 1:
            offsets.append(abs(heard - player.clock.seconds_at(shown) - 1 / 60))
    player.close()
    tell(
        f"{minutes} min of sound and picture",
        p99_frames=float(np.percentile(offsets, 99)) * 30,
        bound=1,
        worst_frames=max(offsets) * 30,
        simulated_in_s=time.perf_counter() - began,
    )


def test_play_and_pause_act(many_b: Path) -> None:
    player = Playback(many_b, probe(many_b), SilentOut(), view=(1280, 720))
    polled(player)
    starts, stops = [], []
    for turn in range(12):
        player.seek(player.clock.pts_at(2.0 + turn))
        polled(player)
        began = time.perf_counter()
        player.play()
        while player.position <= player.clock.pts_at(2.0 + turn) or player.newest() is None:
            time.sleep(0.0005)
        starts.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        player.pause()
        stops.append((time.perf_counter() - began) * 1000)
        still = player.position
        time.sleep(0.05)
        assert player.position == still
    player.close()
    tell("play and pause", play_ms=max(starts), pause_ms=max(stops), bound=100)


def test_the_heard_clock() -> None:
    """Two hours against a device 200 ppm off, 3 ms of jitter."""
    from tests.engine.media.test_clock import heard_against_told

    for ppm in (0, 200, -200):
        errors = np.array(heard_against_told(ppm, 7200))
        tell(
            f"heard clock at {ppm} ppm",
            sd_ms=float(errors.std()),
            worst_ms=float(np.abs(errors).max()),
            bounds="0.5 and 5",
        )


class Screen(QWidget):
    """A view that draws a frame as it is."""

    frame: Frame | None = None

    def paintEvent(self, event: object) -> None:
        if self.frame is not None:
            height, width = self.frame.pixels.shape[:2]
            image = QImage(self.frame.pixels.data, width, height, width * 4, QImage.Format.Format_RGB32)
            painter = QPainter(self)
            painter.drawImage(self.rect(), image)
            painter.end()


@pytest.mark.parametrize(("clip", "bound"), [("many_b", 0.60), ("heavy", 0.75)])
def test_presentation(clip: str, bound: float, request: pytest.FixtureRequest, qtbot) -> None:
    """Processor time of decoding alone over that of decoding, scaling to 1280 x 720 and painting."""
    path = request.getfixturevalue(clip)
    screen = Screen()
    qtbot.addWidget(screen)
    screen.resize(1280, 720)
    screen.show()
    converter = Converter(1, (1280, 720))

    def run(show: bool) -> float:
        reader = VideoReader(path)
        began = cpu()
        for _ in range(180):
            pts, frame = reader.next()
            if show:
                screen.frame = converter.frame(frame, pts)
                screen.repaint()
        used = cpu() - began
        reader.close()
        return used

    alone, shown = min(run(False) for _ in range(2)), min(run(True) for _ in range(2))
    tell(f"presentation, {clip}", ratio=alone / shown, bound=bound, decode_ms=alone / 0.18, shown_ms=shown / 0.18)


@pytest.fixture(scope="session")
def heavy(folder: Path) -> Path:
    return long_media.scene(folder / "4k.mp4", "3840x2160", 30, 7, {**long_media.LONG, "bf": "2"})
