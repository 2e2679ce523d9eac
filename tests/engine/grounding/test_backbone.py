"""One suite for every backbone: the same numbers, prefixes that cost nothing to reuse, a state that survives a stop."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import peft
import pytest
import torch
from transformers import LlamaForCausalLM

from engine.domain.errors import Cancelled, ModelError, UsageError
from engine.grounding.backbone import Backbone, Floats, Part, Prefix, Sampling, Stop, probabilities

RANDOM = np.random.default_rng(0)
WORDS = [int(word) for word in RANDOM.integers(3, 500, 17)]
MEDIA = (RANDOM.standard_normal((96, 256)) * 0.5).astype(np.float32)
PARTS: list[Part] = [WORDS, MEDIA, WORDS[:3]]
QUESTIONS = [[int(word) for word in RANDOM.integers(3, 500, count)] for count in (9, 1, 21)]
LIMITS = {"torch": 1e-4, "llamacpp": 1e-3}
GREEDY = Sampling(max_tokens=12, end=frozenset())


def _reference(model: LlamaForCausalLM, parts: Sequence[Part]) -> Floats:
    embed = model.get_input_embeddings()
    rows = [torch.from_numpy(part) if isinstance(part, np.ndarray) else embed(torch.tensor(part)) for part in parts]
    with torch.inference_mode():
        return model(inputs_embeds=torch.cat(rows)[None]).logits[0].numpy()


def _answer(backbone: Backbone, prefix: Prefix, question: Sequence[int], sampling: Sampling = GREEDY) -> list[int]:
    return [step.token for step in backbone.ask(prefix, question, sampling)]


def _read_again_and_again(backbone: Backbone, media: Floats, stop: Stop) -> None:
    for _ in range(50):
        backbone.drop(backbone.prefix([media], stop))


def test_logits_are_those_of_the_reference(backbone: Backbone, reference: LlamaForCausalLM) -> None:
    expected = _reference(reference, [*PARTS, QUESTIONS[0]])[-len(QUESTIONS[0]) :]
    got = backbone.logits(backbone.prefix(PARTS), QUESTIONS[0])
    assert np.abs(got - expected).max() < LIMITS[backbone.runner.name]


def test_logits_of_a_long_text_are_those_of_the_reference(backbone: Backbone, reference: LlamaForCausalLM) -> None:
    words = [int(word) for word in np.random.default_rng(1).integers(3, 500, 600)]
    got = backbone.logits(backbone.prefix([WORDS]), words)
    assert np.abs(got - _reference(reference, [WORDS, words])[-len(words) :]).max() < LIMITS[backbone.runner.name]


def test_greedy_tokens_are_those_of_the_reference(backbone: Backbone, reference: LlamaForCausalLM) -> None:
    answer = _answer(backbone, backbone.prefix(PARTS), QUESTIONS[0])
    expected = _reference(reference, [*PARTS, [*QUESTIONS[0], *answer[:-1]]])[-len(answer) :]
    assert answer == expected.argmax(1).tolist()


def test_a_question_on_a_kept_prefix_is_bit_equal_to_a_fresh_run(backbone: Backbone) -> None:
    fresh = [np.array(backbone.logits(backbone.prefix(PARTS), question)) for question in QUESTIONS]
    prefix = backbone.prefix(PARTS)
    for question, expected in [*zip(QUESTIONS, fresh, strict=True)] * 2:
        _answer(backbone, prefix, question)
        assert np.array_equal(backbone.logits(prefix, question), expected)


def test_an_expected_question_is_answered_from_where_it_was_read_to(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh, other = (_answer(backbone, backbone.prefix(PARTS), question) for question in QUESTIONS[:2])
    prefix = backbone.prefix(PARTS)
    read: list[int] = []
    feed = backbone.runner.feed

    def counted(part: Part, at: int, stop: Stop, *, every: bool = False) -> Floats:
        read.append(len(part))
        return feed(part, at, stop, every=every)

    monkeypatch.setattr(backbone.runner, "feed", counted)
    backbone.expect(prefix, QUESTIONS[0])
    assert read == [len(QUESTIONS[0])]
    assert _answer(backbone, prefix, QUESTIONS[0]) == fresh
    assert max(read[1:]) == 1
    backbone.expect(prefix, QUESTIONS[0])
    assert _answer(backbone, prefix, QUESTIONS[1]) == other
    assert _answer(backbone, prefix, QUESTIONS[0]) == fresh


def test_what_comes_between_an_expected_question_and_asking_it_does_no_harm(backbone: Backbone, tmp_path: Path) -> None:
    prefix, second = backbone.prefix(PARTS), backbone.prefix(PARTS[:1])
    fresh = _answer(backbone, prefix, QUESTIONS[0])
    stopped = Stop()
    stopped.request()
    for between in (
        lambda: backbone.save(prefix, tmp_path / "kept"),
        lambda: _answer(backbone, second, QUESTIONS[0]),
        lambda: backbone.logits(prefix, QUESTIONS[1]),
        lambda: backbone.prefix([MEDIA]),
    ):
        backbone.expect(prefix, QUESTIONS[0])
        between()
        assert _answer(backbone, prefix, QUESTIONS[0]) == fresh
    with pytest.raises(Cancelled):
        backbone.expect(prefix, QUESTIONS[0], stopped)
    assert _answer(backbone, prefix, QUESTIONS[0]) == fresh


def test_two_prefixes_take_turns(backbone: Backbone) -> None:
    other: list[Part] = [WORDS[::-1], MEDIA[::-1].copy()]
    alone = [_answer(backbone, backbone.prefix(parts), QUESTIONS[0]) for parts in (PARTS, other)]
    first, second = backbone.prefix(PARTS), backbone.prefix(other)
    for _ in range(2):
        assert [_answer(backbone, prefix, QUESTIONS[0]) for prefix in (first, second)] == alone


def test_a_fork_is_the_longer_prefix_and_leaves_the_shorter_one(backbone: Backbone) -> None:
    prefix = backbone.prefix(PARTS)
    before = _answer(backbone, prefix, QUESTIONS[0])
    fork = backbone.fork(prefix, [QUESTIONS[2]])
    expected = _answer(backbone, backbone.prefix([*PARTS, QUESTIONS[2]]), QUESTIONS[1])
    assert _answer(backbone, fork, QUESTIONS[1]) == expected
    assert _answer(backbone, prefix, QUESTIONS[0]) == before


def test_a_saved_prefix_answers_bit_equal_in_another_backbone(
    backbone: Backbone, backbones: Callable[[str], Backbone], tmp_path: Path
) -> None:
    prefix = backbone.prefix(PARTS)
    expected = np.array(backbone.logits(prefix, QUESTIONS[0]))
    assert backbone.save(prefix, tmp_path / "prefix") == backbone.size(prefix)
    other = backbones(backbone.runner.name)
    loaded = other.load(tmp_path / "prefix")
    assert loaded
    assert np.array_equal(other.logits(loaded, QUESTIONS[0]), expected)
    other.close()


def test_a_prefix_that_cannot_be_written_leaves_nothing(backbone: Backbone, tmp_path: Path) -> None:
    (tmp_path / "kept.prefix").mkdir()
    with pytest.raises(OSError, match="kept"):
        backbone.save(backbone.prefix(PARTS), tmp_path / "kept.prefix")
    assert [path.name for path in tmp_path.iterdir()] == ["kept.prefix"]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "foreign", "missing"])
def test_a_damaged_or_foreign_file_is_no_prefix(backbone: Backbone, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "prefix"
    backbone.save(backbone.prefix(PARTS), path)
    whole = bytearray(path.read_bytes())
    whole[-100] ^= 1
    spoilt = {"truncated": whole[:-7], "flipped": whole, "foreign": b"PNG" + whole, "missing": None}[damage]
    path.unlink()
    if spoilt is not None:
        path.write_bytes(spoilt)
    assert backbone.load(path) is None


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_a_lora_is_switched_on_scaled_and_off(
    backbone: Backbone, reference: LlamaForCausalLM, lora_folder: Path
) -> None:
    base = np.array(backbone.logits(backbone.prefix(PARTS), QUESTIONS[0]))
    tuned = peft.PeftModel.from_pretrained(reference, lora_folder).eval()
    expected = _reference(tuned, [*PARTS, QUESTIONS[0]])[-len(QUESTIONS[0]) :]
    tuned.unload()
    try:
        backbone.set_lora(lora_folder)
        whole = np.array(backbone.logits(backbone.prefix(PARTS), QUESTIONS[0]))
        backbone.set_lora(lora_folder, 0.5)
        half = np.array(backbone.logits(backbone.prefix(PARTS), QUESTIONS[0]))
    finally:
        backbone.set_lora(None)
    assert np.abs(whole - expected).max() < LIMITS[backbone.runner.name]
    assert 0.1 < np.abs(half - base).max() < np.abs(whole - base).max()
    assert np.array_equal(backbone.logits(backbone.prefix(PARTS), QUESTIONS[0]), base)


def test_a_prefix_waits_while_another_adapter_is_on(backbone: Backbone, lora_folder: Path) -> None:
    prefix = backbone.prefix(PARTS)
    before = _answer(backbone, prefix, QUESTIONS[0])
    backbone.set_lora(lora_folder)
    with pytest.raises(RuntimeError):
        _answer(backbone, prefix, QUESTIONS[0])
    backbone.set_lora(None)
    assert _answer(backbone, prefix, QUESTIONS[0]) == before


def test_an_incomplete_lora_is_refused_in_a_sentence(backbone: Backbone, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="train or copy it again"):
        backbone.set_lora(tmp_path)


@pytest.mark.parametrize("at", range(4))
def test_stopping_between_tokens_leaves_the_prefix_as_it_was(backbone: Backbone, at: int) -> None:
    prefix = backbone.prefix(PARTS)
    expected = np.array(backbone.logits(prefix, QUESTIONS[0]))
    stop = Stop()
    answer = backbone.ask(prefix, QUESTIONS[0], GREEDY, stop=stop)
    for _ in range(at):
        next(answer)
    stop.request()
    with pytest.raises(Cancelled):
        next(answer)
    assert np.array_equal(backbone.logits(prefix, QUESTIONS[0]), expected)


@pytest.mark.parametrize("share", [0.1, 0.4, 0.8])
def test_stopping_while_a_prefix_is_read_leaves_the_others_as_they_were(backbone: Backbone, share: float) -> None:
    prefix = backbone.prefix(PARTS)
    expected = np.array(backbone.logits(prefix, QUESTIONS[0]))
    long = np.tile(MEDIA, (6, 1))
    began = time.perf_counter()
    backbone.drop(backbone.prefix([long]))
    whole = time.perf_counter() - began
    stop = Stop()
    timer = threading.Timer(whole * share, stop.request)
    timer.start()
    with pytest.raises(Cancelled):
        _read_again_and_again(backbone, long, stop)
    timer.join()
    assert np.array_equal(backbone.logits(prefix, QUESTIONS[0]), expected)


def test_a_newer_question_ends_the_one_before(backbone: Backbone) -> None:
    prefix = backbone.prefix(PARTS)
    older = backbone.ask(prefix, QUESTIONS[0], GREEDY)
    next(older)
    _answer(backbone, prefix, QUESTIONS[1])
    with pytest.raises(RuntimeError):
        next(older)


def test_sampling_follows_its_seed(backbone: Backbone) -> None:
    prefix = backbone.prefix(PARTS)

    def warm(seed: int) -> list[int]:
        return _answer(backbone, prefix, QUESTIONS[0], Sampling(temperature=1.0, seed=seed, max_tokens=12))

    assert warm(1) == warm(1)
    assert len({tuple(warm(seed)) for seed in range(4)}) > 1


@pytest.mark.parametrize("temperature", [5e-324, 1e-310, 1e-3])
def test_the_smallest_temperature_leaves_the_likeliest_alone(temperature: float) -> None:
    logits = np.array([1.0, 4.0, -80.0, 4.0], np.float32)
    assert probabilities(logits, temperature).tolist() == [0.0, 0.5, 0.0, 0.5]


def test_an_answer_ends_at_its_limit_at_an_end_token_and_at_the_last_place(backbone: Backbone) -> None:
    prefix = backbone.prefix(PARTS)
    free = _answer(backbone, prefix, QUESTIONS[0])
    assert len(free) == GREEDY.max_tokens
    ended = _answer(backbone, prefix, QUESTIONS[0], Sampling(max_tokens=12, end=frozenset({free[4]})))
    assert ended == free[: free.index(free[4]) + 1]
    full = backbone.prefix([np.tile(MEDIA, (6, 1))])
    room = backbone.context - full.length
    rest = [5] * (room - 3)
    assert len(_answer(backbone, full, rest)) == 3


def test_what_does_not_fit_is_told_in_a_sentence(backbone: Backbone) -> None:
    with pytest.raises(UsageError, match="places"):
        backbone.prefix([np.tile(MEDIA, (7, 1))])


def test_without_media_the_question_stands_alone(backbone: Backbone, reference: LlamaForCausalLM) -> None:
    expected = _reference(reference, [QUESTIONS[2]])
    got = backbone.logits(backbone.prefix([]), QUESTIONS[2])
    assert np.abs(got - expected).max() < LIMITS[backbone.runner.name]
