"""Segments on tiers, as ELAN and Praat keep them: a tier for each label, and more where segments overlap."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from engine.domain.annotation import Annotation
from engine.domain.geometry import Segment
from engine.exchange.dataset import Dataset, category_names

UNLABELLED = "phrases"
_MORE = " · "
_T = TypeVar("_T")


def labelled_tiers(annotations: Iterable[Annotation], dataset: Dataset) -> dict[str, list[tuple[Annotation, Segment]]]:
    """Segments by the name of their label; those without one under `UNLABELLED`."""
    names = category_names(dataset)
    tiers: dict[str, list[tuple[Annotation, Segment]]] = {}
    for one in annotations:
        if isinstance(one.geometry, Segment):
            tiers.setdefault(names.get(one.label or "", UNLABELLED), []).append((one, one.geometry))
    return tiers


def layers(spans: Sequence[tuple[float, float, _T]]) -> list[list[tuple[float, float, _T]]]:
    """Spans divided into as few layers as it takes for none to overlap within a layer, each in order of time."""
    made: list[list[tuple[float, float, _T]]] = []
    for span in sorted(spans, key=lambda one: (one[0], one[1])):
        free = next((layer for layer in made if layer[-1][1] <= span[0]), None)
        if free is None:
            made.append([span])
        else:
            free.append(span)
    return made


def tier_name(label: str, layer: int) -> str:
    """The name of a label's tier, numbered from the second layer on."""
    return label if layer == 0 else f"{label}{_MORE}{layer + 1}"


def label_of(tier: str, tiers: Iterable[str]) -> str:
    """The label behind a tier's name: a numbered tier belongs to the one without a number, if that is there."""
    stem, mark, number = tier.rpartition(_MORE)
    label = stem if mark and number.isdigit() and stem in set(tiers) else tier
    return "" if label == UNLABELLED else label
