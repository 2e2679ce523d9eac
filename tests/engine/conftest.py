"""Sounds without instruments."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.synthesis import material


@pytest.fixture
def waves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A tone for every kind of sound where the rendered ones are kept, since test machines have no instruments."""
    kept = tmp_path / "cache" / "groundwork" / "sound-material-1.npz"
    kept.parent.mkdir(parents=True)
    at = np.arange(material.PIECE) / material.RATE
    kinds = (*material.KNOWN_SOUNDS, *material.HELD_OUT_SOUNDS)
    tones = {kind.name: np.sin(2 * np.pi * (200 + 60 * place) * at) for place, kind in enumerate(kinds)}
    np.savez(
        kept, **{name: np.tile((tone * 8000).astype(np.int16), (material.PIECES, 1)) for name, tone in tones.items()}
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    material.material.cache_clear()
    yield
    material.material.cache_clear()
