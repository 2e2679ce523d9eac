"""Edits, undo and redo, reading, and what happens between two windows."""

from pathlib import Path
from random import Random

import apsw
import msgspec
import pytest

from engine import edits
from engine.domain.annotation import Annotation, Label, Origin, Provenance, Review
from engine.domain.errors import Cancelled, StaleEdit, StoreError
from engine.domain.geometry import Box
from engine.domain.media import MediaItem
from engine.domain.project import AnnotationFilter, ItemFilter
from engine.domain.query import Query
from engine.store import backups
from engine.store.project_store import ProjectStore
from tests.engine.store.conftest import annotation, everything, item, random_edit


@pytest.mark.parametrize("seed", range(5))
def test_undoing_all_restores_the_start_and_redoing_all_the_end(store: ProjectStore, seed: int) -> None:
    random = Random(seed)
    start = everything(store)
    for _ in range(60):
        store.apply(random_edit(store, random))
    end = everything(store)
    for _ in range(60):
        assert store.undo() is not None
    assert everything(store) == start
    for _ in range(60):
        assert store.redo() is not None
    assert everything(store) == end
    assert store.redo() is None


def test_undo_and_redo_mixed_with_edits_follow_one_line(store: ProjectStore) -> None:
    random = Random(1)
    past, future = [everything(store)], []
    for _ in range(400):
        deed = random.random()
        if deed < 0.4:
            store.apply(random_edit(store, random))
            past.append(everything(store))
            future.clear()
        elif deed < 0.7 and len(past) > 1:
            store.undo()
            future.append(past.pop())
        elif future:
            store.redo()
            past.append(future.pop())
        assert everything(store) == past[-1]
    assert len(past) > 10


def test_the_history_survives_a_restart(store: ProjectStore) -> None:
    store.apply(edits.draw(annotation(store.items()[0].id)))
    end = everything(store)
    store.undo()
    store.close()
    again = ProjectStore.open(store.folder)
    assert (again.undo_label, again.redo_label) == ("Add media", "Draw kite")
    assert again.redo() is not None
    assert everything(again) == end
    again.close()


def test_a_new_edit_ends_what_could_be_redone(store: ProjectStore) -> None:
    store.apply(edits.draw(annotation(store.items()[0].id)))
    store.undo()
    store.apply(edits.created("Add label", [Label("L", "kite")]))
    assert store.redo() is None
    assert [row.undone for row in store.history()] == [False, True, False]


def test_undo_reports_the_edit_as_applied(store: ProjectStore) -> None:
    drawn = annotation(store.items()[0].id)
    store.apply(edits.draw(drawn))
    assert store.undo() == edits.draw(drawn).inverse


def test_a_stale_edit_changes_nothing(store: ProjectStore) -> None:
    drawn = annotation(store.items()[0].id)
    store.apply(edits.draw(drawn))
    store.apply(edits.accept(drawn))
    before = everything(store)
    both = edits.together("Both", [edits.draw(annotation(store.items()[0].id)), edits.reject(drawn)])
    with pytest.raises(StaleEdit):
        store.apply(both)
    with pytest.raises(StaleEdit):
        store.apply(edits.draw(drawn))
    assert everything(store) == before


def test_the_words_of_the_question_find_annotations_and_their_media(store: ProjectStore) -> None:
    first, second, *_ = store.items()
    asked = [Query("Q1", first.id, "Where is the Red Kite?", ""), Query("Q2", second.id, "Where is the dog?", "")]
    told = [annotation(one.item, id=f"A{at}", query=one.id) for at, one in enumerate(asked)]
    store.apply(edits.created("Ask", [*asked, *told, annotation(second.id, id="A9")]))
    wanted = AnnotationFilter(question="red kite")
    assert [one.id for one in store.annotations(wanted)] == ["A0"]
    assert store.items(ItemFilter(having=wanted)) == [first]
    assert store.count_items(ItemFilter(having=AnnotationFilter(question="where", score=(0.9, 1)))) == 0
    assert [one.id for one in store.annotations(AnnotationFilter(ids=("A9", "A1", "gone"), text="kite"))] == [
        "A1",
        "A9",
    ]
    assert store.count_annotations(AnnotationFilter(ids=())) == 0
    store.undo()
    assert store.count_annotations(wanted) == 0


@pytest.mark.parametrize("seed", range(20))
def test_a_filter_lists_what_fits_it_and_nothing_else(store: ProjectStore, seed: int) -> None:
    random = Random(seed)
    media = store.items()
    asked = [Query(f"Q{at}", media[0].id, text, "") for at, text in enumerate(("Where is it?", "Find 100% of_it", "é"))]
    told = [
        msgspec.structs.replace(
            annotation(random.choice(media).id, random.choice(list(Review))),
            query=random.choice([None, *(one.id for one in asked)]),
            score=random.choice([None, 0.0, 0.25, 0.5, 1.0]),
            provenance=Provenance(Origin.MODEL, random.choice("ab"), f"2026-01-{random.randint(1, 28):02}T00:00:00Z"),
        )
        for _ in range(40)
    ]
    store.apply(edits.created("Ask", [*asked, *told]))
    wanted = AnnotationFilter(
        question=random.choice(["", "it", "%", "_", "É"]),
        reviews=random.choice([(), (Review.PREDICTED, Review.MISSED)]),
        author=random.choice(["", "a"]),
        score=random.choice([None, (0.25, 0.5)]),
        since=random.choice(["", "2026-01-10"]),
        until=random.choice(["", "2026-01-20T23:59:59.999999Z"]),
    )
    texts = {one.id: one.text.lower() for one in asked}
    fits = [one for one in told if _fits(one, wanted, texts)]
    assert list(store.annotations(wanted)) == fits
    assert store.count_items(ItemFilter(having=wanted)) == len({one.item for one in fits})


def _fits(one: Annotation, wanted: AnnotationFilter, texts: dict[str, str]) -> bool:
    low, high = wanted.score or (0.0, 1.0)
    return (
        (not wanted.question or (one.query is not None and wanted.question.lower() in texts[one.query]))
        and (not wanted.reviews or one.review in wanted.reviews)
        and (not wanted.author or one.provenance.author == wanted.author)
        and (wanted.score is None or (one.score is not None and low <= one.score <= high))
        and (not wanted.since or one.provenance.at >= wanted.since)
        and (not wanted.until or one.provenance.at <= wanted.until)
    )


def test_filters(store: ProjectStore) -> None:
    first, second, *_ = store.items()
    store.apply(edits.created("Add label", [Label("L", "kite")]))
    store.apply(edits.draw(annotation(first.id, label="L")))
    store.apply(edits.draw(annotation(second.id, Review.ACCEPTED)))
    store.apply(edits.finish(second, done=True))
    assert [one.id for one in store.items(ItemFilter(pending=True))] == [first.id]
    assert store.count_items(ItemFilter(pending=False)) == 4
    assert store.position(second.id, ItemFilter(done=True)) == 0
    assert store.position(second.id, ItemFilter(done=False)) is None
    assert store.count_items(ItemFilter(text="000003")) == 1
    assert store.count_items(ItemFilter(label="L")) == 1
    assert store.count_annotations(AnnotationFilter(reviews=(Review.ACCEPTED,), score=(0.4, 0.6), text="KITE")) == 1
    assert store.pending([first.id, second.id]) == {first.id: 1}


def test_labels_are_known_by_id(store: ProjectStore) -> None:
    label = Label("L", "kite")
    drawn = annotation(store.items()[0].id, label="L")
    store.apply(edits.created("Add", [label, drawn]))
    store.apply(edits.rename(label, "dragon"))
    assert store.get(Annotation, drawn.id) == drawn
    assert store.get(Label, "L") == Label("L", "dragon")


def test_a_second_window_reads_and_names_the_holder(store: ProjectStore) -> None:
    second = ProjectStore.open(store.folder)
    assert second.read_only
    assert "process" in second.holder
    store.apply(edits.draw(annotation(store.items()[0].id)))
    assert second.count_annotations() == 1
    with pytest.raises(StoreError, match=r"is open in process \d+"):
        second.apply(edits.draw(annotation(store.items()[0].id)))
    second.close()


def test_very_many_changes_are_one_step(store: ProjectStore) -> None:
    media = store.items()[0].id
    store.apply_changes("Import", (edits.Change(None, annotation(media)) for _ in range(2000)))
    assert store.count_annotations() == 2000
    assert store.undo_label == "Import"
    store.undo()
    assert store.count_annotations() == 0


def test_a_failed_import_leaves_nothing(store: ProjectStore) -> None:
    twice = annotation(store.items()[0].id)
    with pytest.raises(StaleEdit):
        store.apply_changes("Import", [edits.Change(None, twice), edits.Change(None, twice)])
    assert store.count_annotations() == 0


def test_small_facts_are_kept(store: ProjectStore) -> None:
    store.set_value("ids", "{}")
    assert (store.value("ids"), store.value("other")) == ("{}", None)


def test_a_reader_sees_what_is_committed(store: ProjectStore) -> None:
    reader = store.reader()
    store.apply(edits.draw(annotation(store.items()[0].id)))
    assert reader.count_annotations() == 1
    reader.close()


def test_removed_rows_come_back_in_their_place(store: ProjectStore) -> None:
    order = [one.id for one in store.items()]
    removed = store.items()[1]
    store.apply(edits.Edit("Remove item", (edits.Change(removed, None),)))
    store.undo()
    assert [one.id for one in store.items()] == order


def test_creating_over_a_project_is_refused(store: ProjectStore) -> None:
    with pytest.raises(StoreError, match="project already"):
        ProjectStore.create(store.folder)


def _newer(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def _foreign(path: Path) -> None:
    path.unlink()
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE t (x)")
    connection.close()


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"not a database" * 100),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        lambda path: path.write_bytes(path.read_bytes()[:4096]),
        lambda path: path.unlink(),
        _newer,
        _foreign,
    ],
    ids=["empty", "garbage", "cut", "one page", "missing", "newer", "foreign"],
)
def test_what_is_no_project_is_refused_untouched(store: ProjectStore, harm: object) -> None:
    store.close()
    path = store.folder / "project.db"
    harm(path)  # type: ignore[operator]
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(StoreError) as told:
        ProjectStore.open(store.folder)
    assert str(path) in str(told.value)
    assert (path.read_bytes() if path.exists() else None) == before


def test_a_backup_is_restored_and_the_damaged_file_kept(store: ProjectStore) -> None:
    store.apply(edits.draw(annotation(store.items()[0].id)))
    end = everything(store)
    backup = store.backup()
    store.close()
    path = store.folder / "project.db"
    path.write_bytes(b"ruin" * 5000)
    aside = backups.restore(store.folder, backup)
    assert aside.read_bytes() == b"ruin" * 5000
    again = ProjectStore.open(store.folder)
    assert everything(again) == end
    assert again.undo_label == "Draw kite"
    again.close()


def test_a_damaged_backup_is_refused(store: ProjectStore) -> None:
    backup = store.backup()
    store.close()
    data = bytearray(backup.read_bytes())
    data[4096:8192] = b"\xff" * 4096
    backup.write_bytes(bytes(data))
    with pytest.raises(StoreError, match="damaged"):
        backups.restore(store.folder, backup)
    ProjectStore.open(store.folder).close()


def test_backups_are_thinned_by_number_whatever_the_clock_says() -> None:
    days = [f"{2036 - n}0101" if n % 3 else f"{2016 + n}0607" for n in range(60)]
    paths = [Path(f"{n:06d}-{day}T000000Z.db") for n, day in enumerate(days)]
    dropped = backups.superfluous(paths)
    kept = [path for path in paths if path not in dropped]
    assert len(kept) == 24 + 14
    assert kept[-24:] == paths[-24:]


def test_media_lie_relative_to_the_project(store: ProjectStore) -> None:
    assert store.path_of(store.items()[0]) == store.folder / "media" / "000000.png"


def test_finishing_an_item_is_an_edit(store: ProjectStore) -> None:
    one = store.items()[0]
    store.apply(edits.finish(one, done=True))
    assert store.get(MediaItem, one.id) == msgspec.structs.replace(one, done=True)
    store.undo()
    assert store.get(MediaItem, one.id) == one


def test_items_are_listed_as_they_came(store: ProjectStore) -> None:
    store.apply(edits.created("Add media", [item(n) for n in (9, 7)]))
    assert [one.path[-6:] for one in store.items(offset=5)] == ["09.png", "07.png"]


@pytest.mark.soak
def test_ten_thousand_steps_are_undone_and_redone(store: ProjectStore) -> None:
    random = Random(3)
    start = everything(store)
    drawn = annotation(store.items()[0].id)
    store.apply(edits.draw(drawn))
    for _ in range(10_000):
        edit = edits.reshape(drawn, Box(random.random(), 0, 10 + random.random(), 10))
        store.apply(edit)
        drawn = edit.changes[0].after  # type: ignore[assignment]
    end = everything(store)
    for _ in range(10_001):
        assert store.undo() is not None
    assert everything(store) == start
    for _ in range(10_001):
        assert store.redo() is not None
    assert everything(store) == end


def test_reading_the_whole_file_can_be_given_up(store: ProjectStore) -> None:
    def give_up() -> None:
        raise Cancelled("Stopped.")

    store.apply(edits.created("Many", [Label(f"L{number}", f"label {number}", number) for number in range(20_000)]))
    store.verify(lambda: None)
    with pytest.raises(Cancelled):
        store.verify(give_up)
    assert store.labels()
