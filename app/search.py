"""The words of a search field as a filter: `score:0.2-0.6 by:ann since:2026-01-31 question:"red kite" kite`."""

import re
from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from engine.domain.annotation import Label, Review
from engine.domain.project import AnnotationFilter, ItemFilter

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# A word ends at a space outside quotation marks.
_WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)+')


def annotation_filter(
    words: str, labels: Mapping[str, Label], *, item: str | None, reviews: tuple[Review, ...]
) -> AnnotationFilter:
    """What is not one of the keys is looked for in the phrase; a key with a value it does not know is plain text."""
    wanted, text = _read(words, AnnotationFilter(item=item, reviews=reviews), labels)
    return replace(wanted, text=text)


def item_filter(words: str, labels: Mapping[str, Label], chosen: ItemFilter) -> ItemFilter:
    """What is not one of the keys is looked for in the path; the keys ask for media with such an annotation."""
    nothing = AnnotationFilter()
    wanted, text = _read(words, nothing, labels)
    return replace(chosen, text=text, having=None if wanted == nothing else wanted)


def offers(labels: Iterable[Label]) -> list[str]:
    """What a search field may complete besides its keys."""
    return [*(f"label:{label.name}" for label in labels), *(f"state:{review.value}" for review in Review)]


def _read(words: str, wanted: AnnotationFilter, labels: Mapping[str, Label]) -> tuple[AnnotationFilter, str]:
    """The filter with what the keys say, and the words that are no keys."""
    text = []
    for word in _WORD.findall(words):
        key, colon, value = word.replace('"', "").partition(":")
        read = _KEYS.get(key.casefold()) if colon and value else None
        found = read(wanted, value, labels) if read else None
        if found is None:
            text.append(word.replace('"', ""))
        else:
            wanted = found
    return wanted, " ".join(text)


Reader = Callable[[AnnotationFilter, str, Mapping[str, Label]], AnnotationFilter | None]


def _score(wanted: AnnotationFilter, value: str, _labels: Mapping[str, Label]) -> AnnotationFilter | None:
    low, dash, high = value.partition("-")
    try:
        return replace(wanted, score=(float(low or 0), float(high or 1) if dash else 1.0))
    except ValueError:
        return None


def _author(wanted: AnnotationFilter, value: str, _labels: Mapping[str, Label]) -> AnnotationFilter:
    return replace(wanted, author=value)


def _question(wanted: AnnotationFilter, value: str, _labels: Mapping[str, Label]) -> AnnotationFilter:
    return replace(wanted, question=value)


def _state(wanted: AnnotationFilter, value: str, _labels: Mapping[str, Label]) -> AnnotationFilter | None:
    known = {review.value: review for review in Review}
    return replace(wanted, reviews=(known[value.casefold()],)) if value.casefold() in known else None


def _since(wanted: AnnotationFilter, value: str, _labels: Mapping[str, Label]) -> AnnotationFilter | None:
    return replace(wanted, since=value) if _DAY.fullmatch(value) else None


def _until(wanted: AnnotationFilter, value: str, _labels: Mapping[str, Label]) -> AnnotationFilter | None:
    return replace(wanted, until=f"{value}T23:59:59.999999Z") if _DAY.fullmatch(value) else None


def _label(wanted: AnnotationFilter, value: str, labels: Mapping[str, Label]) -> AnnotationFilter | None:
    found = next((id_ for id_, label in labels.items() if label.name.casefold() == value.casefold()), None)
    return replace(wanted, label=found) if found else None


_KEYS: dict[str, Reader] = {
    "question": _question,
    "label": _label,
    "state": _state,
    "score": _score,
    "by": _author,
    "since": _since,
    "until": _until,
}
