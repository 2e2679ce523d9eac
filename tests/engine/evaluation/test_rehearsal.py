"""What ships for rehearsing can be learned from, and is."""

from pathlib import Path

import resources
from engine import grammar
from engine.domain.media import MediaKind
from engine.evaluation.regression import regression_cases
from engine.evaluation.rehearsal import CONVERSATIONS, draw_rehearsal
from engine.exchange.training_set import from_conversations


def test_what_is_drawn_can_be_read_as_conversations(tmp_path: Path, waves: None) -> None:
    records = from_conversations(draw_rehearsal(tmp_path, 3, 1), tmp_path, "")
    assert {kind for record in records for kind in record.media} == set(MediaKind)
    assert all(Path(path).is_file() for record in records for path in record.media.values())


def test_the_shipped_ones_speak_of_places_and_times_and_of_nothing_that_is_judged() -> None:
    folder = resources.path("rehearsal")
    records = from_conversations(folder / CONVERSATIONS, folder, "")
    assert sum(bool(grammar.read(record.turns[0].answer)) for record in records) > len(records) / 3
    assert {kind for record in records for kind in record.media} == set(MediaKind)
    judged = {Path(path).read_bytes() for case in regression_cases() for path in case.media}
    assert not judged & {Path(path).read_bytes() for record in records for path in record.media.values()}
