"""What is learned of a conversation, and that packing changes nothing about it."""

from pathlib import Path

import msgspec
import pytest
import torch
from torch import Tensor

from engine.domain.media import MediaKind
from engine.domain.training import Exchange, Lora, Record, Stage
from engine.grounding.manifest import read_manifest
from engine.grounding.network import GroundingModel
from engine.grounding.prompt import ask_text
from engine.media.index import frame_index
from engine.training import attention
from engine.training.course import GroundingCourse, frozen_features, text_loss
from engine.training.encoding import Sample, Unit, encode, units
from engine.training.features import FeatureCache
from engine.training.lora import add_lora
from engine.training.packing import Packed, pack
from engine.training.preparation import Senses
from engine.training.stages import PUBLISHED, RETRAINING, group_of, trainable
from tests.engine.training import tiny
from tests.fixtures import tiny_model

IMAGE, VIDEO, AUDIO = MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO


@pytest.fixture(scope="module")
def model() -> GroundingModel:
    made = tiny.model()
    attention.use(made.model)
    return made


@pytest.mark.parametrize(
    "media", [{}, {IMAGE: "a.png"}, {VIDEO: "a.mp4", AUDIO: "a.wav"}], ids=["text", "picture", "clip and sound"]
)
def test_every_answer_and_its_stop_are_learned_and_nothing_else(media: dict[MediaKind, str]) -> None:
    turns = (
        Exchange("Where is it?", "car:[0.1, 0.2, 0.3, 0.4]"),
        Exchange("And when?", "{0.1,0.5}"),
        Exchange("x", "not there"),
    )
    sample, speech = encode(Record("r", media, turns), tiny.speech()), tiny.speech()
    learned: list[list[int]] = []
    for place, (number, learn) in enumerate(zip(sample.ids, sample.learn, strict=True)):
        if learn and not sample.learn[place - 1]:
            learned.append([])
        if learn:
            learned[-1].append(number)
    assert [speech.tokenizer.decode(ids).strip() for ids in learned] == [f"{turn.answer}###" for turn in turns]


def test_what_stands_before_an_answer_is_what_asking_gives_the_model() -> None:
    speech = tiny.speech()
    turns = (Exchange("Where is it?", "car:[0.1, 0.2, 0.3, 0.4]"), Exchange("And when?", "{0.1,0.5}"))
    sample = encode(Record("r", {IMAGE: "a.png"}, turns), speech)
    asked = ask_text(
        speech.style, {IMAGE: speech.architecture.tokens(IMAGE)}, "And when?", [("Where is it?", turns[0].answer)]
    )
    ids = speech.tokenizer.encode(asked)
    whole = [*sample.head, *sample.ids]
    assert whole[: len(ids)] == ids
    assert not sample.learn[len(ids) - len(sample.head) - 1]
    assert sample.learn[len(ids) - len(sample.head)]


def test_media_tokens_in_a_users_words_are_words() -> None:
    sample = encode(Record("r", {}, (Exchange("<im_patch>?", "<im_end>"),)), tiny.speech())
    assert sample.head == ()
    assert max(sample.ids) < tiny.architecture().image_ids.patch


def test_questions_on_one_medium_share_its_places() -> None:
    samples = [_sample(f"Where is {name}?", "a.png") for name in ("a car", "the piano", "it")]
    row = units(samples, 8, 500)
    assert len(row) == 1
    assert len(row[0]) == len(samples[0].head) + sum(len(sample.ids) for sample in samples)
    assert [len(unit.samples) for unit in units(samples, 2, 500)] == [2, 1]
    assert all(len(unit) <= 200 for unit in units(samples, 8, 200))


def test_packed_loss_is_the_loss_of_each_sample_alone(model: GroundingModel) -> None:
    samples = [
        *(_sample(f"Where is {name}?", "a.png") for name in ("a car", "the piano", "it", "the human")),
        _sample("What is it?", "b.png"),
        encode(Record("t", {}, (Exchange("When?", "0.12"), Exchange("Hear?", "It is not there."))), tiny.speech()),
    ]
    pictures = {"a.png": torch.randn(1, 16, 32), "b.png": torch.randn(1, 16, 32)}
    together = pack(units(samples, 8, 512), 1024)
    alone = [batch for sample in samples for batch in pack([Unit(sample.media, sample.head, (sample,))], 64)]
    one, many = (sum(_loss(model, batch, pictures) for batch in batches) for batches in (together, alone))
    assert sum(batch.tokens for batch in together) < 0.7 * sum(batch.tokens for batch in alone)
    assert float(one) == pytest.approx(float(many), rel=1e-5)
    assert sum(batch.weight for batch in together) == sum(batch.weight for batch in alone)


def test_samples_in_a_row_do_not_see_each_other(model: GroundingModel) -> None:
    pictures = {"a.png": torch.randn(1, 16, 32), "b.png": torch.randn(1, 16, 32)}
    first, other = _sample("Where is a car?", "a.png"), _sample("Where is it?", "b.png", "car:[0.9, 0.8, 0.7, 0.6]")
    sibling = _sample("Where is the piano?", "a.png", "{0.5,0.6}")
    batches = pack(units([first, sibling, other, other, other], 8, 512), 1024)
    leaf = {key: value.clone().requires_grad_() for key, value in pictures.items()}
    embeds = _hidden_of_first(model, batches[0], leaf)
    embeds.sum().backward()
    assert leaf["a.png"].grad is not None
    assert leaf["b.png"].grad is None or not leaf["b.png"].grad.any()


def test_absent_kinds_cost_nothing(model: GroundingModel, tmp_path: Path) -> None:
    asked: list[MediaKind] = []

    def encode_medium(kind: MediaKind, key: str) -> Tensor:
        asked.append(kind)
        return frozen_features(model, kind, torch.randn(1, 3, 28, 28))[0]

    cache = FeatureCache(tmp_path, 10**6, torch.float32, encode_medium)
    row = units([_sample("Where is it?", "a.png"), _sample("When?", "a.png")], 8, 500)
    course = GroundingCourse(model, {"alignment": row}, cache)
    data = course.data(RETRAINING[0])
    for _ in range(3):
        loss, _ = course.loss(RETRAINING[0], data.batches([0], 1024)[0])
    assert float(loss.detach()) > 0
    assert asked == [IMAGE]


def test_a_frame_of_a_clip_is_seen_as_a_picture_of_it(tmp_path: Path, model: GroundingModel) -> None:
    clip = tiny_model.write_media(tmp_path)["video"]
    manifest = read_manifest(tiny.model_folder(tmp_path / "model"))
    record = Record("r", {IMAGE: str(clip)}, (Exchange("Where is it?", "it"),), frame=0)
    later = msgspec.structs.replace(record, frame=int(frame_index(clip).pts[10]))
    samples = [encode(one, tiny.speech()) for one in (record, later, record)]
    assert [len(unit.samples) for unit in units(samples, 8, 500)] == [2, 1]
    see = Senses(model, manifest)
    first, second = (see.values(*sample.media[0]) for sample in samples[:2])
    assert first.shape == second.shape == (3, 28, 28)
    assert float(second.mean()) > float(first.mean()) + 0.5


def test_an_encoder_that_learns_is_given_the_pictures_themselves(model: GroundingModel) -> None:
    stage = Stage("fine-grained", ("clip", "projector"), ("fine-grained",))
    row = units([_sample("Where is it?", "a.png"), _sample("Where is it?", "b.png")], 8, 500)
    shown: list[str] = []

    def look(kind: MediaKind, key: str) -> Tensor:
        shown.append(key)
        return torch.randn(3, 28, 28)

    course = GroundingCourse(model, {"fine-grained": row}, None, look)
    weight = model.vision_tower.embeddings.patch_embedding.weight
    model.requires_grad_(False)
    weight.requires_grad_(True)
    for batch in course.data(stage).batches([0, 1], 1024):
        course.loss(stage, batch)[0].backward()
    assert sorted(shown) == ["a.png", "b.png"]
    assert weight.grad is not None
    assert weight.grad.abs().sum() > 0
    weight.grad = None


def test_a_full_cache_changes_no_number(tmp_path: Path) -> None:
    def encode_medium(kind: MediaKind, key: str) -> Tensor:
        return torch.arange(7.0) / 3

    small = FeatureCache(tmp_path / "a", 0, torch.bfloat16, encode_medium)
    large = FeatureCache(tmp_path / "b", 10**6, torch.bfloat16, encode_medium)
    again = FeatureCache(tmp_path / "b", 10**6, torch.bfloat16, lambda kind, key: torch.zeros(7))
    assert large(IMAGE, "x").equal(small(IMAGE, "x"))
    assert again(IMAGE, "x").equal(small(IMAGE, "x"))
    assert not list((tmp_path / "a").iterdir())


def test_stages_train_their_parts_and_no_other() -> None:
    names = [name for name, _ in tiny.model().named_parameters()]
    assert all(group_of(name) for name in names)
    first, second = (set(trainable(stage, names)) for stage in PUBLISHED[:2])
    assert first < second
    assert {group_of(name) for name in second - first} == {"llama"}
    model = tiny.model()
    add_lora(model, Lora(rank=4), seed=0)
    course = GroundingCourse(model, {})
    assert set(names) <= set(course.parameters())
    rows = [trainable(stage, course.parameters()) for stage in RETRAINING]
    assert not any("lora_" in name for name in rows[0])
    assert sum("lora_A" in name for name in rows[1]) == 7 * 2


def _sample(question: str, picture: str, answer: str = "car:[0.123, 0.456, 0.789, 0.901]") -> Sample:
    return encode(Record("r", {IMAGE: picture}, (Exchange(question, answer),)), tiny.speech())


def _loss(model: GroundingModel, batch: Packed, pictures: dict[str, Tensor]) -> Tensor:
    rows = {kind: torch.cat([pictures[key] for key in keys]) for kind, keys in batch.media.items()}
    with torch.no_grad():
        return text_loss(model, batch, rows)


def _hidden_of_first(model: GroundingModel, batch: Packed, pictures: dict[str, Tensor]) -> Tensor:
    """Hidden states of the unit that shows a.png."""
    rows = torch.cat([pictures[key] for key in batch.media[IMAGE]])
    embeds = model.embed(batch.ids, {IMAGE: rows})
    hidden = model.model(
        inputs_embeds=embeds,
        packed=batch.layout,
        position_ids=batch.positions,
        use_cache=False,
    ).last_hidden_state
    return hidden.flatten(0, 1)[_unit_of(batch, "a.png")]


def _unit_of(batch: Packed, key: str) -> list[int]:
    """Places of the questions of the unit that shows `key`."""
    head = batch.layout.heads[batch.media[IMAGE].index(key)].tolist()
    return [int(own) for seen in batch.layout.seen if int(seen[0]) == head[0] for own in seen[len(head) :]]
