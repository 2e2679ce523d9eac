"""The actions come alive: one QAction for each row, its keys, whether it can be done now, and what it does."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QToolBar

from app.actions.action import FACTS, Action
from app.actions.keymap import Keymap, writes
from widgets.icons import icon
from widgets.theme import Roles


class ActionBoard(QObject):
    """`doing(id)` is emitted before an action runs, `done(id)` after; `bind` says what each one does."""

    doing = Signal(str)
    done = Signal(str)
    keyed = Signal()  # keys changed

    def __init__(self, rows: Iterable[Action]) -> None:
        super().__init__()
        self.rows = {row.id: row for row in rows}
        self._actions = {row.id: self._made(row) for row in self.rows.values()}
        self._verbs: dict[str, Callable[[], object]] = {}
        self._keys: Keymap = {}
        self._facts: frozenset[str] = frozenset()
        self._roles: Roles | None = None

    def bind(self, verbs: Mapping[str, Callable[[], object]]) -> None:
        """What the actions with these ids do; an id without a row is a mistake of ours."""
        unknown = verbs.keys() - self.rows.keys()
        if unknown:
            raise KeyError(f"no such action: {sorted(unknown)}")
        self._verbs.update(verbs)
        self._refresh(verbs)

    @property
    def bound(self) -> frozenset[str]:
        return frozenset(self._verbs)

    @property
    def keys(self) -> Keymap:
        return dict(self._keys)

    def action(self, id_: str) -> QAction:
        return self._actions[id_]

    def actions(self) -> list[QAction]:
        return list(self._actions.values())

    def enabled(self) -> list[Action]:
        """What can be done right now, for the palette."""
        return [row for row in self.rows.values() if self._actions[row.id].isEnabled()]

    def run(self, id_: str) -> None:
        """Do it as if its menu entry had been chosen; nothing happens while it is disabled."""
        self._actions[id_].trigger()

    def set_fact(self, fact: str, *, holds: bool) -> None:
        """Say whether one of `FACTS` holds now."""
        if fact not in FACTS:
            raise KeyError(f"no such fact: {fact}")
        before = self._facts
        self._facts = before | {fact} if holds else before - {fact}
        if self._facts == before:
            return
        if fact == "typing":
            self._lay_keys(id_ for id_, keys in self._keys.items() if any(map(writes, keys)))
        self._refresh(id_ for id_, row in self.rows.items() if fact in row.needs)

    def holds(self, fact: str) -> bool:
        return fact in self._facts

    def set_keys(self, keys: Keymap) -> None:
        self._keys = keys
        self._lay_keys(self.rows)
        self.keyed.emit()

    def dress(self, roles: Roles) -> None:
        """Draw the icons in the colours of a theme; those in closed menus wait until their menu opens."""
        self._roles = roles
        self._draw(row for row in self.rows.values() if row.bar)

    def _draw(self, rows: Iterable[Action]) -> None:
        if self._roles is None:
            return
        for row in rows:
            if row.icon:
                self._actions[row.id].setIcon(icon(row.icon, self._roles.text, self._roles.off))

    def fill_menus(self, bar: QMenuBar, titles: Mapping[str, str]) -> dict[str, QMenu]:
        """One menu for each title that has rows, in the order of the rows, groups apart; each with its letter."""
        menus: dict[str, QMenu] = {}
        for title, letter in titles.items():
            rows = [row for row in self.rows.values() if row.menu == title]
            if not rows:
                continue
            menu = bar.addMenu(title.replace(letter, f"&{letter}", 1))
            menu.setObjectName(f"menu.{title.casefold()}")
            menu.setAccessibleName(title)
            menu.setToolTipsVisible(True)
            menu.aboutToShow.connect(partial(self._draw, rows))
            self._fill(menu, rows)
            menus[title] = menu
        return menus

    def fill_tool_bar(self, bar: QToolBar) -> None:
        menu = ""
        for row in (row for row in self.rows.values() if row.bar):
            if menu and row.menu != menu:
                bar.addSeparator()
            menu = row.menu
            bar.addAction(self._actions[row.id])
            if button := bar.widgetForAction(self._actions[row.id]):
                button.setObjectName(f"bar.{row.id}")
                button.setAccessibleName(row.title)

    def _fill(self, menu: QMenu, rows: list[Action]) -> None:
        group = rows[0].group if rows else 0
        for row in sorted(rows, key=lambda row: row.group):
            if row.group != group:
                menu.addSeparator()
            group = row.group
            menu.addAction(self._actions[row.id])

    def _made(self, row: Action) -> QAction:
        action = QAction(row.title, self)
        action.setObjectName(row.id)
        action.setCheckable(row.checkable)
        action.setEnabled(False)
        action.triggered.connect(partial(self._do, row.id))
        return action

    def _do(self, id_: str, _checked: bool = False) -> None:
        self.doing.emit(id_)
        self._verbs[id_]()
        self.done.emit(id_)

    def _refresh(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            can = id_ in self._verbs and set(self.rows[id_].needs) <= self._facts
            self._actions[id_].setEnabled(can)

    def _lay_keys(self, ids: Iterable[str]) -> None:
        """Keys that text wants are off while text is typed; hints keep naming them."""
        typing = "typing" in self._facts
        for id_ in ids:
            action, keys = self._actions[id_], self._keys.get(id_, ())
            action.setShortcuts([QKeySequence(key) for key in keys if not (typing and writes(key))])
            row = self.rows[id_]
            hint = f" ({keys[0]})" if keys else ""
            action.setToolTip(f"{row.tip or row.title.rstrip('…')}{hint}")
            action.setStatusTip(row.tip)
