"""From a file and a question to an answer: on a tiny random model, whose words mean nothing."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from engine import grammar
from engine.domain.errors import Cancelled, MediaError, ModelError, UsageError
from engine.domain.geometry import Box, Segment
from engine.grounding import viewing
from engine.grounding.backbone import Floats, Part, Stop
from engine.grounding.calibration import Calibration
from engine.grounding.grounder import Budgets, Grounder
from engine.grounding.loading import load
from engine.media import probe
from engine.messages import Answered, Ask, Encode, Encoded, Found, LoadModel, Progress, Reply, Token, Turn

EVERY = pytest.mark.parametrize("names", [("image",), ("video",), ("audio",), ("image", "audio"), ()], ids="+".join)


@pytest.fixture(scope="module")
def grounder(tiny_model: Path) -> Iterator[Grounder]:
    made = Grounder(load(LoadModel("0", threads=1), tiny_model))
    yield made
    made.close()


def _ask(grounder: Grounder, media: tuple[Path, ...] = (), stop: Stop | None = None, **options: object) -> list[Reply]:
    paths = tuple(str(path) for path in media)
    settings = {"text": "Where is the dog?", "max_tokens": 40, **options}
    return list(grounder.ask(Ask("7", paths, **settings), stop or Stop()))  # type: ignore[arg-type]


def _answer(replies: list[Reply]) -> Answered:
    assert isinstance(replies[-1], Answered)
    return replies[-1]


@EVERY
def test_an_answer_is_streamed_and_then_told_whole(
    grounder: Grounder, tiny_media: dict[str, Path], names: tuple[str, ...]
) -> None:
    replies = _ask(grounder, tuple(tiny_media[name] for name in names))
    answer = _answer(replies)
    assert "".join(reply.text for reply in replies if isinstance(reply, Token)).rstrip() == answer.answer
    assert answer.answer
    assert {reply.ticket for reply in replies} == {"7"}
    assert answer.timings["encode"] <= answer.timings["first_token"] <= answer.timings["total"]
    assert answer.memory > 0
    assert answer.model == grounder.loaded.ref


@EVERY
def test_the_second_question_starts_from_the_prefix(
    grounder: Grounder, tiny_media: dict[str, Path], names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    media = tuple(tiny_media[name] for name in names)
    first = _answer(_ask(grounder, media, text="What is red?"))
    monkeypatch.setattr(viewing, "features", None)
    assert _answer(_ask(grounder, media, text="What is red?")).answer == first.answer


def test_media_change_the_answer(grounder: Grounder, tiny_media: dict[str, Path]) -> None:
    answers = {_answer(_ask(grounder, (path,))).answer for path in tiny_media.values()}
    assert len(answers | {_answer(_ask(grounder)).answer}) == 4


def test_a_marked_place_and_earlier_turns_are_part_of_the_question(
    grounder: Grounder, tiny_media: dict[str, Path]
) -> None:
    media, box = (tiny_media["image"],), Box(10, 10, 50, 40)
    plain = _answer(_ask(grounder, media))
    marked = _answer(_ask(grounder, media, region=box))
    spelt = _answer(_ask(grounder, media, text=grammar.question("Where is the dog?", box, size=(96, 64))))
    assert plain.answer != marked.answer == spelt.answer
    assert _answer(_ask(grounder, media, turns=(Turn("What is it?", "A cat."),))).answer != plain.answer
    moment = _answer(_ask(grounder, (tiny_media["video"],), moment=Segment(0, 10)))
    assert moment.answer != _answer(_ask(grounder, (tiny_media["video"],))).answer


def test_a_frame_of_a_clip_is_asked_as_a_picture(grounder: Grounder, tiny_media: dict[str, Path]) -> None:
    clock = viewing.Viewer().view([str(tiny_media["video"])], None)[0].clock
    assert clock
    answers = [
        _answer(_ask(grounder, (tiny_media["video"],), frame=frame)).answer
        for frame in (None, clock.pts_at(0.0), clock.pts_at(1.5))
    ]
    assert len(set(answers)) == 3


@pytest.mark.parametrize(
    ("kind", "name", "shape"), [("boxes", "image", Box), ("times", "video", Segment), ("times", "audio", Segment)]
)
def test_a_limited_answer_is_places_that_are_told_as_soon_as_they_are_whole(
    grounder: Grounder, tiny_media: dict[str, Path], kind: str, name: str, shape: type
) -> None:
    for seed in range(6):
        replies = _ask(grounder, (tiny_media[name],), constrain=kind, temperature=1.5, seed=seed, max_tokens=70)
        answer = _answer(replies)
        found = [reply.grounding for reply in replies if isinstance(reply, Found)]
        assert tuple(found) == answer.groundings
        assert answer.answer == grammar.ABSENT or found
        assert all(0 <= grounding.score <= 1 for grounding in found)
        whole = [grounding for grounding in found if grounding.geometry]
        assert all(isinstance(grounding.geometry, shape) and any(grounding.spread) for grounding in whole)
        if len(found) > 1:
            kinds = [type(reply) for reply in replies]
            assert kinds.index(Found) < max(place for place, one in enumerate(kinds) if one is Token)


def test_samples_change_scores_and_nothing_else(grounder: Grounder, tiny_media: dict[str, Path]) -> None:
    media = (tiny_media["image"],)
    options: dict[str, object] = {"constrain": "boxes", "temperature": 1.5, "seed": 2}
    once, thrice = (_answer(_ask(grounder, media, samples=count, **options)) for count in (1, 3))
    assert once.answer == thrice.answer
    assert len(once.groundings) == len(thrice.groundings)
    assert all(0 <= grounding.score <= 1 for grounding in thrice.groundings)


def test_encoding_ahead_makes_the_first_question_a_second_one(
    tiny_model: Path, tiny_media: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    grounder = Grounder(load(LoadModel("0", threads=1), tiny_model))
    media = (str(tiny_media["video"]),)
    assert isinstance(list(grounder.encode(Encode("1", media), Stop()))[-1], Encoded)
    monkeypatch.setattr(viewing, "features", None)
    assert _answer(_ask(grounder, (tiny_media["video"],))).answer


@EVERY
def test_a_question_read_while_it_was_written_is_answered_at_once(
    grounder: Grounder, tiny_media: dict[str, Path], names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    media = tuple(tiny_media[name] for name in names)
    marked = {"region": Box(10, 10, 40, 40)} if "image" in names else {}
    plain = _answer(_ask(grounder, media, text="What barks?", **marked)).answer
    paths = tuple(str(path) for path in media)
    assert isinstance(list(grounder.encode(Encode("1", paths, "What barks?", **marked), Stop()))[-1], Encoded)
    fed: list[int] = []
    feed = grounder.loaded.backbone.runner.feed

    def counted(part: Part, at: int, stop: Stop, *, every: bool = False) -> Floats:
        fed.append(len(part))
        return feed(part, at, stop, every=every)

    monkeypatch.setattr(grounder.loaded.backbone.runner, "feed", counted)
    assert _answer(_ask(grounder, media, text="What barks?", **marked)).answer == plain
    assert all(rows == 1 for rows in fed)


def test_prefixes_survive_the_process_on_disk_within_their_budget(
    tiny_model: Path, tiny_media: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fresh(disk: int) -> Grounder:
        return Grounder(load(LoadModel("0", threads=1), tiny_model), tmp_path, Budgets(memory=1, disk=disk))

    first = fresh(1 << 20)
    answers = [_answer(_ask(first, (path,))).answer for path in tiny_media.values()]
    kept = sorted(tmp_path.glob("*.prefix"))
    assert len(kept) == 3
    with monkeypatch.context() as patch:
        patch.setattr(viewing, "features", None)
        assert [_answer(_ask(fresh(1 << 20), (path,))).answer for path in tiny_media.values()] == answers
    small = fresh(max(path.stat().st_size for path in kept))
    _ask(small, (tiny_media["image"],))
    assert len(list(tmp_path.glob("*.prefix"))) == 1
    for path in tmp_path.glob("*.prefix"):
        path.write_bytes(b"spoilt")
    assert _answer(_ask(fresh(1 << 20), (tiny_media["image"],))).answer == answers[0]


def test_stopping_ends_encoding_and_answering_and_the_next_question_is_served(
    grounder: Grounder, tiny_media: dict[str, Path], tmp_path: Path
) -> None:
    fresh = tmp_path / "new.png"
    fresh.write_bytes(tiny_media["image"].read_bytes() + b"\0")
    stop = Stop()
    replies = grounder.ask(Ask("1", (str(fresh),), "Where?"), stop)
    next(replies)
    stop.request()
    with pytest.raises(Cancelled):
        next(replies)
    again = Stop()
    streaming = grounder.ask(Ask("2", (str(fresh),), "Where?"), again)
    while not isinstance(next(streaming), Token):
        pass
    again.request()
    with pytest.raises(Cancelled):
        list(streaming)
    assert _answer(_ask(grounder, (fresh,))).answer == _answer(_ask(grounder, (tiny_media["image"],))).answer


def test_opening_a_large_file_is_told_of_and_stops_between_two_blocks(
    grounder: Grounder, tiny_media: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewing, "_BLOCK", 1000)
    large = tmp_path / "large.png"
    large.write_bytes(tiny_media["image"].read_bytes() + bytes(8000))
    size, stop = large.stat().st_size, Stop()
    replies = grounder.ask(Ask("1", (str(large),), "Where?"), stop)
    assert next(replies) == Progress("1", "opening", 1000, size)
    assert next(replies) == Progress("1", "opening", 2000, size)
    stop.request()
    with pytest.raises(Cancelled):
        next(replies)
    told = [reply for reply in _ask(grounder, (large,)) if isinstance(reply, Progress) and reply.what == "opening"]
    assert len(told) == (size - 1) // 1000
    (medium,) = grounder._viewer.view([str(large)], None)
    assert medium.digest == probe.digest(large)


def test_an_encoder_stops_between_two_of_its_modules(grounder: Grounder, tiny_media: dict[str, Path]) -> None:
    (medium,) = viewing.Viewer().view([str(tiny_media["video"])], None)
    stop, calls = Stop(), []

    def count(*_: object) -> None:
        calls.append(1)
        stop.request()

    first = grounder.loaded.senses.model.visual_encoder.register_forward_pre_hook(count)
    later = grounder.loaded.senses.model.Qformer.register_forward_pre_hook(count)
    with pytest.raises(Cancelled):
        viewing.features(medium, grounder.loaded.senses, grounder.loaded.manifest, stop)
    first.remove()
    later.remove()
    assert len(calls) == 1


def test_what_cannot_be_asked_is_told_in_a_sentence(
    grounder: Grounder, tiny_media: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="one image at a time"):
        _ask(grounder, (tiny_media["image"], tiny_media["image"]))
    with pytest.raises(MediaError, match=r"gone\.png"):
        _ask(grounder, (tmp_path / "gone.png",))
    with pytest.raises(MediaError, match="is not there"):
        _ask(grounder, (tmp_path / "a\0b.png",))
    with pytest.raises(UsageError, match="places"):
        _ask(grounder, text="dog " * 600)


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("audio", {"region": Box(0, 0, 10, 10)}, "A region lies in a picture or a clip"),
        ("image", {"region": Box(500, 500, 600, 600)}, "96 × 64 pixels"),
        ("image", {"moment": Segment(0, 10)}, "A moment lies in a clip or a sound"),
        ("audio", {"moment": Segment(10**9, 10**9 + 10)}, "outside the medium"),
        ("audio", {"frame": 0}, "Only a clip has frames"),
        ("video", {"frame": 10**12}, "no frame outside the clip"),
        ("audio", {"constrain": "boxes"}, "Boxes lie in a picture or a clip"),
        ("image", {"constrain": "times"}, "Times lie in a clip or a sound"),
        ("video", {"constrain": "times", "frame": 0}, "Times lie in a clip or a sound"),
        ("image", {"constrain": "circles"}, "limited to boxes or times"),
        ("image", {"seed": -1}, "from 0 on"),
        ("image", {"text": "dog " * 600}, "places"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_encoded(
    grounder: Grounder,
    tiny_media: dict[str, Path],
    name: str,
    options: dict[str, object],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grounder, "_prefix", None)
    with pytest.raises(UsageError, match=sentence):
        _ask(grounder, (tiny_media[name],), **options)


def test_a_mark_that_lies_partly_in_its_medium_is_taken(grounder: Grounder, tiny_media: dict[str, Path]) -> None:
    assert _ask(grounder, (tiny_media["image"],), region=Box(-5, -5, 10, 10))
    assert _ask(grounder, (tiny_media["video"],), region=Box(-5, -5, 10, 10), moment=Segment(-10, 10))


def test_an_adapter_changes_media_parts_and_is_checked(
    tiny_model: Path, tiny_media: dict[str, Path], tmp_path: Path
) -> None:
    base = Grounder(load(LoadModel("0", threads=1), tiny_model))
    weights = load_file(tiny_model / "senses.safetensors")
    embedding = load_file(tiny_model / "language-fp32.safetensors")["model.embed_tokens.weight"]
    name = "model.llama_proj.weight"
    trained = {name: weights[name] * -3, "model.embed_tokens.weight": embedding * 1.5}
    save_file(trained, tmp_path / "trained.safetensors")
    tuned = Grounder(load(LoadModel("0", adapter=str(tmp_path), threads=1), tiny_model))
    media = (tiny_media["video"],)
    assert tuned.loaded.ref.adapter == tmp_path.name
    assert _answer(_ask(tuned, media)).answer != _answer(_ask(base, media)).answer
    assert _answer(_ask(tuned)).answer == _answer(_ask(base)).answer
    save_file({"model.unknown": weights[name]}, tmp_path / "trained.safetensors")
    with pytest.raises(ModelError, match="another model"):
        load(LoadModel("0", adapter=str(tmp_path)), tiny_model)
    with pytest.raises(ModelError, match="is no adapter"):
        load(LoadModel("0", adapter=str(tiny_model)), tiny_model)


def test_ten_thousand_malformed_answers_are_read_and_judged_without_raising() -> None:
    from engine.grounding.answer import AnswerText, DigitTokens
    from engine.grounding.scene import Scene, places

    random = np.random.default_rng(0)
    bits = [
        "[",
        "]",
        "{",
        "}",
        "0.1",
        "0.9",
        "1.5",
        "-0.2",
        "nan",
        "inf",
        ", ",
        ",",
        "٣",
        "²",
        "0.5, 0.5, 0.4, 0.4",
        " dog ",
        "1e9",
        "\n",
        "###",
    ]
    digits = DigitTokens(lambda token: b"%d" % token if token < 10 else b"", 10)
    for _ in range(10_000):
        text = "".join(random.choice(bits, random.integers(1, 14)))
        answer = AnswerText(lambda token: bytes((token,)), digits, "###")
        for byte in text.encode():
            answer.add(byte, np.zeros(256, np.float32))
        answer.finish()
        for found in places(answer, Scene((100, 50)), Calibration()):
            assert found.geometry is None or found.score >= 0


@pytest.mark.parametrize("name", ["video", "audio"])
def test_reading_a_medium_stops_between_two_frames(
    grounder: Grounder, tiny_media: dict[str, Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (medium,) = viewing.Viewer().view([str(tiny_media[name])], None)
    looks: list[int] = []

    def check(self: Stop) -> None:
        looks.append(1)
        if len(looks) > 4:
            raise Cancelled("stopped")

    monkeypatch.setattr(Stop, "check", check)
    monkeypatch.setattr(viewing, "_stopping", None)
    with pytest.raises(Cancelled):
        viewing.features(medium, grounder.loaded.senses, grounder.loaded.manifest, Stop())
