"""How the window looks and which keys it obeys, now and whenever the settings change."""

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from app.actions.board import ActionBoard
from app.actions.keymap import keymap
from app.preferences import Preferences
from app.settings import Settings
from widgets import theme

_THEMES = tuple(theme.THEMES)


def theme_name(settings: Settings) -> str:
    """The theme to show: the chosen one, or the system's light or dark."""
    if settings.theme in _THEMES:
        return settings.theme
    hints = QGuiApplication.styleHints()
    return "dark" if hints.colorScheme() == Qt.ColorScheme.Dark else "light"


def connect_theme(board: ActionBoard, preferences: Preferences) -> None:
    """Dress the application now and whenever theme, text size or the system's colours change."""

    def dress() -> None:
        application = QApplication.instance()
        if isinstance(application, QApplication):
            roles = theme.THEMES[theme_name(preferences.value)]
            theme.apply(application, roles, scale=preferences.value.text_scale)
            board.dress(roles)

    dress()
    preferences.changed.connect(lambda _, keys: dress() if keys & {"theme", "text_scale"} else None)
    QGuiApplication.styleHints().colorSchemeChanged.connect(dress)
    board.bind({f"view.theme_{name}": partial(preferences.change, theme=name) for name in _THEMES})
    board.bind({"view.next_theme": lambda: preferences.change(theme=_after(theme_name(preferences.value)))})


def connect_keys(board: ActionBoard, preferences: Preferences) -> None:
    """Lay the keys of the preset and of the user."""

    def lay() -> None:
        settings = preferences.value
        board.set_keys(keymap(board.rows.values(), settings.preset, settings.keys))

    lay()
    preferences.changed.connect(lambda _, keys: lay() if keys & {"preset", "keys"} else None)


def _after(name: str) -> str:
    return _THEMES[(_THEMES.index(name) + 1) % len(_THEMES)]
