"""An answer as rich text: grounded phrases are chips, coordinates are hidden behind them."""

from collections.abc import Collection, Sequence
from html import escape

from engine.domain.query import Grounding
from widgets.theme import Roles

# A model that has lost the thread says the same for ever; nobody needs to scroll past it.
_LONG = 400
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"


def number(index: int) -> str:
    """The mark by which a grounding is known in the answer and on the picture."""
    return _CIRCLED[index] if index < len(_CIRCLED) else f"({index + 1})"


def rich_text(answer: str, groundings: Sequence[Grounding], lit: Collection[int], roles: Roles) -> str:
    """The answer with chips `href="i"` for its groundings; those in `lit` are highlighted."""
    parts, at = [], 0
    order = sorted(range(len(groundings)), key=lambda index: groundings[index].start)
    for index in order:
        grounding = groundings[index]
        if grounding.start < at or grounding.end > len(answer):
            continue
        parts.append(escape(answer[at : grounding.start]))
        parts.append(_chip(index, _words(answer, grounding), grounding, lit=index in lit, roles=roles))
        at = grounding.end
    rest = answer[at:]
    parts.append(escape(rest if len(rest) <= _LONG else f"{rest[:_LONG]}… ({len(rest) - _LONG:,} more characters)"))
    return "".join(parts).replace("\n", "<br>")


def _words(answer: str, grounding: Grounding) -> str:
    """What stood before the coordinates; nothing when one phrase has several places."""
    span = answer[grounding.start : grounding.end]
    return span[: min((at for at in (span.find("["), span.find("{")) if at >= 0), default=len(span))].strip(" :")


def _chip(index: int, words: str, grounding: Grounding, *, lit: bool, roles: Roles) -> str:
    if grounding.geometry is None:
        return f'{escape(words)} <span style="color:{roles.danger}">(place not readable)</span>'
    ink, back = (roles.on_accent, roles.accent) if lit else (roles.accent, roles.surface)
    text = f"{escape(words)}&nbsp;{number(index)}" if words else number(index)
    style = f"color:{ink}; background-color:{back}; text-decoration:none; font-weight:600"
    return f'<a href="{index}" style="{style}">&nbsp;{text}&nbsp;</a>'
