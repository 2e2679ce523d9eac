"""From verified annotations to conversations to learn from, in three stages (GroundingGPT, section 4).

1 alignment: captions and names · 2 fine-grained: one question about a place or a time, regions, things that are not
there · 3 instruction: several turns about one medium. Media are held out whole, by a hash of their identity, so that
the same medium stays held out from one run to the next.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from engine import grammar
from engine.domain.annotation import Annotation, Label, Origin, Review
from engine.domain.errors import ExchangeError
from engine.domain.geometry import Absent, Box, Geometry, Segment, Track, WholeItem
from engine.domain.media import MediaItem, MediaKind
from engine.domain.query import Query
from engine.domain.training import Exchange, Record
from engine.exchange import wordings

STAGES = ("alignment", "fine-grained", "instruction")
_PLACEHOLDERS = {MediaKind.IMAGE: "<image>", MediaKind.VIDEO: "<video>", MediaKind.AUDIO: "<sound>"}
_PLACES = frozenset({"box", "segment"})
_FRAMES = 4
"""On how many of its key frames a track says where its thing is."""
_KEYS = {MediaKind.IMAGE: "image", MediaKind.VIDEO: "video", MediaKind.AUDIO: "sound"}


class Material(Struct, frozen=True):
    """A medium with all that the project says about it; `path` is absolute."""

    item: MediaItem
    path: str
    annotations: tuple[Annotation, ...]
    queries: tuple[Query, ...] = ()


class Options(Struct, frozen=True):
    """`wordings` of a question for a place or a time, a quarter of them of any other; `turns` of a conversation.

    Shares of media held out and of earlier data replayed. With half as many denials as places, a model that met new
    kinds soon denied everything.
    """

    wordings: int = 4
    turns: int = 4
    held_out: float = 0.1
    replay: float = 0.2
    seed: int = 0


class DataSheet(Struct, frozen=True):
    """What a run learns from: counts by stage, label, kind of medium and origin; what was left out and why."""

    digest: str
    stages: dict[str, int]
    labels: dict[str, int]
    media: dict[str, int]
    origins: dict[str, int]
    skipped: dict[str, int]
    held_out: tuple[str, ...]
    replayed: int = 0


class TrainingSet(Struct, frozen=True):
    """Records to train on, the media that are kept back, the data sheet; and what would be asked about those media."""

    records: tuple[Record, ...]
    held_out: tuple[str, ...]
    sheet: DataSheet
    kept_back: tuple[Record, ...] = ()


class Statement(Struct, frozen=True):
    """One thing a record can say: an answer, and the questions that it answers; of a clip's `frame` if it has one."""

    kind: str
    phrase: str
    questions: tuple[str, ...]
    answer: str
    label: str
    origin: Origin
    frame: int | None = None


def training_set(
    material: Iterable[Material], labels: Sequence[Label], options: Options, earlier: Sequence[Record] = ()
) -> TrainingSet:
    """All records of a project. `earlier` are records of former runs or other sets, of which a share is replayed."""
    rows = list(material)
    held = held_out([row.item for row in rows], options)
    skipped: Counter[str] = Counter()
    names = {label.id: label.name for label in labels}
    fresh: list[Record] = []
    kept_back: list[Record] = []
    for row in rows:
        if row.item.id in held:
            skipped["held out"] += len(row.annotations)
            kept_back += _records(row, names, options, Counter())
        else:
            fresh += _records(row, names, options, skipped)
    replayed = _replayed(fresh, earlier, options)
    records = (*fresh, *replayed)
    sheet = _sheet(records, len(replayed), skipped, sorted(held))
    return TrainingSet(records, tuple(sorted(held)), sheet, tuple(kept_back))


def held_out(items: Sequence[MediaItem], options: Options) -> set[str]:
    """Ids of the media never trained on: a fixed share by hash, of five or more media at least one."""
    places = {item.id: _share(item.digest or item.path, options.seed) for item in items}
    held = {id_ for id_, place in places.items() if place < options.held_out}
    if not held and len(items) >= 5 and options.held_out > 0:
        held = {min(places, key=lambda id_: places[id_])}
    return held


def statements(row: Material, names: dict[str, str], skipped: Counter[str]) -> list[Statement]:
    """What the verified annotations of one medium say. `skipped` counts what they leave unsaid, by reason."""
    groups: dict[tuple[str, str], list[Annotation]] = {}
    rejected: list[Annotation] = []
    for one in row.annotations:
        if one.review is Review.REJECTED:
            rejected.append(one)
        elif not one.verified:
            skipped["not reviewed"] += 1
        elif _phrase(one, names) or isinstance(one.geometry, WholeItem):
            groups.setdefault((_kind(one), _phrase(one, names)), []).append(one)
        else:
            skipped["no phrase and no label"] += 1
    made = [made for (kind, phrase), group in groups.items() for made in _said(row, kind, phrase, group, skipped)]
    return [*made, *_on_frames(row, names), *_denials(row, rejected, {phrase for _, phrase in groups}, names)]


def from_conversations(path: Path, folder: Path, stage: str) -> list[Record]:
    """A JSON list of conversations in the published form; media lie under `folder`. ExchangeError names a bad row."""
    try:
        rows = msgspec.json.decode(path.read_bytes(), type=list[dict[str, msgspec.Raw]])
    except (OSError, msgspec.MsgspecError, RecursionError) as error:
        raise ExchangeError(f"{path} is no JSON list of conversations; choose another file.") from error
    return [_read_row(row, f"{path}: row {place}", folder, stage) for place, row in enumerate(rows)]


def to_conversations(records: Iterable[Record]) -> Iterator[dict[str, object]]:
    """Records in the published form, one JSON object each."""
    for record in records:
        marks = "".join(f"{_PLACEHOLDERS[kind]}\n" for kind in MediaKind if kind in record.media)
        talk = []
        for place, turn in enumerate(record.turns):
            talk.append({"from": "human", "value": ("" if place else marks) + turn.question})
            talk.append({"from": "gpt", "value": turn.answer})
        media = {_KEYS[kind]: path for kind, path in record.media.items()}
        frame = {} if record.frame is None else {"frame": record.frame}
        yield {"id": record.id, **media, **frame, "conversations": talk}


def digest_of(records: Iterable[Record]) -> str:
    """SHA-256 over the records in their order."""
    whole = hashlib.sha256()
    encoder = msgspec.json.Encoder(order="sorted")
    for record in records:
        whole.update(encoder.encode(record) + b"\n")
    return whole.hexdigest()


def _records(row: Material, names: dict[str, str], options: Options, skipped: Counter[str]) -> Iterator[Record]:
    said = statements(row, names, skipped)
    chance = random.Random(f"{options.seed}/{row.item.id}")
    for place, one in enumerate(said):
        stage = STAGES[0] if one.kind == "whole" else STAGES[1]
        count = options.wordings if one.kind in _PLACES else -(-options.wordings // 4)
        questions = chance.sample(one.questions, min(count, len(one.questions)))
        media = {row.item.kind if one.frame is None else MediaKind.IMAGE: row.path}
        for number, question in enumerate(questions):
            asked = (Exchange(question, one.answer),)
            yield Record(f"{row.item.id}/{place}/{number}", media, asked, stage, one.label, one.origin, one.frame)
    yield from _together(row, [one for one in said if one.frame is None], options, chance)


def _together(row: Material, said: Sequence[Statement], options: Options, chance: random.Random) -> Iterator[Record]:
    """What is said of the whole medium at once: all names, and a conversation of several turns."""
    media = {row.item.kind: row.path}
    if named := _naming(row, said, chance):
        yield Record(f"{row.item.id}/names", media, (named,), STAGES[0], "", Origin.HUMAN)
    if len(said) > 1:
        chosen = chance.sample(said, min(options.turns, len(said)))
        turns = tuple(Exchange(chance.choice(one.questions), one.answer) for one in chosen)
        yield Record(f"{row.item.id}/talk", media, turns, STAGES[2], "", Origin.HUMAN)


def _naming(row: Material, said: Sequence[Statement], chance: random.Random) -> Exchange | None:
    phrases = list(dict.fromkeys(one.phrase for one in said if one.kind in _PLACES))
    if not phrases:
        return None
    return Exchange(chance.choice(wordings.NAMES[row.item.kind]), ", ".join(phrases))


def _said(
    row: Material, kind: str, phrase: str, group: Sequence[Annotation], skipped: Counter[str]
) -> Iterator[Statement]:
    first, item = group[0], row.item
    label, origin = first.label or phrase, first.provenance.origin
    if kind == "whole":
        for one in group:
            yield Statement(kind, one.phrase, wordings.DESCRIBE[item.kind], one.phrase, label, origin)
        return
    if kind == "absent":
        yield _denial(row, phrase, label, origin)
        return
    group = [one for one in group if not _momentary(one.geometry)]
    marks = [mark for one in group if (mark := _mark(one, item))]
    if not marks:
        skipped.update({"its medium has no size or length": len(group)} if group else {})
        return
    own = tuple(query.text for query in row.queries if query.id in {one.query for one in group} and _plain(query))
    asked = wordings.filled(wordings.WHERE if kind == "box" else wordings.WHEN[item.kind], phrase)
    yield Statement(kind, phrase, (*own, *asked), grammar.write(phrase, list(dict.fromkeys(marks))), label, origin)
    places = wordings.WHAT if kind == "box" else wordings.HAPPENS[item.kind]
    for mark in dict.fromkeys(marks):
        questions = tuple(text.replace(grammar.PLACE, mark) for text in places)
        yield Statement("what", phrase, questions, phrase, label, origin)


def _on_frames(row: Material, names: dict[str, str]) -> Iterator[Statement]:
    """Where things are on single frames of a clip: on some of the key frames of its tracks."""
    item = row.item
    tracks = [(_phrase(one, names), one) for one in row.annotations if one.verified and isinstance(one.geometry, Track)]
    if min(item.width, item.height) <= 0:
        return
    for phrase in dict.fromkeys(phrase for phrase, _ in tracks if phrase):
        group = [one for name, one in tracks if name == phrase]
        shown = sorted({key.pts for one in group if isinstance(one.geometry, Track) for key in one.geometry.keys})
        shown = [pts for pts in shown if _boxes_at(group, pts)]
        for pts in dict.fromkeys(shown[len(shown) * place // _FRAMES] for place in range(_FRAMES) if shown):
            marks = [grammar.write_box(box, (item.width, item.height)) for box in _boxes_at(group, pts)]
            label, origin = group[0].label or phrase, group[0].provenance.origin
            asked = wordings.filled(wordings.WHERE, phrase)
            yield Statement("box", phrase, asked, grammar.write(phrase, marks), label, origin, pts)


def _boxes_at(group: Sequence[Annotation], pts: int) -> list[Box]:
    boxes = [one.geometry.box_at(pts) for one in group if isinstance(one.geometry, Track)]
    return [box for box in boxes if box is not None]


def _denials(
    row: Material, rejected: Sequence[Annotation], there: set[str], names: dict[str, str]
) -> Iterator[Statement]:
    """A phrase whose every prediction was rejected, and that nobody drew, is not there."""
    for phrase in dict.fromkeys(_phrase(one, names) for one in rejected):
        if phrase and phrase not in there:
            yield _denial(row, phrase, phrase, Origin.HUMAN)


def _denial(row: Material, phrase: str, label: str, origin: Origin) -> Statement:
    kind = row.item.kind
    texts = wordings.WHERE if kind is MediaKind.IMAGE else wordings.WHEN[kind]
    return Statement("absent", phrase, wordings.filled(texts, phrase), grammar.ABSENT, label, origin)


def _kind(one: Annotation) -> str:
    match one.geometry:
        case Box():
            return "box"
        case Segment() | Track():
            return "segment"
        case Absent():
            return "absent"
        case _:
            return "whole"


def _mark(one: Annotation, item: MediaItem) -> str:
    """Place or time in the model's spelling; a track counts as the time that it spans."""
    geometry = one.geometry
    if isinstance(geometry, Box):
        return grammar.write_box(geometry, (item.width, item.height)) if min(item.width, item.height) > 0 else ""
    if item.clock is None or item.clock.duration <= 0:
        return ""
    if isinstance(geometry, Track):
        end = item.clock.start + item.clock.duration
        last = geometry.keys[-1]
        geometry = Segment(geometry.keys[0].pts, last.pts if last.outside else end)
    return grammar.write_segment(geometry, item.clock) if isinstance(geometry, Segment) else ""


def _momentary(geometry: Geometry) -> bool:
    """Whether a track is of one frame only: it says where, and not when."""
    return (
        isinstance(geometry, Track) and geometry.keys[-1].outside and geometry.keys[-1].pts <= geometry.keys[0].pts + 1
    )


def _plain(query: Query) -> bool:
    """Whether the question's words say all of it."""
    return query.region is None and query.moment is None and query.frame is None and grammar.PLACE not in query.text


def _phrase(one: Annotation, names: dict[str, str]) -> str:
    return (one.phrase or names.get(one.label or "", "")).strip()


def _replayed(fresh: Sequence[Record], earlier: Sequence[Record], options: Options) -> list[Record]:
    """A share of what came before, sampled again for every later stage: earlier stages, and `earlier` records."""
    if not 0 < options.replay < 1:
        return []
    chance = random.Random(f"{options.seed}/replay")
    chosen: list[Record] = []
    for place, stage in enumerate(STAGES):
        own = [record for record in fresh if record.stage == stage]
        before = [record for record in fresh if record.stage in STAGES[:place]] + list(earlier)
        count = min(len(before), round(len(own) * options.replay / (1 - options.replay)))
        again = chance.sample(before, count)
        chosen += [msgspec.structs.replace(one, id=f"{one.id}/again-{stage}", stage=stage) for one in again]
    return chosen


def _sheet(records: Sequence[Record], replayed: int, skipped: Counter[str], held: Sequence[str]) -> DataSheet:
    kinds = Counter(kind.value for record in records for kind in record.media)
    return DataSheet(
        digest_of(records),
        dict(Counter(record.stage for record in records)),
        dict(Counter(record.label for record in records if record.label)),
        dict(kinds),
        dict(Counter(record.origin.value for record in records)),
        dict(skipped),
        tuple(held),
        replayed,
    )


def _read_row(row: dict[str, msgspec.Raw], where: str, folder: Path, stage: str) -> Record:
    try:
        talk = msgspec.json.decode(row["conversations"], type=list[dict[str, str]])
        media = {
            kind: str(folder / msgspec.json.decode(row[key], type=str)) for kind, key in _KEYS.items() if key in row
        }
        pairs = list(zip(talk[::2], talk[1::2], strict=True))
        turns = tuple(Exchange(_words(asked, "human"), _words(answer, "gpt")) for asked, answer in pairs)
        name = str(msgspec.json.decode(row["id"])) if "id" in row else where
        frame = msgspec.json.decode(row["frame"], type=int) if "frame" in row else None
    except (KeyError, ValueError, msgspec.MsgspecError) as error:
        raise ExchangeError(f"{where} is no conversation of questions and answers; correct or remove it.") from error
    if not turns:
        raise ExchangeError(f"{where} is an empty conversation; correct or remove it.")
    return Record(name, media, turns, stage, origin=Origin.IMPORTED, frame=frame)


def _words(message: dict[str, str], speaker: str) -> str:
    if message["from"] != speaker:
        raise ValueError(speaker)
    text = message["value"]
    for mark in _PLACEHOLDERS.values():
        text = text.replace(mark, "")
    return text.strip()


def _share(identity: str, seed: int) -> float:
    """A number 0..1 that belongs to the medium."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{identity}".encode()).digest()[:6]) / 2**48
