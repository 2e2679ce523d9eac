import pytest
from PySide6.QtGui import QColor, QPalette

from widgets.theme import THEMES, palette_of, roles_of


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    parts = [channel / 255 for channel in QColor(colour).getRgb()[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", THEMES)
def test_every_word_can_be_read(name: str) -> None:
    roles, least = THEMES[name], 7.0 if name == "contrast" else 4.5
    for ink in (roles.text, roles.muted, roles.accent, roles.danger, roles.ok):
        assert contrast(ink, roles.surface) >= least
        assert contrast(ink, roles.raised) >= least
    assert contrast(roles.text, roles.hover) >= least
    assert contrast(roles.on_accent, roles.accent) >= least


@pytest.mark.parametrize("name", THEMES)
def test_a_palette_carries_all_roles(name: str, qapp: object) -> None:
    assert roles_of(palette_of(THEMES[name])) == THEMES[name]


def test_a_disabled_widget_knows_the_same_roles(qapp: object) -> None:
    palette = palette_of(THEMES["dark"])
    palette.setCurrentColorGroup(QPalette.ColorGroup.Disabled)
    assert roles_of(palette) == THEMES["dark"]
