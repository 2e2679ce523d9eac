"""The growing text: whole characters only, nothing of the stop string, and what each token cost."""

import numpy as np
import pytest
from sentencepiece import SentencePieceProcessor

from engine.grounding.answer import AnswerText, DigitTokens
from engine.grounding.tokens import Tokenizer

FLAT = np.zeros(512, np.float32)


@pytest.fixture(scope="module")
def words(processor: SentencePieceProcessor) -> Tokenizer:
    return Tokenizer(processor.serialized_model_proto(), {})


@pytest.fixture
def answer(words: Tokenizer) -> AnswerText:
    return AnswerText(words.piece, DigitTokens(words.piece, 512), "###")


@pytest.mark.parametrize("text", ["naïve café", "中文和 emoji 🦆🦆", "a\u0301e\u0301", "dog at [0.123, 0.456]"])
def test_streamed_pieces_join_to_the_text_and_hold_no_torn_character(
    answer: AnswerText, words: Tokenizer, text: str
) -> None:
    pieces = [answer.add(token, FLAT) for token in words.encode(text, bos=False)]
    pieces.append(answer.finish())
    assert "".join(pieces) == answer.text == text
    assert not any("\ufffd" in piece for piece in pieces)


def test_a_character_that_never_ends_becomes_a_mark(answer: AnswerText, words: Tokenizer) -> None:
    torn = words.encode("🦆", bos=False)[:-1]
    assert "".join(answer.add(token, FLAT) for token in torn) == ""
    assert set(answer.finish()) == {"\ufffd"}


def test_the_stop_string_is_never_seen(answer: AnswerText, words: Tokenizer) -> None:
    seen = []
    for token in words.encode("here.###Human: more", bos=False):
        seen.append(answer.add(token, FLAT))
        if answer.ended:
            break
    assert "".join(seen) + answer.finish() == "here."
    assert answer.ended


def test_a_beginning_of_the_stop_string_that_is_none_is_text(answer: AnswerText, words: Tokenizer) -> None:
    seen = [answer.add(token, FLAT) for token in words.encode("a ## b#", bos=False)]
    assert "".join(seen) + answer.finish() == "a ## b#"
    assert not answer.ended


def test_every_character_is_traced_to_its_token(answer: AnswerText, words: Tokenizer) -> None:
    text = "dog at [0.123, 0.456]"
    for token in words.encode(text, bos=False):
        answer.add(token, FLAT)
    assert "".join(text[row.start : row.end] for row in answer.written) == text
    digits = [row for row in answer.written if row.digits is not None]
    assert len(digits) == 8
    assert np.allclose(digits[0].digits, 0.1)
    assert digits[0].probability == pytest.approx(1 / 512)
