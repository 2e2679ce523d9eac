"""How soon a second question is answered, how soon a question stops, and whether many of them leave anything behind.

`make bench-engine`. The model has the published numbers of tokens, frames, windows and pixels, and about a fiftieth of
the elements in every part, with random weights.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import av
import msgspec
import numpy as np
import psutil
import pytest

from engine.domain.errors import Cancelled
from engine.grounding.architecture import Architecture, ClipSize, EarSize, EvaSize, LlamaSize, QformerSize
from engine.grounding.backbone import Stop
from engine.grounding.grounder import Grounder
from engine.grounding.loading import load
from engine.messages import Answered, Ask, Encode, LoadModel
from tests.fixtures.tiny_model import architecture, write_media, write_model

pytestmark = pytest.mark.bench
# With what stands behind it 17 tokens, about as many (counted by hand) as the published vocabulary makes of "Where is
# the dog, and when does it bark?"; that of this model, with its few words, would make 33 of that.
QUESTION = "Where is the dog?"
KINDS = ("image", "video", "audio")
LONG = {"sound, 1 min": 60, "sound, 10 min": 600}


def _fiftieth() -> Architecture:
    small = architecture()
    llama = LlamaSize(
        vocab_size=small.llama.vocab_size,
        hidden_size=1024,
        intermediate_size=2752,
        num_hidden_layers=10,
        num_attention_heads=8,
        num_key_value_heads=8,
    )
    return msgspec.structs.replace(
        small,
        llama=llama,
        clip=ClipSize(
            hidden_size=256,
            intermediate_size=1024,
            num_hidden_layers=8,
            num_attention_heads=4,
            image_size=336,
            patch_size=14,
        ),
        eva=EvaSize(
            image_size=224,
            patch_size=14,
            hidden_size=352,
            num_hidden_layers=12,
            num_attention_heads=4,
            intermediate_size=1536,
        ),
        qformer=QformerSize(hidden_size=192, num_hidden_layers=4, num_attention_heads=4, intermediate_size=768),
        ear=EarSize(hidden_size=160, num_blocks=6, num_heads=4, out_size=256, intermediate_size=640),
        frame_queries=32,
        max_frames=64,
        video_tokens=64,
        sound_tokens=8,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "fiftieth", _fiftieth(), gguf=("F16",))


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("media")
    return write_media(folder, frames=128) | {name: _recording(folder, seconds) for name, seconds in LONG.items()}


def _recording(folder: Path, seconds: int) -> Path:
    """A sound as recorders write it: AAC, 44.1 kHz, stereo."""
    path, random = folder / f"{seconds}.m4a", np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="stereo")
        for second in range(seconds):
            values = (random.standard_normal((2, 44100)) * 0.1).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(values, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = 44100, second * 44100
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(params=["torch", "llamacpp"])
def grounder(request: pytest.FixtureRequest, folder: Path) -> Iterator[Grounder]:
    precision = "int8" if request.param == "torch" else "F16"
    made = Grounder(load(LoadModel("0", backbone=request.param, precision=precision, threads=1), folder))
    yield made
    made.close()


def _first_token(grounder: Grounder, path: Path) -> tuple[float, float]:
    """Seconds to the first token: on the clock, and of the processor (all of an answer of one token)."""
    began = time.process_time()
    clock = _answered(grounder, path, 1).timings["first_token"]
    return clock, time.process_time() - began


def _answered(grounder: Grounder, path: Path, tokens: int = 4) -> Answered:
    *_, last = grounder.ask(Ask("1", (str(path),), QUESTION, max_tokens=tokens), Stop())
    assert isinstance(last, Answered)
    return last


def _read_while_written(grounder: Grounder, path: Path) -> float:
    """Seconds to the first token of a question that was read before it was sent, which is when the clock starts."""
    for _ in grounder.encode(Encode("1", (str(path),), QUESTION), Stop()):
        pass
    return _answered(grounder, path, 1).timings["first_token"]


def test_second_question(grounder: Grounder, media: dict[str, Path]) -> None:
    print(
        f"\n| {grounder.loaded.ref.backbone}: first token after | first question | second | ratio | of processor time |"
        " second, read while it was written | ratio |"
    )
    for name in (*KINDS, *LONG):
        first = _first_token(grounder, media[name])
        second = np.min([_first_token(grounder, media[name]) for _ in range(5)], axis=0)
        clock, processor = np.array(first) / second
        read = min(_read_while_written(grounder, media[name]) for _ in range(5))
        print(
            f"| {name} | {first[0] * 1e3:.0f} ms | {second[0] * 1e3:.1f} ms | {clock:.1f} | {processor:.1f} "
            f"| {read * 1e3:.1f} ms | {first[0] / read:.1f} |"
        )
        assert processor > 1


def test_cancel(grounder: Grounder, media: dict[str, Path]) -> None:
    random = np.random.default_rng(0)
    viewed = {name: path.read_bytes() for name, path in media.items()}
    print(f"\n| {grounder.loaded.ref.backbone}: stops after | p50 | p95 | processor time p50 | p95 | n |")
    for what, trials in (("decoding", 40), ("encoding", 20)):
        waits = []
        for trial in range(trials):
            path = media["image"]
            if what == "encoding":
                path = media["video"].with_name(f"{grounder.loaded.ref.backbone}{trial}.mp4")
                path.write_bytes(viewed["video"] + b"\0" * (trial + 1))
            wait = _cancelled(grounder, path, what, float(random.random()))
            if wait is not None:
                waits.append(wait)
        cells = (np.quantile(waits, [0.5, 0.95], axis=0).T * 1e3).ravel()
        print(f"| {what} | {' | '.join(f'{cell:.1f} ms' for cell in cells)} | {len(waits)} |")
        assert len(waits) > trials / 2


def _cancelled(grounder: Grounder, path: Path, what: str, share: float) -> tuple[float, float] | None:
    """Seconds on the clock and of the processor from the wish to the end; None where the work had ended before."""
    stop, at = Stop(), [0.0, 0.0]

    def strike() -> None:
        at[:] = time.perf_counter(), time.process_time()
        stop.request()

    if what == "decoding":
        work = grounder.ask(Ask("1", (str(path),), QUESTION, max_tokens=400), stop)
        delay = 0.1 + share * 0.5
    else:
        work = grounder.encode(Encode("1", (str(path),)), stop)
        delay = 0.05 + share * 1.0
    timer = threading.Timer(delay, strike)
    if what == "encoding":
        timer.start()
    try:
        for number, _ in enumerate(work):
            if what == "decoding" and not number:
                timer.start()
    except Cancelled:
        return time.perf_counter() - at[0], time.process_time() - at[1]
    finally:
        timer.cancel()
    return None


@pytest.mark.parametrize("backbone", ["torch", "llamacpp"])
def test_five_hundred_questions(backbone: str, tmp_path: Path, media: dict[str, Path]) -> None:
    model = write_model(tmp_path / "tiny", gguf=("F16",))
    grounder = Grounder(load(LoadModel("0", backbone=backbone, threads=1), model), tmp_path / "cache")
    process, sizes = psutil.Process(), []
    for number in range(500):
        _answered(grounder, media[KINDS[number % 3]], 20)
        sizes.append(process.memory_info().rss)
    grounder.close()
    slope = np.polyfit(np.arange(400), sizes[100:], 1)[0]
    grown = median(sizes[-50:]) - median(sizes[100:150])
    print(f"\n| {backbone}: 500 questions | {slope:.0f} bytes a question | {grown / 1e6:+.2f} MB from #125 to #475 |")
    assert sizes[-1] > 0
