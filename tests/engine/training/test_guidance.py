import numpy as np
import torch
from msgspec.structs import replace

from engine.domain.media import MediaKind
from engine.domain.training import Exchange, Record
from engine.groundling import design, lessons, media, vocabulary
from engine.groundling.course import Raising, pack
from engine.groundling.dense import Dense
from engine.groundling.raising import STAGES
from engine.synthesis import questions
from engine.training import guidance, packing
from engine.training.course import GroundingCourse
from engine.training.encoding import Speech, encode, units

WORDS = vocabulary.tokenizer_of(vocabulary.trained())
SIZE = design.architecture(vocabulary.PIECES)
IMAGE, SOUND = MediaKind.IMAGE, MediaKind.AUDIO


def looks(question, answer, *kinds):
    ids = (WORDS.encode(text, bos=False) for text in (question, answer))
    return guidance.looks(WORDS, SIZE, kinds, *ids)


def test_an_answer_looks_from_its_name_its_colon_and_the_beginning_of_its_box():
    found = looks("Where is the dog?###Assistant:", "dog:[0.000, 0.000, 0.500, 0.250]###", IMAGE)
    assert {look.sort for look in found} == {"name", "named", "begun", "inside", "sought"}
    cells = found[0].covered.reshape(8, 8)
    assert cells[:2, :4].all()
    assert cells.sum() == 8


def test_the_second_box_of_a_name_is_looked_for_where_it_begins():
    found = looks("all dogs###Assistant:", "dog:[0.000, 0.000, 0.250, 0.250][0.750, 0.750, 0.999, 0.999]###", IMAGE)
    begun = [look.covered.reshape(8, 8) for look in found if look.sort == "begun"]
    assert len(begun) == 2
    assert begun[0][0, 0]
    assert begun[1][7, 7]
    assert sum(look.sort == "named" for look in found) == 1


def test_every_first_or_second_digit_is_looked_up_where_it_is_said():
    answer = "dog:[0.123, 0.456, 0.789, 0.987]###"
    found = looks("the dog###Assistant:", answer, IMAGE)
    ids = WORDS.encode(answer, bos=False)
    before = len(WORDS.encode("the dog###Assistant:", bos=False))
    inside = [WORDS.piece(ids[look.place - before]) for look in found if look.sort == "inside"]
    assert inside == [b"[0.", b"1", b", 0.", b"4", b", 0.", b"7", b", 0.", b"9"]


def test_a_beginning_and_an_end_are_looked_up_in_the_first_and_the_last_step():
    found = looks("When does the piano play?###Assistant:", "piano:{0.25,0.50}###", SOUND)
    steps = [np.flatnonzero(look.covered).tolist() for look in found if look.sort == "inside"]
    assert steps == [[5], [5], [9], [9]]


def test_the_end_of_a_question_looks_for_all_that_answers_it():
    question = "all dogs###Assistant:"
    found = looks(question, "dog:[0.000, 0.000, 0.250, 0.250][0.750, 0.750, 0.999, 0.999]###", IMAGE)
    (sought,) = [look for look in found if look.sort == "sought"]
    assert sought.place == len(WORDS.encode(question, bos=False)) - 1
    assert sought.covered.sum() == 8


def test_a_question_about_a_box_looks_from_its_end():
    question = "What is in [0.500, 0.500, 0.999, 0.999]?###Assistant:"
    (look,) = looks(question, "dog###", IMAGE)
    assert (look.sort, look.place) == ("asked", len(WORDS.encode(question, bos=False)) - 1)
    assert look.covered.reshape(8, 8)[4:, 4:].all()


def test_times_look_at_the_steps_of_the_sound():
    found = looks("When does the piano play?###Assistant:", "piano:{0.25,0.50}###", SOUND)
    assert np.flatnonzero(found[0].covered).tolist() == list(range(5, 10))
    assert not looks("When?###Assistant:", "piano:{0.25,0.50}###", IMAGE)


def test_heads_learn_to_look_where_they_are_told():
    raising = Raising(design.newborn(SIZE, 0), Dense(SIZE), lessons.Course(media.Worlds(), SIZE, WORDS, 3), 3)
    stage = replace(STAGES[1], data=("pictures",))
    batch = raising.data(stage).batches(range(4), 10_000)[0]
    rows = {kind: part.detach() for kind, part in raising._look(batch)[0].items()}
    heads = [parameter for name, parameter in raising.parameters().items() if name.startswith("model.layers.")]
    optimizer = torch.optim.AdamW(heads, lr=3e-3)
    seen = []
    for _ in range(12):
        *_, astray = raising._speak(batch, rows)
        seen.append(astray.item())
        optimizer.zero_grad()
        astray.backward()
        optimizer.step()
    assert seen[-1] < 0.5 * seen[0]


def test_a_box_that_covers_nothing_is_not_looked_for():
    assert not looks("Where?###Assistant:", "dog:[0.500, 0.500, 0.400, 0.400]###", IMAGE)


def test_retraining_guides_the_same_looks_as_raising():
    rng = np.random.default_rng(4)
    course = lessons.Course(media.Worlds(), SIZE, WORDS)
    values, scene = media.picture(rng, course.worlds.pictures)
    asked = questions.of_picture(rng, scene, course.worlds.pictures.kinds, 6, {"name", "what", "all"})
    lesson = lessons._lesson(
        course, {IMAGE: values}, {IMAGE: lessons._patches(course, scene)}, [[one] for one in asked]
    )
    raising = Raising(design.newborn(SIZE, 0), Dense(SIZE), course, 3)
    batch = pack([lesson], text=True)
    *_, astray = raising._speak(batch, {IMAGE: raising.model.encode_image(batch.values[IMAGE])})

    model = design.newborn(SIZE, 0)
    speech = Speech(WORDS, design.STYLE, SIZE, design.HEADS)
    records = [
        Record(str(place), {IMAGE: "a"}, (Exchange(one.question, one.answer),)) for place, one in enumerate(asked)
    ]
    row = units([encode(record, speech) for record in records], 8, 1024)
    features = model.image_features(torch.from_numpy(values)[None])[0]
    retraining = GroundingCourse(model, {"fine-grained": row}, lambda *_: features, guided=design.HEADS)
    (packed,) = packing.pack(row, 4096)
    guided, parts = retraining.loss(replace(STAGES[1], trainable=("lora",)), packed)
    assert torch.allclose(parts["astray"], astray, rtol=1e-3)
    assert torch.allclose(guided, parts["text"] + STAGES[1].guidance * parts["astray"])


def test_a_stage_without_guidance_learns_from_the_words_alone():
    model = design.newborn(SIZE, 0)
    speech = Speech(WORDS, design.STYLE, SIZE, design.HEADS)
    record = Record("0", {IMAGE: "a"}, (Exchange("Where is the dog?", "dog:[0.000, 0.000, 0.500, 0.250]"),))
    row = units([encode(record, speech)], 8, 1024)
    assert row[0].samples[0].looks
    features = torch.randn(SIZE.tokens(IMAGE), SIZE.clip.hidden_size)
    retraining = GroundingCourse(model, {"fine-grained": row}, lambda *_: features, guided=design.HEADS)
    (packed,) = packing.pack(row, 4096)
    assert not retraining.loss(replace(STAGES[1], trainable=("lora",), guidance=0.0), packed)[1]
