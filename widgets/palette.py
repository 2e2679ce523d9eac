"""Colours of labels: data, the same in every theme, told apart with every kind of colour vision."""

from zlib import crc32

from PySide6.QtGui import QColor

from engine.domain.annotation import Annotation, Label

# Okabe and Ito, "Color Universal Design" (2008), and a grey.
OKABE_ITO = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#999999")
# The eight again with a second line style: a light centre line.
COLOURS = 2 * len(OKABE_ITO)

_LIGHT = frozenset({0, 1, 3, 6, 7})


def colour(index: int) -> QColor:
    """The colour of a palette index; indexes beyond the palette wrap around."""
    return QColor(OKABE_ITO[index % len(OKABE_ITO)])


def ink(index: int) -> QColor:
    """Black or white: the colour of text that stands on `colour(index)`."""
    return QColor("#000000" if index % len(OKABE_ITO) in _LIGHT else "#FFFFFF")


def second_style(index: int) -> bool:
    """Whether this index is drawn with the second line style."""
    return index % COLOURS >= len(OKABE_ITO)


def index_of(annotation: Annotation, labels: dict[str, Label]) -> int:
    """The palette index of an annotation: its label's, or one that only depends on its phrase."""
    label = labels.get(annotation.label or "")
    return label.colour % COLOURS if label else crc32(annotation.phrase.casefold().encode()) % COLOURS


def title_of(annotation: Annotation, labels: dict[str, Label]) -> str:
    """What stands on the tag: the phrase, or the label's name when there is no phrase."""
    label = labels.get(annotation.label or "")
    return annotation.phrase or (label.name if label else "")
