"""Questions with known truth: from the held-out media of a project, or from a file of them."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.domain.annotation import Annotation, Review
from engine.domain.errors import ExchangeError
from engine.domain.geometry import Absent, Box, Segment
from engine.domain.media import Clock, MediaKind
from engine.exchange import wordings
from engine.exchange.training_set import Material


class Case(Struct, frozen=True):
    """One question about `media` (absolute paths). `truths` empty says that what is asked for is not there.

    `before` are questions of the same conversation that come first; their answers are the model's own.
    `unit` is the medium by which cases are drawn together when intervals are computed.
    """

    id: str
    unit: str
    media: tuple[str, ...]
    question: str
    phrase: str
    truths: tuple[Box | Segment, ...]
    size: tuple[int, int] = (0, 0)
    clock: Clock | None = None
    before: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What the truth is: "box", "segment" or "absent"."""
        if not self.truths:
            return "absent"
        return "box" if isinstance(self.truths[0], Box) else "segment"


def of_material(rows: Iterable[Material], names: dict[str, str]) -> Iterator[Case]:
    """One question per phrase of every medium's verified annotations, in the first of training's wordings."""
    for row in rows:
        groups: dict[str, list[Annotation]] = {}
        for one in row.annotations:
            phrase = (one.phrase or names.get(one.label or "", "")).strip()
            if phrase:
                groups.setdefault(phrase, []).append(one)
        for phrase, group in groups.items():
            truths = _truths(group)
            absent = any(_denied(one) for one in group)
            if truths or absent:
                yield _case(row, phrase, truths)


def write_cases(path: Path, cases: Iterable[Case]) -> None:
    """One line of JSON each, to serve as a fixed regression set."""
    encoder = msgspec.json.Encoder()
    part = path.with_name(path.name + ".part")
    part.write_bytes(b"".join(encoder.encode(case) + b"\n" for case in cases))
    part.replace(path)


def read_cases(path: Path) -> list[Case]:
    """Cases that `write_cases` wrote; relative media lie beside the file."""
    try:
        cases = [msgspec.json.decode(line, type=Case) for line in path.read_bytes().splitlines()]
    except (OSError, msgspec.MsgspecError) as error:
        raise ExchangeError(f"{path} is no file of questions with their truth; choose another.") from error
    return [
        msgspec.structs.replace(case, media=tuple(str(path.parent / medium) for medium in case.media)) for case in cases
    ]


def _case(row: Material, phrase: str, truths: Sequence[Box | Segment]) -> Case:
    item = row.item
    box = isinstance(truths[0], Box) if truths else item.kind is MediaKind.IMAGE
    texts = wordings.WHERE if box else wordings.WHEN[item.kind]
    return Case(
        f"{item.id}/{phrase}",
        item.id,
        (row.path,),
        wordings.filled(texts, phrase)[0],
        phrase,
        tuple(truths),
        (item.width, item.height),
        item.clock,
    )


def _truths(group: Sequence[Annotation]) -> list[Box | Segment]:
    """The places of one kind, the first one's; boxes of a clip belong to frames and are no answer about the clip."""
    places = [one.geometry for one in group if one.verified and isinstance(one.geometry, Box | Segment)]
    return [place for place in places if type(place) is type(places[0])]


def _denied(one: Annotation) -> bool:
    return one.review is Review.REJECTED or (one.verified and isinstance(one.geometry, Absent))
