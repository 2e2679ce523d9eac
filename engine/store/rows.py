"""How each kind of entity lies in its table: the columns that are searched, and the whole value as JSON."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from engine.domain.annotation import Annotation, Label
from engine.domain.media import MediaItem
from engine.domain.project import Entity, Template
from engine.domain.query import Prediction, Query

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Entity).decode


class Table(NamedTuple):
    """One kind's table: its name, its searched columns and their values for an entity."""

    name: str
    columns: tuple[str, ...]
    values: Callable[[Any], tuple[Any, ...]]

    @property
    def insert(self) -> str:
        names = ("position", "id", *self.columns, "body")
        return f"INSERT INTO {self.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"

    def update(self, before: Any, after: Any) -> tuple[str, tuple[Any, ...]]:
        """Statement and values for the columns that change: SQLite rewrites the index of each column it is given."""
        pairs = zip(self.columns, self.values(before), self.values(after), strict=True)
        changed = [(column, new) for column, old, new in pairs if new != old]
        sets = ", ".join(f"{column} = ?" for column, _ in (*changed, ("body", None)))
        return f"UPDATE {self.name} SET {sets} WHERE position = ?", tuple(value for _, value in changed)


def _annotation(one: Annotation) -> tuple[Any, ...]:
    by = one.provenance
    return one.item, one.review.value, one.label, one.query, one.score, by.author, by.at, one.phrase


TABLES: dict[type[Any], Table] = {
    MediaItem: Table("item", ("path", "kind", "done"), lambda one: (one.path, one.kind.value, int(one.done))),
    Label: Table("label", (), lambda _: ()),
    Annotation: Table(
        "annotation", ("item", "review", "label", "query", "score", "author", "at", "phrase"), _annotation
    ),
    Query: Table("query", ("item", "text"), lambda one: (one.item, one.text.casefold())),
    Prediction: Table("prediction", ("item",), lambda one: (one.item,)),
    Template: Table("template", (), lambda _: ()),
}
