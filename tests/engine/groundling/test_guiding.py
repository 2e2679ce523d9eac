import numpy as np
import torch
from msgspec.structs import replace

from engine.domain.media import MediaKind
from engine.groundling import design, guiding, lessons, media, vocabulary
from engine.groundling.course import Raising
from engine.groundling.dense import Dense
from engine.groundling.raising import STAGES

WORDS = vocabulary.tokenizer_of(vocabulary.trained())
SIZE = design.architecture(vocabulary.PIECES)
IMAGE, SOUND = MediaKind.IMAGE, MediaKind.AUDIO


def looks(question, answer, *kinds):
    ids = (WORDS.encode(text, bos=False) for text in (question, answer))
    return guiding.looks(WORDS, SIZE, kinds, *ids)


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
