"""Whole numbers for ids, the same at every export: a register that the project keeps."""

import msgspec

from engine.domain.errors import ExchangeError

_Rows = dict[str, list[str]]


class Numbers:
    """Ids numbered from 1 by kind ("item", "label", "annotation", …). A number is never used for a second id."""

    def __init__(self, rows: _Rows | None = None) -> None:
        self._rows: _Rows = rows or {}
        self._numbers = {kind: {id_: at for at, id_ in enumerate(ids, 1)} for kind, ids in self._rows.items()}

    @classmethod
    def loaded(cls, text: str | None) -> "Numbers":
        """The register as `dumped` wrote it; None or "" starts a new one."""
        try:
            return cls(msgspec.json.decode(text, type=_Rows) if text else None)
        except msgspec.DecodeError as error:
            raise ExchangeError(
                "The project's register of exported numbers cannot be read; restore the project from a backup."
            ) from error

    def dumped(self) -> str:
        return msgspec.json.encode(self._rows).decode()

    def of(self, kind: str, id_: str) -> int:
        """The number of an id, given now if it has none."""
        numbers = self._numbers.setdefault(kind, {})
        if id_ not in numbers:
            self._rows.setdefault(kind, []).append(id_)
            numbers[id_] = len(numbers) + 1
        return numbers[id_]

    def id_at(self, kind: str, number: int) -> str | None:
        """The id behind a number that was once exported."""
        rows = self._rows.get(kind, [])
        return rows[number - 1] if 0 < number <= len(rows) else None

    def ids(self, kind: str) -> list[str]:
        """All ids ever numbered, the first with number 1."""
        return list(self._rows.get(kind, []))
