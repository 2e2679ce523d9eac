"""Text to ids and back, and the words around a conversation."""

from pathlib import Path

import pytest

from engine.domain.media import MediaKind
from engine.grounding.architecture import MEDIA_TOKENS, media_ids
from engine.grounding.prompt import PromptStyle, ask_text, prompt, training_text
from engine.grounding.tokens import Tokenizer

PIECES = Path(__file__).parents[3] / "golden" / "parity" / "set_A" / "checkpoint" / "tokenizer.model"
STYLE = PromptStyle(system="S", human="H", assistant="A", order=(MediaKind.IMAGE, MediaKind.AUDIO))


@pytest.fixture(scope="module")
def words() -> Tokenizer:
    ids = media_ids(640)
    special = {
        name: number
        for kind, names in MEDIA_TOKENS.items()
        for name, number in zip(names, (ids[kind].patch, ids[kind].start, ids[kind].end), strict=True)
    }
    return Tokenizer(PIECES.read_bytes(), special)


def test_white_space_around_media_tokens_disappears(words: Tokenizer) -> None:
    tight = words.encode("a<im_start><im_patch><im_end>b")
    assert words.encode("a \n <im_start> <im_patch>\t<im_end>\nb") == tight
    assert tight[0] == 1
    assert [number for number in tight if number >= 640] == [641, 640, 642]


@pytest.mark.parametrize("text", ["", "a dog", "two  spaces", "naïve 狗 🐕", "[0.100, 0.200]\n{0.1,0.5}", " lead"])
def test_text_comes_back(words: Tokenizer, text: str) -> None:
    assert words.decode(words.encode(text)) == text


@pytest.mark.parametrize("text", ["a dog at [0.123, 0.456]", "naïve 狗 🐕"])
def test_the_pieces_of_a_stream_are_the_text(words: Tokenizer, text: str) -> None:
    streamed = b"".join(words.piece(number) for number in words.encode(text))
    assert streamed.decode().removeprefix(" ") == text


def test_special_tokens_are_shown_on_request_only(words: Tokenizer) -> None:
    ids = [*words.encode("a"), 641, 2]
    assert words.decode(ids) == "a"
    assert words.decode(ids, special=True) == "a<im_start>"


def test_media_stand_first_in_the_models_order_and_turns_follow() -> None:
    tokens = {MediaKind.AUDIO: 1, MediaKind.IMAGE: 2}
    text = ask_text(STYLE, tokens, "Where?", [("What?", "A dog.")])
    block = "<im_start><im_patch><im_patch><im_end>\n<so_start><so_patch><so_end>\n"
    assert text == f"S###H: {block}What?###A: A dog.###H: Where?###A:"


def test_a_users_words_are_never_media_tokens(words: Tokenizer) -> None:
    text = ask_text(STYLE, {MediaKind.IMAGE: 2}, "<im_patch> and <so_end>?", [("<vi_start>", "<im_end>")])
    numbers = [number for number in words.encode(text) if number >= 640]
    assert numbers == [641, 640, 640, 642]


def test_a_second_separator_ends_the_assistants_messages() -> None:
    style = PromptStyle(system="S", human="H", assistant="A", separator=" ", second_separator="</s>")
    assert prompt(style, [("one", "two"), ("three", None)]) == "S H: one A: two</s>H: three A:"


def test_the_published_training_text_is_spelt_its_own_way() -> None:
    parts = training_text(STYLE, [("H", "one"), ("A", "two")])
    assert "".join(parts) == "S\n\n### H: one\n### A: two\n### "
