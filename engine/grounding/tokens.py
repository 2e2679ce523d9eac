"""Text and token ids: plain SentencePiece, with the media tokens around it.

White space that touches a media token disappears; the pieces between media tokens are encoded each for itself.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import sentencepiece

from engine.domain.errors import ModelError
from engine.domain.media import MediaKind
from engine.grounding.architecture import MEDIA_TOKENS, Architecture

_LARGEST_MODEL = 64 << 20
MEDIA_TOKEN_NAMES = tuple(name for names in MEDIA_TOKENS.values() for name in names)
_MEDIA = re.compile(r"<(?=(?:im|vi|so)_(?:patch|start|end)>)")


class Tokenizer:
    """Ids of one model; `special` are the tokens written in text as themselves, the media tokens among them."""

    def __init__(self, model: bytes, special: Mapping[str, int], *, bos: int = 1, eos: int = 2) -> None:
        self.processor = sentencepiece.SentencePieceProcessor()
        try:
            self.processor.LoadFromSerializedProto(model)
        except RuntimeError as error:
            raise ModelError("The model's tokenizer is damaged; install the model again.") from error
        self.special = dict(special)
        self.names = {number: name for name, number in self.special.items()}
        self.bos, self.eos = bos, eos
        names = "|".join(re.escape(name) for name in sorted(self.special, key=len, reverse=True))
        self._special = re.compile(rf"\s*({names})\s*" if names else r"(?!)")

    def __len__(self) -> int:
        """Pieces of the plain vocabulary, without the media tokens."""
        return self.processor.GetPieceSize()

    def encode(self, text: str, *, bos: bool = True) -> list[int]:
        """Ids of `text`, in which media tokens are written as themselves."""
        ids = [self.bos] if bos else []
        for place, part in enumerate(self._special.split(text)):
            if place % 2:
                ids.append(self.special[part])
            elif part:
                ids.extend(self.processor.EncodeAsIds(part))
        return ids

    def decode(self, ids: Iterable[int], *, special: bool = False) -> str:
        """The text of ids; media tokens only where `special`."""
        parts = [self.piece(number) or (self.names.get(number, "").encode() if special else b"") for number in ids]
        return b"".join(parts).decode(errors="replace").removeprefix(" ")

    def piece(self, number: int) -> bytes:
        """The bytes a single id adds to a text; none for what is no text, such as media tokens."""
        if number >= len(self) or self.processor.IsControl(number) or self.processor.IsUnknown(number):
            return b""
        piece = self.processor.IdToPiece(number)
        if self.processor.IsByte(number):
            return bytes((int(piece[3:-1], 16),))
        return piece.replace("▁", " ").encode()


def tokenizer(path: Path, architecture: Architecture) -> Tokenizer:
    """The tokenizer of a model folder."""
    llama = architecture.llama
    special = {
        name: number
        for kind, names in MEDIA_TOKENS.items()
        for name, number in zip(names, _numbers(architecture, kind), strict=True)
    }
    return Tokenizer(tokenizer_bytes(path), special, bos=llama.bos_token_id, eos=llama.eos_token_id)


def tokenizer_bytes(path: Path) -> bytes:
    """The content of a `tokenizer.model`, of a size one would expect."""
    try:
        if path.stat().st_size > _LARGEST_MODEL:
            raise ModelError(f"{path.name} is too large for a tokenizer; install the model again.")
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read; install the model again.") from error


def literal(text: str) -> str:
    """A user's words, in which nothing is a media token."""
    return _MEDIA.sub("< ", text)


def _numbers(architecture: Architecture, kind: MediaKind) -> tuple[int, int, int]:
    ids = architecture.ids(kind)
    return ids.patch, ids.start, ids.end
