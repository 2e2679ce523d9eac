"""What the frozen encoders make of each medium, computed once and kept on the disk within a byte budget."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.domain.media import MediaKind
from engine.training.checkpoints import write_file

Encode = Callable[[MediaKind, str], Tensor]


class FeatureCache:
    """Features by kind and key of a medium. Beyond `budget` bytes they are computed anew each time.

    They are rounded to `dtype` whether kept or not, so that a full cache changes no number.
    """

    def __init__(self, folder: Path, budget: int, dtype: torch.dtype, encode: Encode) -> None:
        self._folder, self._budget, self._dtype, self._encode = folder, budget, dtype, encode
        folder.mkdir(parents=True, exist_ok=True)
        self._used = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
        self._held: dict[Path, Tensor] = {}

    def __call__(self, kind: MediaKind, key: str) -> Tensor:
        """The features of one medium, without its batch dimension."""
        path = self._folder / f"{kind}-{hashlib.sha256(key.encode()).hexdigest()[:32]}.safetensors"
        if path in self._held:
            return self._held[path]
        features = self._read(path)
        if features is None:
            with torch.no_grad():
                features = self._encode(kind, key).to(self._dtype).cpu()
            self._keep(path, features)
        return features

    def _read(self, path: Path) -> Tensor | None:
        try:
            features = load_file(path)["features"]
        except (OSError, SafetensorError, KeyError):
            return None
        self._held[path] = features
        return features

    def _keep(self, path: Path, features: Tensor) -> None:
        size = features.nbytes
        if self._used + size > self._budget:
            return
        try:
            write_file(path, lambda part: save_file({"features": features.contiguous()}, part))
        except (OSError, SafetensorError):
            self._budget = 0
            return
        self._used += size
        self._held[path] = features
