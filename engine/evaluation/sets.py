"""Published sets as cases: RefCOCO-style references and Charades-STA-style lines."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from engine.domain.errors import ExchangeError
from engine.domain.geometry import Box, Segment
from engine.evaluation.cases import Case
from engine.exchange.refcoco import unpickled
from engine.media.probe import probe

_T = TypeVar("_T")
_WHERE = "Where is {}?"
_WHEN = "When does it happen that {}?"
_LINE = re.compile(r"(\S+) ([0-9.]+) ([0-9.]+)##(.+)")


class _Sentence(Struct):
    raw: str = ""
    sent: str = ""


class _Reference(Struct):
    image_id: int
    sentences: list[_Sentence]
    ref_id: int = -1
    ann_id: int = -1
    split: str = ""


class _Instance(Struct):
    id: int
    bbox: tuple[float, float, float, float]


class _Image(Struct):
    id: int
    file_name: str
    width: int
    height: int


class _Instances(Struct):
    images: list[_Image]
    annotations: list[_Instance]


def refcoco(references: Path, media: Path, split: str) -> Iterator[Case]:
    """Every sentence of a split of `refs(….p)` or `refs.json`, with `instances.json` beside it."""
    known = _read(references.parent / "instances.json", _Instances)
    images = {row.id: row for row in known.images}
    boxes = {row.id: row.bbox for row in known.annotations}
    for row in _references(references):
        if row.split != split:
            continue
        image, box = images.get(row.image_id), boxes.get(row.ann_id)
        if image is None or box is None:
            raise ExchangeError(f"{references}: reference {row.ref_id} names a picture or box that is not there.")
        truth = Box(box[0], box[1], box[0] + box[2], box[1] + box[3])
        for place, sentence in enumerate(row.sentences):
            phrase = sentence.sent or sentence.raw
            yield Case(
                f"{row.ref_id}/{place}",
                str(row.image_id),
                (str(media / image.file_name),),
                _WHERE.format(phrase),
                phrase,
                (truth,),
                (image.width, image.height),
            )


def charades(lines: Path, media: Path, suffix: str = ".mp4") -> Iterator[Case]:
    """Every line `VIDEO start end##sentence.` of a Charades-STA file; seconds, ends clipped to the clip."""
    try:
        text = lines.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ExchangeError(f"{lines} cannot be read as text; choose another file.") from error
    for number, line in enumerate(text.splitlines(), start=1):
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise ExchangeError(f"{lines}: line {number} is not “video start end##sentence”; correct it.")
        name, start, end, sentence = match.groups()
        path = media / f"{name}{suffix}"
        clock = probe(path).clock
        if clock is None:
            raise ExchangeError(f"{path} has no length; choose a clip.")
        last = clock.start + clock.duration
        truth = Segment(clock.pts_at(float(start)), min(clock.pts_at(float(end)), last))
        phrase = sentence.strip().rstrip(".")
        yield Case(f"{number}", name, (str(path),), _WHEN.format(phrase), phrase, (truth,), clock=clock)


def _references(path: Path) -> list[_Reference]:
    if path.suffix == ".json":
        return _read(path, list[_Reference])
    try:
        return msgspec.convert(unpickled(path), list[_Reference])
    except msgspec.ValidationError as error:
        raise ExchangeError(f"{path} is no list of references ({error}); choose a refs file.") from error


def _read(path: Path, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError) as error:
        raise ExchangeError(f"{path} cannot be read ({error}); choose a whole set of references.") from error
