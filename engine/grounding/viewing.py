"""Media as the model takes them in: what a file is, what is read of it, and its features as rows of numbers."""

import hashlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from msgspec import Struct
from torch.nn.modules.module import register_module_forward_pre_hook

from engine.domain.errors import MediaError, UsageError
from engine.domain.media import Clock, MediaKind
from engine.grounding.backbone import Floats, Stop
from engine.grounding.manifest import Manifest
from engine.grounding.senses import Senses
from engine.media import probe, sampled
from engine.media.container import readable
from engine.media.convert import Converter
from engine.media.index import frame_index
from engine.media.sampling import picture_values
from engine.media.video import VideoReader

# So much is read before the next look at a wish to stop.
_BLOCK = 4 << 20

_Key = tuple[str, int, int]
"""Path, bytes and time of change: what tells that a file is still the same."""


class Viewed(Struct, frozen=True):
    """One medium of a question. `kind` is what the model takes it for: a single frame of a clip is a picture."""

    path: Path
    kind: MediaKind
    digest: str
    size: tuple[int, int]
    clock: Clock | None
    frame: int | None = None


class Viewer:
    """Looks at files; remembers what it found of those that did not change."""

    def __init__(self) -> None:
        self._known: dict[_Key, tuple[probe.Probed, str]] = {}

    def study(self, paths: Sequence[str], stop: Stop) -> Iterator[tuple[int, int]]:
        """Reads files that are not known yet, so that `view` need not; of a large one, bytes read and bytes in all.

        Raises MediaError for what cannot be read, Cancelled once stopped.
        """
        for path in map(Path, paths):
            yield from self._learn(path, _key(path), stop)

    def view(self, paths: Sequence[str], frame: int | None) -> list[Viewed]:
        """The media of a question, at most one of a kind; a MediaError or UsageError says what is wrong with them."""
        seen = [self._one(Path(path), frame) for path in paths]
        for kind in MediaKind:
            if sum(medium.kind is kind for medium in seen) > 1:
                raise UsageError(f"The model takes one {kind.value} at a time; ask about each of them alone.")
        return seen

    def _one(self, path: Path, frame: int | None) -> Viewed:
        key = _key(path)
        for _ in self._learn(path, key, Stop()):
            pass
        known, digest = self._known[key]
        single = frame if known.kind is MediaKind.VIDEO else None
        kind = MediaKind.IMAGE if single is not None else known.kind
        return Viewed(path, kind, digest, (known.width, known.height), known.clock, single)

    def _learn(self, path: Path, key: _Key, stop: Stop) -> Iterator[tuple[int, int]]:
        if key not in self._known:
            stop.check()
            known = probe.probe(path)
            self._known[key] = (known, (yield from _hashed(path, known.size, stop)))


def _key(path: Path) -> _Key:
    try:
        stat = path.stat()
    except (OSError, ValueError) as error:
        raise MediaError(f"“{path}” is not there or cannot be read; locate it again.") from error
    return str(path), stat.st_size, stat.st_mtime_ns


def _hashed(path: Path, size: int, stop: Stop) -> Generator[tuple[int, int], None, str]:
    """The digest of a file, block by block."""
    whole, done = hashlib.sha256(), 0
    with readable(path), path.open("rb") as file:
        while block := file.read(_BLOCK):
            stop.check()
            whole.update(block)
            done += len(block)
            if done < size:
                yield done, size
    return whole.hexdigest()


def features(medium: Viewed, senses: Senses, manifest: Manifest, stop: Stop) -> Floats:
    """Rows (N, hidden) of the language model for a medium. Raises Cancelled between two modules of an encoder."""
    stop.check()
    values = _values(medium, manifest, stop)
    stop.check()
    weight = next(senses.parameters())
    encode = {
        MediaKind.IMAGE: senses.encode_image,
        MediaKind.VIDEO: senses.encode_video,
        MediaKind.AUDIO: senses.encode_sound,
    }[medium.kind]
    with torch.inference_mode(), _stopping(stop):
        rows = encode(torch.from_numpy(values)[None].to(weight.device, weight.dtype))
    flat: Floats = rows[0].float().cpu().numpy()
    return flat


def frame_pixels(path: Path, pts: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """RGB (H, W, 3) of the frame on screen at `pts`, as displayed."""
    known = probe.probe(path)
    reader = VideoReader(path, frame_index(path))
    try:
        found, frame = reader.at(pts)
        return Converter(known.orientation).frame(frame, found).pixels[..., 2::-1].copy()
    finally:
        reader.close()


def _values(medium: Viewed, manifest: Manifest, stop: Stop) -> Floats:
    if medium.frame is not None:
        return picture_values(frame_pixels(medium.path, medium.frame), manifest.seeing)
    if medium.kind is MediaKind.IMAGE:
        return sampled.picture(medium.path, manifest.seeing)
    if medium.kind is MediaKind.VIDEO:
        return sampled.clip(medium.path, manifest.watching, stop.check)
    return sampled.sound(medium.path, manifest.hearing, stop.check)


@contextmanager
def _stopping(stop: Stop) -> Iterator[None]:
    """Every module that is about to compute looks at the stop flag first."""
    hook = register_module_forward_pre_hook(lambda _module, _inputs: stop.check())
    try:
        yield
    finally:
        hook.remove()
