"""Which keys lead to which action, after a preset and the user's own choices; and which keys are claimed twice."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from app.actions import MENUS
from app.actions.action import Action
from app.actions.presets import PRESETS

Keymap = dict[str, tuple[str, ...]]
# What opens the menus; no action can have these.
MENU_KEYS: Keymap = {f"menu.{title.casefold()}": (f"Alt+{letter.upper()}",) for title, letter in MENUS.items()}
_WRITING = frozenset(
    {"Return", "Enter", "Backspace", "Delete", "Tab", "Space", "Left", "Right", "Up", "Down", "Home", "End"}
)


def keymap(actions: Iterable[Action], preset: str, own: Mapping[str, tuple[str, ...]]) -> Keymap:
    """Keys by action id: the user's own before the preset's before the row's.

    A key that the user gives to one action is taken from those that had it by the preset or by default, and one that
    the preset gives from those that had it by default.
    """
    found = {action.id: action.keys for action in actions}
    for given in (PRESETS.get(preset, {}), own):
        known = {id_: keys for id_, keys in given.items() if id_ in found}
        taken = {key for keys in known.values() for key in keys}
        found = {id_: tuple(key for key in keys if key not in taken) for id_, keys in found.items()} | known
    return found


def conflicts(keys: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Keys claimed by more than one action or by one and a menu, with their ids."""
    owners: dict[str, list[str]] = defaultdict(list)
    for id_, claimed in {**MENU_KEYS, **keys}.items():
        for key in claimed:
            owners[key].append(id_)
    return {key: ids for key, ids in owners.items() if len(ids) > 1}


def writes(key: str) -> bool:
    """Whether a text field wants this key for itself: a letter, a digit, Return, Backspace, an arrow…"""
    *modifiers, last = key.split("+") if not key.endswith("+") else [*key[:-2].split("+"), "+"]
    if {"Ctrl", "Meta"} & set(modifiers):
        return last in _WRITING and last not in {"Return", "Enter", "Tab"}
    return "Alt" not in modifiers and (len(last) == 1 or last in _WRITING)
