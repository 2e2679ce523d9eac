"""Whose work is inside: from what is installed, or from a bundle's own list."""

from pathlib import Path

import msgspec
import pytest

import resources
from app.notices import notices
from widgets.dialogs.notices import Notice


def test_what_is_installed_is_named_with_its_licence_and_words() -> None:
    found = {notice.name.lower(): notice for notice in notices()}
    assert next(iter(found)) == "groundwork"
    assert {"pyside6_essentials", "torch", "av", "numpy", "noto-color-emoji"} <= found.keys()
    assert "pytest" not in found
    assert "BSD-3-Clause" in found["numpy"].licence
    assert "Redistribution and use" in found["numpy"].text
    assert all(notice.licence for notice in found.values())


def test_a_bundle_shows_its_own_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [Notice("groundwork", "1", "Apache-2.0", "words")]
    (tmp_path / "licences").mkdir()
    (tmp_path / "licences/notices.json").write_bytes(msgspec.json.encode(listed))
    monkeypatch.setattr(resources, "_ROOT", tmp_path)
    assert notices() == listed
