"""Filters as SQL: a condition with its values, fixed words only, everything of the user's bound."""

from collections.abc import Iterable
from typing import Any

import msgspec

from engine.domain.project import AnnotationFilter, ItemFilter

Condition = tuple[str, tuple[Any, ...]]
_PENDING = "EXISTS (SELECT 1 FROM annotation AS a WHERE a.item = item.id AND a.review = 'predicted')"
_ASKED = "query IN (SELECT q.id FROM query AS q WHERE instr(q.text, ?))"
_LABELLED = "EXISTS (SELECT 1 FROM annotation AS a WHERE a.item = item.id AND a.label = ?)"


def items(wanted: ItemFilter) -> Condition:
    """Condition on the table `item`."""
    parts: list[Condition] = []
    if wanted.text:
        parts.append(("instr(lower(path), lower(?))", (wanted.text,)))
    if wanted.kind is not None:
        parts.append(("kind = ?", (wanted.kind.value,)))
    if wanted.pending is not None:
        parts.append((_PENDING if wanted.pending else f"NOT {_PENDING}", ()))
    if wanted.done is not None:
        parts.append(("done = ?", (int(wanted.done),)))
    if wanted.label is not None:
        parts.append((_LABELLED, (wanted.label,)))
    if wanted.having is not None:
        where, values = annotations(wanted.having)
        parts.append((f"id IN (SELECT annotation.item FROM annotation WHERE {where})", values))
    return _all_of(parts)


def annotations(wanted: AnnotationFilter) -> Condition:
    """Condition on the table `annotation`."""
    parts: list[Condition] = [
        (f"{column} = ?", (value,))
        for column, value in (
            ("item", wanted.item),
            ("label", wanted.label),
            ("query", wanted.query),
            ("author", wanted.author or None),
        )
        if value is not None
    ]
    if wanted.text:
        parts.append(("instr(lower(phrase), lower(?))", (wanted.text,)))
    if wanted.question:
        parts.append((_ASKED, (wanted.question.casefold(),)))
    if wanted.ids is not None:
        parts.append(("id IN (SELECT value FROM json_each(?))", (msgspec.json.encode(wanted.ids).decode(),)))
    if wanted.reviews:
        marks = ", ".join("?" * len(wanted.reviews))
        parts.append((f"review IN ({marks})", tuple(review.value for review in wanted.reviews)))
    if wanted.score is not None:
        parts.append(("score BETWEEN ? AND ?", wanted.score))
    if wanted.since:
        parts.append(("at >= ?", (wanted.since,)))
    if wanted.until:
        parts.append(("at <= ?", (wanted.until,)))
    return _all_of(parts)


def _all_of(parts: Iterable[Condition]) -> Condition:
    chosen = list(parts)
    where = " AND ".join(sql for sql, _ in chosen) or "1"
    return where, tuple(value for _, values in chosen for value in values)
