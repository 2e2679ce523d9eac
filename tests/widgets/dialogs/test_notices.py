"""Licences: what is there is listed, found by any of its words, and read."""

import pytest
from PySide6.QtWidgets import QLineEdit, QListWidget, QPlainTextEdit
from pytestqt.qtbot import QtBot

from widgets.dialogs.notices import Notice, NoticesDialog

NOTICES = [
    Notice("groundwork", "0.1.0", "Apache-2.0", "Apache License"),
    Notice("FFmpeg", "62.28", "LGPL-3.0-or-later", "GNU Lesser General Public License"),
    Notice("noto-color-emoji", "", "SIL OFL", "Copyright 2013-2017 Google Inc."),
]


@pytest.fixture
def dialog(qtbot: QtBot) -> NoticesDialog:
    made = NoticesDialog(NOTICES)
    qtbot.addWidget(made)
    return made


def _shown(dialog: NoticesDialog) -> list[str]:
    rows = dialog.findChild(QListWidget, "notices.list")
    return [rows.item(row).text() for row in range(rows.count())]


def test_every_part_is_listed_and_the_first_one_read(dialog: NoticesDialog) -> None:
    assert _shown(dialog) == ["groundwork 0.1.0", "FFmpeg 62.28", "noto-color-emoji"]
    assert "Apache License" in dialog.findChild(QPlainTextEdit, "notices.text").toPlainText()


@pytest.mark.parametrize("words", ["ffmpeg", "lgpl-3", "lesser general"])
def test_a_part_is_found_by_its_name_its_licence_and_its_words(dialog: NoticesDialog, words: str) -> None:
    dialog.findChild(QLineEdit, "notices.find").setText(words)
    assert _shown(dialog) == ["FFmpeg 62.28"]
    assert "Lesser" in dialog.findChild(QPlainTextEdit, "notices.text").toPlainText()


def test_nothing_is_read_when_nothing_is_found(dialog: NoticesDialog) -> None:
    dialog.show_matching("no such words")
    assert not _shown(dialog)
    assert not dialog.findChild(QPlainTextEdit, "notices.text").toPlainText()
