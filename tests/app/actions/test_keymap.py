import pytest

from app.actions import ACTIONS, MENUS
from app.actions.action import FACTS, Action
from app.actions.keymap import conflicts, keymap, writes
from app.actions.presets import PRESETS


def test_ids_are_unique_and_every_menu_and_fact_is_known() -> None:
    ids = [row.id for row in ACTIONS]
    assert len(ids) == len(set(ids))
    assert {row.menu for row in ACTIONS} <= {*MENUS, ""}
    assert {need for row in ACTIONS for need in row.needs} <= FACTS


@pytest.mark.parametrize("preset", PRESETS)
def test_no_preset_claims_a_key_twice(preset: str) -> None:
    assert conflicts(keymap(ACTIONS, preset, {})) == {}


@pytest.mark.parametrize("preset", PRESETS)
def test_no_preset_leaves_an_action_without_any_of_its_keys(preset: str) -> None:
    keys = keymap(ACTIONS, preset, {})
    assert [row.id for row in ACTIONS if row.keys and not keys[row.id]] == []


def test_a_key_given_to_one_action_is_taken_from_the_row_that_had_it() -> None:
    rows = [Action("a", "A", keys=("X",)), Action("b", "B", keys=("Y", "Z"))]
    assert keymap(rows, "own", {"a": ("Y",)}) == {"a": ("Y",), "b": ("Z",)}


def test_a_key_given_by_the_user_stays_theirs_under_a_preset_that_gives_it_elsewhere() -> None:
    assert PRESETS["cvat"]["draw.outside"] == ("O",)
    keys = keymap(ACTIONS, "cvat", {"canvas.hide": ("O",)})
    assert (keys["canvas.hide"], keys["draw.outside"]) == (("O",), ())
    assert conflicts(keys) == {}


def test_the_letter_that_opens_a_menu_is_claimed_already() -> None:
    assert conflicts({"a": ("Alt+I",), "b": ("Alt+M",)}) == {"Alt+I": ["menu.media", "a"]}


def test_two_own_choices_of_one_key_are_a_conflict() -> None:
    assert conflicts({"a": ("X",), "b": ("X", "Y")}) == {"X": ["a", "b"]}


@pytest.mark.parametrize(
    ("key", "wanted"),
    [("N", True), ("/", True), ("Return", True), ("Shift+Tab", True), ("Shift+L", True), ("Backspace", True),
     ("Ctrl+Z", False), ("Ctrl+Return", False), ("Ctrl+Left", True), ("Alt+M", False), ("F6", False), ("Escape", False),
     ("Ctrl++", False), ("+", True)],
)  # fmt: skip
def test_keys_that_a_text_field_wants_for_itself(key: str, wanted: bool) -> None:
    assert writes(key) is wanted
