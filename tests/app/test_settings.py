from pathlib import Path

import msgspec
import pytest

from app import settings
from app.preferences import Preferences
from app.settings import ROWS, Settings
from engine.domain.errors import StoreError


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "settings.json"
    settings.write(file, Settings(theme="dark"))
    assert msgspec.json.decode(file.read_bytes()) == {"theme": "dark"}
    assert settings.read(file) == Settings(theme="dark")
    assert [path.name for path in file.parent.iterdir()] == ["settings.json"]


def test_every_row_is_a_setting_with_a_value_among_its_choices() -> None:
    for row in ROWS:
        value = getattr(Settings(), row.key)
        assert row.kind != "choice" or value in {choice for choice, _ in row.choices}


def test_a_foreign_file_is_refused_and_never_overwritten(tmp_path: Path, qapp: object) -> None:
    file = tmp_path / "settings.json"
    file.write_text("{broken")
    with pytest.raises(StoreError, match="cannot be read"):
        settings.read(file)
    preferences = Preferences(file)
    preferences.change(theme="dark")
    assert preferences.value.theme == "dark"
    assert file.read_text() == "{broken"
    assert str(file) in preferences.trouble


def test_a_change_is_kept_and_told_once(tmp_path: Path, qapp: object) -> None:
    preferences = Preferences(tmp_path / "settings.json")
    told: list[frozenset[str]] = []
    preferences.changed.connect(lambda _value, keys: told.append(keys))
    preferences.change(theme="dark")
    preferences.change(theme="dark")
    assert told == [frozenset({"theme"})]
    assert Preferences(tmp_path / "settings.json").value.theme == "dark"


def test_a_value_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        settings.changed(Settings(), threshold="high")


def test_settings_of_other_versions_are_read(tmp_path: Path) -> None:
    """What an older version did not know has its default; what a newer one added is passed over."""
    file = tmp_path / "settings.json"
    file.write_text(
        '{"theme": "dark", "model": "/models/mine", "keys": {"edit.undo": ["Ctrl+U"]}, "of_tomorrow": [1, 2]}'
    )
    read = settings.read(file)
    assert (read.theme, read.model, read.keys) == ("dark", "/models/mine", {"edit.undo": ("Ctrl+U",)})
    assert read.proxy == Settings().proxy
