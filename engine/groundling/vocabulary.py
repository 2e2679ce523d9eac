"""Groundling's own vocabulary: every word of its world is one piece, every digit too, and any other text is bytes."""

import io
import string

import sentencepiece

from engine.grammar import ABSENT
from engine.grounding.architecture import MEDIA_TOKENS, media_ids
from engine.grounding.tokens import Tokenizer
from engine.groundling.design import STYLE
from engine.synthesis import wording
from engine.synthesis.kinds import COLOURS, KNOWN, SHAPES
from engine.synthesis.material import KNOWN_SOUNDS

PIECES = 1400
# What stands between the digits of coordinates is one piece: an answer is little more than its digits.
_BETWEEN = ("[0.", ",▁0.", "{0.", ",0.")
_SIGNS = ("###", "Human", "Assistant", "[", "]", "{", "}", ",", ".", ":", "?", "!", ";", "(", ")", "'")
_MORE = ("yes", "no", "nothing", "and", "is", "are", "there", "seconds", "box", "things", "at", "from", "to", ABSENT)


def trained() -> bytes:
    """A SentencePiece model (BPE with byte fallback); the same bytes on every machine."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_sentences()),
        model_writer=written,
        model_type="bpe",
        vocab_size=PIECES,
        byte_fallback=True,
        split_digits=True,
        character_coverage=1.0,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        user_defined_symbols=[*_BETWEEN, *_SIGNS],
        pad_id=-1,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        num_threads=1,
        minloglevel=2,
    )
    return written.getvalue()


def tokenizer_of(model: bytes) -> Tokenizer:
    """The tokenizer with the nine media tokens behind its pieces."""
    special = {
        name: number
        for kind, ids in media_ids(PIECES).items()
        for name, number in zip(MEDIA_TOKENS[kind], (ids.patch, ids.start, ids.end), strict=True)
    }
    return Tokenizer(model, special)


def words() -> list[str]:
    """Every word of the questions and answers, once."""
    kinds = [word for kind in (*KNOWN, *SHAPES) for word in (kind.name, kind.many, *kind.synonyms)]
    texts = (*wording.EVERYTHING, *kinds, *COLOURS, *(kind.name for kind in KNOWN_SOUNDS), *_MORE)
    texts = (*texts, STYLE.system, STYLE.human, STYLE.assistant)
    bare = " ".join(texts).replace("{x}", " ").replace("{xs}", " ").replace("{place}", " ")
    for sign in _SIGNS:
        bare = bare.replace(sign, " ")
    return sorted(set(bare.split()))


def _sentences() -> list[str]:
    """Words often enough that each becomes a piece, and every letter and digit."""
    known = words()
    letters = " ".join(string.ascii_letters + string.digits + string.punctuation)
    return [f"{word} {word} {word}" for word in known for _ in range(50)] + [letters]
