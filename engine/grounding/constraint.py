"""Answers that can only be places: which tokens may come next, so that every answer is read and none is malformed.

An answer is one or more boxes (or times) back to back, each row of them after a name if the model writes one, or the
words that say that the thing is not there.
"""

import re
from collections.abc import Callable, Sequence
from itertools import chain
from string import ascii_letters

from msgspec import Struct

from engine.domain.errors import UsageError
from engine.grammar import ABSENT

_ALPHABET = frozenset(b"[]{},.: 0123456789" + ascii_letters.encode())
# What stands before a place: nothing, or a name of a few words; after another place a comma goes before the name.
_NAME = "[A-Za-z][A-Za-z ]{0,39}"
_HEADS = re.compile(rf"(?:{_NAME}:? ?)?"), re.compile(rf"(?:, {_NAME}:? ?)?")
_BEGUN = re.compile(rf"(?:{_NAME}:? ?)?"), re.compile(rf"(?:,(?: (?:{_NAME}:? ?)?)?)?")


class Form(Struct, frozen=True):
    """How one kind of place is written: brackets around `count` numbers of so many decimals."""

    opening: str
    closing: str
    joint: str
    count: int
    decimals: int


FORMS = {"boxes": Form("[", "]", ", ", 4, 3), "times": Form("{", "}", ",", 2, 2)}


class Vocabulary:
    """The tokens that can be part of a constrained answer, and those that end one."""

    def __init__(self, piece: Callable[[int], bytes], count: int, *, eos: int, stop: str) -> None:
        self.pieces: dict[int, str] = {}
        # By their first character: where that cannot come, none of thousands can.
        self.beginning: dict[str, list[int]] = {}
        self.ends = {eos}
        for token in range(count):
            raw = piece(token)
            if raw and _ALPHABET.issuperset(raw):
                self.pieces[token] = raw.decode("ascii")
                self.beginning.setdefault(self.pieces[token][0], []).append(token)
            elif raw.strip() and stop.encode().startswith(raw.strip()):
                self.ends.add(token)


class Places:
    """The constraint of one answer; `kind` is a key of `FORMS`."""

    def __init__(self, vocabulary: Vocabulary, kind: str) -> None:
        if kind not in FORMS:
            raise UsageError(f"An answer can be limited to {' or '.join(FORMS)}, not to “{kind}”.")
        self._vocabulary, self._form = vocabulary, FORMS[kind]
        self._text = ""

    def allowed(self) -> Sequence[int]:
        text, form, pieces = self._text, self._form, self._vocabulary.pieces
        among = [tokens for first, tokens in self._vocabulary.beginning.items() if viable(text + first, form)]
        ids = [token for token in chain(*among) if viable(text + pieces[token], form)]
        if not ids or complete(text, self._form):
            ids += sorted(self._vocabulary.ends)
        return ids

    def advance(self, token: int) -> None:
        self._text += self._vocabulary.pieces.get(token, "")


def complete(text: str, form: Form) -> bool:
    """Whether an answer may end here."""
    text = text.removeprefix(" ")
    return text == ABSENT or (text.endswith(form.closing) and viable(text, form))


def viable(text: str, form: Form) -> bool:
    """Whether `text` is the beginning of an answer."""
    text = text.removeprefix(" ")
    if ABSENT.startswith(text):
        return True
    *whole, begun = text.split(form.closing)
    places = [_place(part, form, row=number > 0, closed=True) for number, part in enumerate(whole)]
    return all(places) and _place(begun, form, row=bool(whole), closed=False)


def _place(text: str, form: Form, *, row: bool, closed: bool) -> bool:
    """Whether one place with what stands before it is well-formed or can become so; `row` when it follows another."""
    head, bracket, body = text.partition(form.opening)
    if not bracket:
        return not closed and _BEGUN[row].fullmatch(head) is not None
    return _HEADS[row].fullmatch(head) is not None and head.strip(": ") != ABSENT and _body(body, form, closed=closed)


def _body(body: str, form: Form, *, closed: bool) -> bool:
    """Whether the numbers of one place, up to its closing bracket, are well-formed or can become so."""
    torn = not closed and body.endswith(",") and form.joint != ","
    numbers = body.removesuffix(",").split(form.joint) if torn else body.split(form.joint)
    if len(numbers) > form.count or (closed and len(numbers) < form.count) or (torn and len(numbers) == form.count):
        return False
    for place, number in enumerate(numbers):
        last = place == len(numbers) - 1
        low = numbers[place - form.count // 2] if place >= form.count // 2 else None
        if not _number(number, low, form.decimals, whole=closed or torn or not last):
            return False
    return True


def _number(text: str, low: str | None, decimals: int, *, whole: bool) -> bool:
    """Whether `text` is, or can become, a fraction above `low`; one without a `low` must leave room above it."""
    if whole and len(text) != decimals + 2:
        return False
    if not re.fullmatch(rf"(?:0(?:\.\d{{0,{decimals}}})?|1(?:\.0{{0,{decimals}}})?)?", text):
        return False
    if low is None:
        return not text.startswith("1")
    highest = 1.0 if not text or text.startswith("1") else float("0." + text[2:].ljust(decimals, "9"))
    return highest > float(low)
