"""Colours by role for light, dark and high contrast, and how an application takes them on while it runs.

The palette carries every role, so a widget that paints itself asks `roles_of(self.palette())` and repaints by itself
when the theme changes.
"""

from msgspec import Struct
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

import resources

Place = QPalette.ColorRole


class Roles(Struct, frozen=True):
    """One colour, `#rrggbb`, for each thing that colour says.

    `canvas` lies behind pictures and lanes, `hover` behind what the pointer is on; `off` is what cannot be used now.
    """

    surface: str
    raised: str
    canvas: str
    line: str
    hover: str
    text: str
    muted: str
    off: str
    accent: str
    on_accent: str
    danger: str
    ok: str
    focus: str


THEMES = {
    "light": Roles(
        surface="#f3f4f6",
        raised="#ffffff",
        canvas="#dfe2e6",
        line="#c8cdd3",
        hover="#dadfe5",
        text="#1b1f24",
        muted="#515a64",
        off="#8a929b",
        accent="#0b5cc0",
        on_accent="#ffffff",
        danger="#b3261e",
        ok="#17682f",
        focus="#0b5cc0",
    ),
    "dark": Roles(
        surface="#1f2226",
        raised="#282c31",
        canvas="#141619",
        line="#40464d",
        hover="#383e45",
        text="#e7eaee",
        muted="#a8b0ba",
        off="#727a84",
        accent="#74b5ff",
        on_accent="#0d1520",
        danger="#ff9087",
        ok="#78d394",
        focus="#74b5ff",
    ),
    "contrast": Roles(
        surface="#000000",
        raised="#000000",
        canvas="#000000",
        line="#ffffff",
        hover="#4d4300",
        text="#ffffff",
        muted="#dadada",
        off="#8a8a8a",
        accent="#ffd84a",
        on_accent="#000000",
        danger="#ffa59d",
        ok="#7dfc9c",
        focus="#ffd84a",
    ),
}

_HALF = 128
# `ok` and `focus` have no place of their own in Qt's palette; a visited link and the accent are drawn nowhere else.
_PLACES = {
    "surface": (Place.Window, Place.Button, Place.AlternateBase),
    "raised": (Place.Base, Place.ToolTipBase),
    "canvas": (Place.Dark,),
    "line": (Place.Mid, Place.Light),
    "hover": (Place.Midlight,),
    "text": (Place.WindowText, Place.Text, Place.ButtonText, Place.ToolTipText),
    "muted": (Place.PlaceholderText,),
    "accent": (Place.Highlight, Place.Link),
    "on_accent": (Place.HighlightedText,),
    "danger": (Place.BrightText,),
    "ok": (Place.LinkVisited,),
    "focus": (Place.Accent,),
}
_OFF = (Place.WindowText, Place.Text, Place.ButtonText)
_MOST_REMEMBERED = 64
_remembered: dict[int, Roles] = {}


def palette_of(roles: Roles) -> QPalette:
    palette = QPalette()
    for role, places in _PLACES.items():
        for place in places:
            palette.setColor(place, QColor(getattr(roles, role)))
    palette.setColor(Place.Shadow, QColor(roles.canvas))
    for place in _OFF:
        palette.setColor(QPalette.ColorGroup.Disabled, place, QColor(roles.off))
    return palette


def roles_of(palette: QPalette) -> Roles:
    """The roles that `palette_of` put into a palette; asked for in every painting, so they are remembered."""
    key = palette.cacheKey()
    if key not in _remembered:
        if len(_remembered) >= _MOST_REMEMBERED:
            _remembered.clear()
        _remembered[key] = _read(palette)
    return _remembered[key]


def _read(palette: QPalette) -> Roles:
    """Whatever group is current: a disabled widget has the palette of all others, and its key."""
    on, off = QPalette.ColorGroup.Active, palette.color(QPalette.ColorGroup.Disabled, _OFF[0]).name()
    return Roles(off=off, **{role: palette.color(on, places[0]).name() for role, places in _PLACES.items()})


def apply(application: QApplication, roles: Roles, *, scale: float = 1.0) -> None:
    """Dress the whole application; `scale` multiplies the 13 px of body text."""
    font = QFont(application.font())
    font.setPixelSize(round(13 * scale))
    application.setFont(font)
    application.setPalette(palette_of(roles))
    application.setStyleSheet(_sheet(roles, scale))


def _sheet(roles: Roles, scale: float) -> str:
    """The style sheet, its `@role` and `@small` names replaced."""
    sheet = resources.text("themes/window.qss").replace("@small", f"{round(11 * scale)}px")
    tick = "tick_light" if QColor(roles.on_accent).lightness() > _HALF else "tick_dark"
    for name, drawing in (("chevron", "chevron"), ("upwards", "chevron_up"), ("tick", tick)):
        sheet = sheet.replace(f"@{name}", resources.path(f"themes/{drawing}.svg").as_posix())
    for role in sorted(Roles.__struct_fields__, key=len, reverse=True):
        sheet = sheet.replace(f"@{role}", getattr(roles, role))
    return sheet
