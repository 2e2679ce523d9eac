"""Which band of the timeline lies where. Pure."""

from collections.abc import Sequence
from enum import Enum, auto

from msgspec import Struct

from widgets.timeline import style


class Kind(Enum):
    """What a band shows."""

    RULER = auto()
    THUMBNAILS = auto()
    WAVEFORM = auto()
    SPECTROGRAM = auto()
    LANE = auto()


class Band(Struct, frozen=True):
    """A horizontal strip from `top`; `lane` is the lane's number for lanes."""

    kind: Kind
    top: int
    height: int
    lane: int = -1

    @property
    def bottom(self) -> int:
        return self.top + self.height


HEIGHTS = {
    Kind.RULER: style.RULER,
    Kind.THUMBNAILS: style.THUMBNAILS,
    Kind.WAVEFORM: style.WAVEFORM,
    Kind.SPECTROGRAM: style.SPECTROGRAM,
}


def laid_out(kinds: tuple[Kind, ...], lanes: Sequence[int], scrolled: int = 0) -> list[Band]:
    """The fixed bands from the top down, then lanes of these heights, moved up by `scrolled` pixels."""
    bands: list[Band] = []
    top = 0
    for kind in kinds:
        bands.append(Band(kind, top, HEIGHTS[kind]))
        top += HEIGHTS[kind] + style.GAP
    top -= scrolled
    for lane, height in enumerate(lanes):
        bands.append(Band(Kind.LANE, top, height, lane))
        top += height + style.GAP
    return bands


def fixed_height(kinds: tuple[Kind, ...]) -> int:
    """Where the lanes begin."""
    return sum(HEIGHTS[kind] + style.GAP for kind in kinds)


def overflow(kinds: tuple[Kind, ...], lanes: Sequence[int], height: int) -> int:
    """How far the lanes can be scrolled."""
    return max(fixed_height(kinds) + sum(lanes) + len(lanes) * style.GAP - height, 0)


def band_at(bands: list[Band], y: int, fixed: int) -> Band | None:
    """The band under `y`; lanes scrolled below the fixed bands are not reached."""
    under = [band for band in bands if band.top <= y < band.bottom + style.GAP]
    return next((band for band in under if (band.kind is Kind.LANE) == (y >= fixed)), None)
