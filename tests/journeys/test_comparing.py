"""Differences between model and human over the whole project, in the window."""

from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from app.application import Application
from app.comparing import counts, ranked
from app.review import Disagreement, Gap
from engine import edits
from engine.domain.annotation import Annotation
from engine.domain.geometry import Box
from engine.domain.project import AnnotationFilter
from engine.store.project_store import ProjectStore

Opened = Callable[..., Application]
ROWS = st.lists(
    st.builds(Disagreement, st.sampled_from(list(Gap)), st.just("thing"), st.text("ab", min_size=1), st.floats(0, 1))
)


@given(st.dictionaries(st.text("xyz", min_size=1), ROWS))
def test_the_buckets_part_what_differs_and_the_worst_comes_first(found: dict[str, list[Disagreement]]) -> None:
    tally, everything = counts(found), ranked(found)
    assert tally["any"] == len(everything) == sum(len(ranked(found, None, gap)) for gap in Gap)
    assert [one.overlap for _, one in everything] == sorted(one.overlap for _, one in everything)
    assert sum(counts(found, item)["any"] for item in found) == tally["any"]


def start(opened: Opened, folder: Path, qtbot: QtBot) -> tuple[Application, ProjectStore]:
    """Every picture was asked about; the first answer of each is accepted, moved away or rejected in turns."""
    application = opened(folder)
    session = application.session
    qtbot.waitUntil(lambda: session.store is not None and session.store.count_items() == 4, timeout=60_000)
    qtbot.waitUntil(lambda: application.board.holds("ready"), timeout=60_000)
    assert session.store is not None
    deeds: list[Callable[[Annotation], edits.Edit]] = [
        edits.accept,
        lambda one: edits.reshape(one, Box(12, 4, 28, 20)),
        edits.reject,
    ]
    for item, deed in zip(session.store.items(), deeds, strict=False):
        session.show_item(item.id)
        with qtbot.waitSignal(application.asking.ended, timeout=60_000):
            application.asking.ask("Where is the thing?")
        session.apply(deed(session.annotations[0]))
    return application, session.store


def texts(application: Application) -> list[str]:
    combo = application.window.findChild(QComboBox, "annotations.state")
    assert combo is not None
    return [combo.itemText(at) for at in range(combo.count())]


def test_differences_are_listed_over_the_whole_project_and_walked(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application, store = start(opened, folder, qtbot)
    session, table = application.session, application.front.annotations
    with qtbot.waitSignal(session.noted, timeout=20_000) as told:
        application.board.run("review.compare")
    assert told.args == ["Where model and human differ in this project: 1 × model extra, 1 × overlap too low."]
    qtbot.waitUntil(lambda: table.model.rowCount() == 2)
    assert "Differences (2)" in texts(application)
    assert "Model missing (0)" in texts(application)
    first = table.model.listed(0)
    assert first is not None
    application.board.run("review.next_difference")
    assert session.selected == first.annotation
    application.board.run("review.next_difference")
    assert session.selected is not None
    assert session.selected.geometry == Box(12, 4, 28, 20)
    missing = edits.missed(session.selected.item, "kite", Box(50, 0, 60, 8), session.provenance())
    session.apply(edits.draw(missing))
    qtbot.waitUntil(lambda: "Model missing (1)" in texts(application), timeout=20_000)
    session.undo()
    qtbot.waitUntil(lambda: "Model missing (0)" in texts(application), timeout=20_000)
    table.search.setText("state:rejected")
    qtbot.waitUntil(lambda: table.model.rowCount() == 1)
    application.preferences.change(overlap=0.3)
    table.search.setText("")
    qtbot.waitUntil(lambda: "Overlap too low (0)" in texts(application), timeout=20_000)
    assert store.count_annotations() == 6


def test_many_are_relabelled_and_decided_in_one_step_each(opened: Opened, folder: Path, qtbot: QtBot) -> None:
    application, store = start(opened, folder, qtbot)
    session, table = application.session, application.front.annotations
    table._scope.setCurrentIndex(1)
    qtbot.waitUntil(lambda: table.model.rowCount() == 6)
    table._view.selectAll()
    chosen = table.selected
    assert len(chosen) == 6
    before = list(store.annotations())
    table.deed.emit("accept", chosen)
    assert store.undo_label == "Accept 4"
    assert {one.review.value for one in store.annotations()} == {"accepted", "adjusted"}
    session.undo()
    assert list(store.annotations()) == before
    table.deed.emit("relabel", chosen)
    dialog = application.window.findChild(_dialog())
    assert dialog is not None
    dialog.kept.emit("kite", None, "bird")
    dialog.close()
    assert store.count_annotations(AnnotationFilter(text="kite")) == 6
    assert [label.name for label in store.labels()] == ["bird"]
    assert store.count_annotations(AnnotationFilter(label=store.labels()[0].id)) == 6
    session.undo()
    assert list(store.annotations()) == before
    assert store.labels() == []


def _dialog() -> type:
    from widgets.dialogs.phrase import PhraseDialog

    return PhraseDialog
