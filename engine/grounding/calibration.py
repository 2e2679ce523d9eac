"""From the model's own sureness to a probability: curves that were fitted once and stand in the model's manifest."""

from bisect import bisect_right
from typing import Annotated

from msgspec import Meta, Struct

from engine.domain.geometry import Geometry, Segment

Share = Annotated[float, Meta(ge=0, le=1)]
Curve = tuple[tuple[Share, Share], ...]
"""Points (sureness, share of such places that were right), rising in both; linear between, level outside."""


class Calibration(Struct, frozen=True, forbid_unknown_fields=True):
    """One curve for boxes and one for segments; an empty curve changes nothing."""

    boxes: Curve = ()
    segments: Curve = ()

    def score(self, sureness: float, place: Geometry) -> float:
        """How probable it is that a place of that sureness is right, 0..1."""
        return along(self.segments if isinstance(place, Segment) else self.boxes, sureness)


def along(curve: Curve, sureness: float) -> float:
    """The curve's value there; the sureness itself where there is no curve."""
    if not curve:
        return sureness
    after = bisect_right(curve, sureness, key=lambda point: point[0])
    if after in {0, len(curve)}:
        return curve[max(after - 1, 0)][1]
    (low, first), (high, last) = curve[after - 1 : after + 1]
    return first + (last - first) * (sureness - low) / (high - low)
