"""Limited answers: whatever the model prefers, its answer is places or the words that there is none."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor

from engine import grammar
from engine.domain.errors import UsageError
from engine.grounding.constraint import FORMS, Places, Vocabulary, complete, viable
from engine.grounding.tokens import Tokenizer


@pytest.fixture(scope="module")
def vocabulary(processor: SentencePieceProcessor) -> Vocabulary:
    words = Tokenizer(processor.serialized_model_proto(), {})
    return Vocabulary(words.piece, 512, eos=2, stop="###")


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("seed", range(12))
def test_random_choices_always_make_an_answer_that_is_read(vocabulary: Vocabulary, kind: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    places, text = Places(vocabulary, kind), ""
    for _ in range(400):
        token = int(random.choice(places.allowed()))
        if token in vocabulary.ends:
            break
        text += vocabulary.pieces[token]
        places.advance(token)
    else:
        text = text[: text.rfind(FORMS[kind].closing) + 1]
    spans = grammar.read(text)
    assert text.strip() == grammar.ABSENT or spans
    assert all(span.well_formed and span.box == (kind == "boxes") for span in spans)
    outside = re.sub(r"[\[{][^\]}]*[\]}]", "", text.strip())
    assert re.fullmatch(r"(?:[A-Za-z][A-Za-z ]*:? ?)?(?:, [A-Za-z][A-Za-z ]*:? ?)*", outside)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "[",
        "[0",
        "[0.",
        "[0.99",
        "[0.123,",
        "[0.123, 0.5",
        "[0.123, 0.500, 1",
        "[0.123, 0.500, 0.2",
        "not th",
        "balloon",
        "the balloon:",
        "balloon: [0",
        "[0.123, 0.500, 0.400, 0.600], cat",
    ],
)
def test_beginnings_are_viable(text: str) -> None:
    assert viable(text, FORMS["boxes"])
    assert not complete(text, FORMS["boxes"])


@pytest.mark.parametrize(
    "text",
    [
        "7",
        "balloon:7",
        "balloon]",
        "not there:[",
        "a" * 41,
        "[0.123, 0.500, 0.400, 0.600] cat",
        "[1",
        "[0.1234",
        "[0.12,",
        "[0.5, 0.5, 0.4",
        "[0.999, 0.500, 0.9",
        "[0.123, 0.500]",
        "[0.5]",
        "]",
        "[0.123 ",
        "[0.123, 0.500, 0.400, 0.600,",
    ],
)
def test_what_cannot_become_a_box_is_not(text: str) -> None:
    assert not viable(text, FORMS["boxes"])


def test_a_whole_answer_may_end_or_go_on(vocabulary: Vocabulary) -> None:
    text = "[0.123, 0.500, 0.400, 1.000]"
    assert complete(text, FORMS["boxes"])
    assert complete(text * 2, FORMS["boxes"])
    assert complete("not there", FORMS["boxes"])
    assert complete(f"cat:{text}{text}, white cat: {text}", FORMS["boxes"])
    assert not complete(f"cat:{text}, dog", FORMS["boxes"])
    assert complete(" {0.12,0.50}", FORMS["times"])


def test_an_unknown_limit_is_told_in_a_sentence(vocabulary: Vocabulary) -> None:
    with pytest.raises(UsageError, match="boxes or times"):
        Places(vocabulary, "circles")


@given(st.text(alphabet="[]{}0123456789., not here", max_size=40))
def test_a_viable_text_that_ends_is_read(text: str) -> None:
    if complete(text, FORMS["boxes"]) and text.strip() != grammar.ABSENT:
        assert all(span.well_formed for span in grammar.read(text))
