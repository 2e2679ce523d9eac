import msgspec
import numpy as np
import pytest
import torch

from engine.domain.media import MediaKind
from engine.domain.training import Stage
from engine.grounding.manifest import read_manifest, verify
from engine.grounding.prompt import ask_text
from engine.groundling import design, lessons, media, shipping, vocabulary
from engine.groundling.attuning import attune
from engine.groundling.course import Raising
from engine.groundling.dense import NAMES, Dense
from engine.groundling.raising import MOTION, SIGHT, STAGES, plans, raised, run, save
from engine.synthesis.material import KNOWN_SOUNDS
from engine.training.run_folder import Event
from engine.training.stages import trainable

WORDS = vocabulary.tokenizer_of(vocabulary.trained())
SIZE = design.architecture(vocabulary.PIECES)
FINE = STAGES[1]


@pytest.fixture(scope="module")
def raising():
    torch.set_num_threads(1)
    return Raising(design.newborn(SIZE, 0), Dense(SIZE), lessons.Course(media.Worlds(), SIZE, WORDS), 3)


def of_pictures(stage: Stage) -> Stage:
    return msgspec.structs.replace(stage, data=("pictures",))


def test_the_same_units_give_the_same_lessons(raising):
    one, other = (raising.data(of_pictures(FINE)).batches([4, 9], 10_000)[0] for _ in range(2))
    assert torch.equal(one.prefix, other.prefix)
    assert [block.ids.tolist() for block in one.blocks] == [block.ids.tolist() for block in other.blocks]


def test_what_is_learned_reads_back_as_answers(raising):
    batch = raising.data(of_pictures(FINE)).batches([1], 10_000)[0]
    for block in batch.blocks:
        for labels in block.labels:
            text = WORDS.decode([number for number in labels.tolist() if number >= 0])
            assert text.endswith("###")


@pytest.mark.parametrize("source", ["pictures", "clips", "sounds", "pairs"])
def test_a_talk_of_several_turns_is_spelled_as_it_is_asked(source):
    course = lessons.Course(media.Worlds(), SIZE, WORDS, turns=3)
    longest = 0
    for seed in range(6):
        (lesson,) = lessons.drawn(source, np.random.default_rng(seed), course)
        tokens = {kind: SIZE.tokens(kind) for kind in lesson.values}
        for talk in lesson.talks:
            said = [(_words(turn.question), _words(turn.answer)) for turn in talk]
            asked = ask_text(design.STYLE, tokens, said[-1][0], said[:-1])
            learned = [*lesson.prefix, *(number for turn in talk for number in turn.question + turn.answer)]
            assert learned[: -len(talk[-1].answer)] == WORDS.encode(asked)
            longest = max(longest, len(talk))
    assert longest > 2


def _words(ids: list[int]) -> str:
    """The bare words of a turn's question or answer."""
    return WORDS.decode(ids).removeprefix("Human:").strip().removesuffix("Assistant:").removesuffix("###")


def test_a_talk_does_not_see_another_talk_about_the_same_picture(raising):
    stage = of_pictures(FINE)
    batch = raising.data(stage).batches([2], 10_000)[0]
    rows, _ = raising._look(batch)
    whole, *_ = raising._speak(batch, rows)
    parts = [raising._speak(msgspec.structs.replace(batch, blocks=[block]), rows)[0] for block in batch.blocks]
    assert torch.allclose(whole, torch.stack(parts).sum(), rtol=1e-4)


def test_every_parameter_belongs_to_a_group(raising):
    every = Stage(
        "all", tuple(dict.fromkeys(group for stage in SIGHT + MOTION + STAGES for group in stage.trainable)), ()
    )
    assert set(trainable(every, raising.parameters())) == set(raising.parameters())


def test_a_model_that_was_shipped_is_a_model_folder(raising, tmp_path):
    save(raising, tmp_path / "weights.safetensors")
    folder = tmp_path / "groundling"
    manifest = shipping.ship(tmp_path / "weights.safetensors", folder)
    verify(folder, manifest)
    assert read_manifest(folder) == manifest
    assert {row.backbone for row in manifest.languages} == {"torch", "llamacpp"}
    assert sum(entry.size for entry in manifest.files.values()) <= 40_000_000


def fresh():
    return Raising(design.newborn(SIZE, 0), Dense(SIZE), lessons.Course(media.Worlds(), SIZE, WORDS, 2), 3)


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path):
    *_, plan = plans(5, threads=1)
    stages = [msgspec.structs.replace(of_pictures(stage), batch=2, updates=2) for stage in plan.stages[:2]]
    plan = msgspec.structs.replace(plan, stages=tuple(stages))
    whole, stopped = fresh(), fresh()
    run(whole, tmp_path / "whole", plan, report=lambda _: None)
    seen: list[Event] = []

    def interrupt(event: Event) -> None:
        seen.append(event)
        if sum(one.kind == "update" for one in seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(fresh(), tmp_path / "stopped", plan, report=interrupt)
    run(stopped, tmp_path / "stopped", plan, report=lambda _: None)
    for name, parameter in whole.parameters().items():
        assert torch.equal(parameter, stopped.parameters()[name]), name


def test_training_from_nothing_goes_through_every_stage_and_is_taken_up_after_a_stop(tmp_path, waves):
    steps = tuple(
        msgspec.structs.replace(
            plan, stages=tuple(msgspec.structs.replace(stage, batch=2, updates=1) for stage in plan.stages)
        )
        for plan in plans(5, threads=1)
    )
    seen: list[Event] = []

    def interrupt(event: Event) -> None:
        seen.append(event)
        if event.stage == "fine-grained":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        raised(tmp_path, steps, report=interrupt)
    weights = raised(tmp_path, steps, report=seen.append)
    stages = list(dict.fromkeys(event.stage for event in seen if event.kind == "update"))
    assert stages == [stage.name for stage in SIGHT + MOTION + STAGES]
    assert sum(event.kind == "update" and event.stage == "dense" for event in seen) == 1
    shipping.ship(weights, tmp_path / "shipped")


def test_the_frame_encoder_begins_as_the_image_tower():
    raising = fresh()
    pixels = torch.randn(2, 3, 128, 128)
    design.graft(raising.model, pixels)
    tower = getattr(raising.model.vision_tower, "vision_model", raising.model.vision_tower)
    block, layer = raising.model.model.visual_encoder.blocks[2], tower.encoder.layers[2]
    rows = torch.randn(1, 17, 192)
    assert torch.allclose(block.norm1(rows), layer.layer_norm1(rows), atol=1e-4)
    assert torch.equal(block.attn.qkv.weight[192:384], layer.self_attn.k_proj.weight)


def test_attuned_patches_look_like_the_words_for_them():
    raising = fresh()
    with torch.no_grad():
        raising.dense.patch.bias[7] = 9.0
    attune(raising.model, raising.dense, WORDS, torch.randn(4, 3, 128, 128))
    patch = raising.model.encode_image(torch.randn(1, 3, 128, 128))[0, 5]
    ids = [WORDS.encode(name, bos=False)[0] for name in NAMES]
    words = raising.model.model.embed_tokens.weight[ids]
    assert int(torch.nn.functional.cosine_similarity(words, patch[None]).argmax()) == 7


def test_sounds_with_a_glyph_are_made_by_things_of_the_world():
    names = {kind.name for kind in media.Worlds().pictures.kinds}
    assert {kind.glyph for kind in KNOWN_SOUNDS if kind.glyph} <= names


def test_a_sight_is_seen_in_the_mirror_too_and_nothing_is_asked_about_it(raising):
    (batch,) = raising.data(msgspec.structs.replace(FINE, data=("sights",))).batches([3], 10_000)
    plain, mirrored = batch.values[MediaKind.IMAGE]
    assert torch.equal(plain.flip(-1), mirrored)
    names, _, boxes, ranks = (part.unflatten(1, (8, 8)) for part in batch.truths[MediaKind.IMAGE])
    there = names[0] != len(NAMES)
    assert torch.equal(names[0].flip(1), names[1])
    assert torch.equal(ranks[0].flip(1)[..., [1, 0, 2, 3]], ranks[1][..., :4])
    assert torch.allclose(
        boxes[1].flip(1)[there],
        (boxes[0] * torch.tensor([-1, 1, -1, 1]))[there][:, [2, 1, 0, 3]] + torch.tensor([1, 0, 1, 0]),
    )
    _, parts = raising.loss(FINE, batch)
    assert "box" in parts
    assert "text" not in parts
