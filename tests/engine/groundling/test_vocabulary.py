import pytest

from engine.groundling import vocabulary

MODEL = vocabulary.trained()
WORDS = vocabulary.tokenizer_of(MODEL)


def test_every_word_of_the_world_is_one_piece():
    split = [word for word in vocabulary.words() if len(WORDS.encode(word, bos=False)) != 1]
    assert set(split) <= {"x0", "y0", "x1", "y1"}


def test_digits_are_single_pieces_and_the_signs_between_them_are_one():
    ids = WORDS.encode("dog:[0.125, 0.300, 0.512, 0.701]###", bos=False)
    pieces = [WORDS.piece(number) for number in ids]
    assert pieces[:6] == [b" dog", b":", b"[0.", b"1", b"2", b"5"]
    assert len(pieces) == 20


@pytest.mark.parametrize("text", ["Where is Zoë's 猫?", "a\ttab", "{0.10,1.00} [1.000, 0.5]", "emoji 🦊"])
def test_any_text_comes_back_whole(text):
    assert WORDS.decode(WORDS.encode(text, bos=False)) == text


def test_the_vocabulary_is_the_same_every_time():
    assert vocabulary.trained() == MODEL
