"""An answer as it grows: tokens to text without torn characters, the stop string held back, what each token cost.

Kept of every token are its characters and, where it writes brackets or digits, how sure the model was of it.
"""

import codecs
from collections.abc import Callable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.grounding.backbone import Floats

_DIGITS = frozenset(b"%d" % digit for digit in range(10))
_WEIGHED = frozenset("[]{}0123456789")


class Written(Struct, frozen=True):
    """Characters [start, end) of the answer that one token wrote.

    `probability` is that of the token; `digits` are those of the ten digits in its place, for a token that is
    one digit. Both are unknown (1.0, None) for tokens without digits and brackets.
    """

    start: int
    end: int
    probability: float = 1.0
    digits: NDArray[np.float64] | None = None


class DigitTokens:
    """Which tokens write a single digit, with and without the space before it."""

    def __init__(self, piece: Callable[[int], bytes], count: int) -> None:
        rows: dict[bytes, dict[int, int]] = {b"": {}, b" ": {}}
        for token in range(count):
            text = piece(token)
            if text.strip() in _DIGITS and text[:-1] in rows:
                # Byte tokens spell digits too; the pieces proper stand behind them and are the ones in use.
                rows[text[:-1]][int(text)] = token
        self._rows = {lead: [row[digit] for digit in range(10)] for lead, row in rows.items() if len(row) == 10}
        self._lead = {token: lead for lead, row in self._rows.items() for token in row}

    def shares(self, token: int, logits: Floats) -> NDArray[np.float64] | None:
        """Probabilities of 0..9 among each other, if `token` writes one of them."""
        lead = self._lead.get(token)
        if lead is None:
            return None
        ten = logits[self._rows[lead]].astype(np.float64)
        weights = np.exp(ten - ten.max())
        shares: NDArray[np.float64] = weights / weights.sum()
        return shares


class AnswerText:
    """Grows by `add`, which gives the text that became certain; `ended` once the stop string came."""

    def __init__(self, piece: Callable[[int], bytes], digits: DigitTokens, stop: str) -> None:
        self.text = ""
        self.ended = False
        self.written: list[Written] = []
        self._piece, self._digits, self._stop = piece, digits, stop
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""

    def add(self, token: int, logits: Floats) -> str:
        """One more token; logits (vocabulary,) are those it was chosen from."""
        new = self._decoder.decode(self._piece(token))
        start = len(self.text) + len(self._held)
        if not start:
            new = new.lstrip()
        if _WEIGHED.isdisjoint(new):
            self.written.append(Written(start, start + len(new)))
        else:
            share = float(np.exp(logits[token] - _log_sum(logits)))
            self.written.append(Written(start, start + len(new), share, self._digits.shares(token, logits)))
        return self._let_go(self._held + new)

    def finish(self) -> str:
        """What was held back and turned out to be text."""
        rest = "" if self.ended else self._held + self._decoder.decode(b"", final=True)
        self._held = ""
        self.text += rest
        return rest

    def _let_go(self, pending: str) -> str:
        before, stop, _ = pending.partition(self._stop) if self._stop else (pending, "", "")
        if stop:
            self.ended, self._held = True, ""
        else:
            keep = _overlap(before, self._stop)
            before, self._held = before[: len(before) - keep], before[len(before) - keep :]
        self.text += before
        return before


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` may be the beginning of `stop`."""
    return next((size for size in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:size])), 0)


def _log_sum(logits: Floats) -> float:
    top = logits.max()
    return float(top + np.log(np.exp(logits - top).sum()))
