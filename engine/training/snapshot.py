"""What a run learns from, copied out of the project once: the run never looks at the live project again."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from engine.domain.errors import MediaError, TrainingFailed
from engine.domain.media import MediaKind
from engine.domain.project import AnnotationFilter
from engine.domain.training import Record, TrainingPlan
from engine.exchange.training_set import Material, TrainingSet, digest_of
from engine.store.project_store import ProjectStore
from engine.training.checkpoints import write_file
from engine.training.encoding import Speech, Unit, encode, keys, units
from engine.training.run_folder import RunFolder

RECORDS, KEPT_BACK = "records.jsonl", "held_out.jsonl"
_PAGE = 1000


def material_of(store: ProjectStore) -> Iterator[Material]:
    """Every medium of a project with its annotations and questions."""
    offset = 0
    while page := store.items(offset=offset, limit=_PAGE):
        for item in page:
            annotations = tuple(store.annotations(AnnotationFilter(item=item.id)))
            yield Material(item, str(store.path_of(item)), annotations, tuple(store.queries(item.id)))
        offset += len(page)


def keep(folder: RunFolder, made: TrainingSet) -> None:
    """Write the records into the run folder."""
    for name, records in ((KEPT_BACK, made.kept_back), (RECORDS, made.records)):
        write_file(folder.path / name, partial(_write, records))


def kept(folder: RunFolder) -> list[Record]:
    """The records of a run, whose digest must be the one that the run was started with."""
    path = folder.path / RECORDS
    records = _read(path)
    told: Any = folder.data().get("sheet")
    if digest_of(records) != told["digest"]:
        raise TrainingFailed(f"The run's data “{path}” were changed; start again in an empty folder.")
    return records


def kept_back(folder: RunFolder) -> list[Record]:
    """What is asked about held-out media, to see how a run does; none in a run that was begun without them."""
    path = folder.path / KEPT_BACK
    return _read(path) if path.exists() else []


def _write(records: Sequence[Record], path: Path) -> None:
    encoder = msgspec.json.Encoder()
    path.write_bytes(b"".join(encoder.encode(record) + b"\n" for record in records))


def _read(path: Path) -> list[Record]:
    try:
        return [msgspec.json.decode(line, type=Record) for line in path.read_bytes().splitlines()]
    except (OSError, msgspec.MsgspecError) as error:
        raise TrainingFailed(f"The run's data “{path}” cannot be read; start again in an empty folder.") from error


def without_unreadable(
    records: Sequence[Record], read: Callable[[MediaKind, str], object], progress: Callable[[int, int], None]
) -> tuple[list[Record], list[str]]:
    """Read every medium once; the records whose media can be read, and a sentence for each that cannot."""
    # One kind after the other, as each has encoders of its own.
    media = sorted({(kind, path): None for record in records for kind, path in keys(record).items()}, key=_kind)
    broken: dict[tuple[MediaKind, str], str] = {}
    for place, (kind, path) in enumerate(media):
        try:
            read(kind, path)
        except MediaError as error:
            broken[kind, path] = str(error)
        progress(place + 1, len(media))
    good = [record for record in records if not broken.keys() & keys(record).items()]
    return good, list(broken.values())


def _kind(medium: tuple[MediaKind, str]) -> MediaKind:
    return medium[0]


def units_of(records: Sequence[Record], plan: TrainingPlan, speech: Speech) -> tuple[dict[str, list[Unit]], int]:
    """Units by the tag that stages draw; and how many records are longer than what the model reads."""
    tags = dict.fromkeys(tag for stage in plan.stages for tag in stage.data)
    limit = min(plan.longest, speech.architecture.llama.max_position_embeddings)
    found: dict[str, list[Unit]] = {}
    too_long = 0
    for tag in tags:
        samples = [encode(record, speech) for record in records if record.stage == tag and record.turns]
        fitting = [sample for sample in samples if len(sample) <= limit]
        too_long += len(samples) - len(fitting)
        found[tag] = units(fitting, plan.questions, limit)
    return found, too_long
