"""Rows read a page at a time when they come into view, so that a list of a million opens like a list of ten."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Row = TypeVar("Row")
Read = Callable[[int, int], Sequence[Row]]


class Pages(Generic[Row]):
    """`count` rows behind `read(offset, limit)`, the pages seen last kept."""

    def __init__(self, read: Read[Row], count: int, *, size: int = 200, keep: int = 24) -> None:
        self.count = count
        self._read, self._size, self._keep = read, size, keep
        self._pages: OrderedDict[int, Sequence[Row]] = OrderedDict()

    def row(self, index: int) -> Row | None:
        """The row at `index`, None when there is none (any more)."""
        page, at = divmod(index, self._size)
        rows = self._pages.get(page)
        if rows is None:
            rows = self._pages[page] = self._read(page * self._size, self._size)
            if len(self._pages) > self._keep:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(page)
        return rows[at] if at < len(rows) else None

    def forget(self) -> None:
        """Read anew what is looked at next."""
        self._pages.clear()
