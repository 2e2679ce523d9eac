"""One comparison is one row; limits are those of the golden data's own description, in float32 on a CPU."""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from torch import Tensor

EQUAL = 0.0
PIXELS = 1e-6
FEATURES = 2e-4
LOGITS = 1e-3
RELATIVE = 1e-3
WAVE = 1e-3
# A filter bank of our own against the original, without and after a change of rate: (largest, mean).
SOUND_AT_RATE = (0.02, 1e-4)
SOUND_RESAMPLED = (0.25, 0.01)


class Row(Struct, frozen=True):
    """`largest` and `mean` are absolute errors, or relative ones for losses and norms; None for texts and lists."""

    name: str
    ok: bool
    limit: float
    largest: float | None = None
    mean: float | None = None
    note: str = ""


def close(name: str, ours: Tensor, golden: Tensor, limit: float, mean_limit: float | None = None) -> Row:
    """Whether every element differs by `limit` at most, and the mean by `mean_limit`."""
    if ours.shape != golden.shape:
        return Row(name, ok=False, limit=limit, note=f"shape {tuple(ours.shape)}, not {tuple(golden.shape)}")
    error = (ours.detach().double() - golden.double()).abs()
    largest, mean = (float(error.max()), float(error.mean())) if error.numel() else (0.0, 0.0)
    ok = largest <= limit and (mean_limit is None or mean <= mean_limit)
    return Row(name, ok, limit, largest, mean, f"{error.numel()} numbers")


def relative(name: str, ours: float, golden: float, *, noise: float = 0.0) -> Row:
    """Whether a loss or norm differs by a thousandth at most; below `noise` both need only be small."""
    if 0 <= golden <= noise:
        return Row(name, 0 <= ours <= noise, noise, ours, ours, "rounding noise in both")
    error = abs(ours - golden) / abs(golden) if golden else abs(ours)
    return Row(name, error <= RELATIVE, RELATIVE, error, error, f"{ours:.6g}, golden {golden:.6g}")


def equal(name: str, ours: object, golden: object) -> Row:
    """Whether texts, lists or numbers are the same."""
    note = "equal" if ours == golden else f"{_short(ours)}, golden {_short(golden)}"
    return Row(name, ours == golden, EQUAL, note=note)


def unread(recorded: Iterable[str], stems: Iterable[str]) -> Iterator[Row]:
    """A row that fails for each recorded tensor under none of the `stems` that rows were made for."""
    known = tuple(f"{stem}." for stem in stems)
    for name in recorded:
        if not name.startswith(known):
            yield Row(name, ok=False, limit=EQUAL, note="nothing says what this tensor is compared with")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
