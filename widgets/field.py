"""A row of a form, as a value: settings know it without loading any control."""

from msgspec import Struct


class Field(Struct, frozen=True):
    """One value of a form.

    `kind` is "text", "whole", "real", "flag", "choice" or "folder"; `choices` are (value, words); `low` and `high`
    bound numbers; `note` explains in one sentence; `group` heads the rows that share it.
    """

    key: str
    title: str
    kind: str
    group: str = ""
    note: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    low: float = 0.0
    high: float = 1e9
    suffix: str = ""
