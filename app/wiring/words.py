"""Words: the phrase and label of annotations, the project's labels, its saved questions."""

from collections.abc import Callable, Iterable, Sequence

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon, QPixmap

from app import review
from app.actions.board import ActionBoard
from app.main_window import MainWindow
from app.session import Session
from engine import edits
from engine.domain.annotation import Annotation, Label
from engine.domain.ids import new_id
from engine.domain.project import AnnotationFilter, Template
from engine.edits import Change, Edit
from widgets.dialogs.phrase import PhraseDialog
from widgets.dialogs.rows import RowsDialog
from widgets.palette import colour
from widgets.wording import count


def asking_words(window: MainWindow, session: Session) -> Callable[[Sequence[Annotation]], None]:
    """A function that asks for the phrase and label of some annotations and applies them as one step."""

    def ask(chosen: Sequence[Annotation]) -> None:
        if not chosen:
            return
        first, several = chosen[0], len(chosen) > 1
        phrase = "" if several else first.phrase
        dialog = PhraseDialog(phrase, first.label, session.labels, len(chosen), window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.kept.connect(lambda words, label, new: session.apply(_renamed(session, chosen, words, label, new)))
        dialog.open()

    return ask


def connect_words(
    board: ActionBoard, window: MainWindow, session: Session, ask: Callable[[Sequence[Annotation]], None]
) -> None:
    board.bind(
        {
            "edit.relabel": lambda: ask([session.selected] if session.selected else []),
            "edit.labels": lambda: _labels(window, session),
            "ask.templates": lambda: _templates(window, session),
        }
    )


def _renamed(session: Session, chosen: Sequence[Annotation], phrase: str | None, label: str | None, new: str) -> Edit:
    if not new:
        return review.renamed(chosen, phrase=phrase, label=label)
    fresh = Label(new_id(), new, len(session.labels))
    step = review.renamed(chosen, phrase=phrase, label=fresh.id)
    return edits.together(step.label, [edits.created("Add label", [fresh]), step])


def _labels(window: MainWindow, session: Session) -> None:
    teach = "Kinds of things. Renaming one touches no annotation; a label in use cannot be removed."
    dialog = RowsDialog("labels", "Labels", teach, "New label", window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def show(sentence: str = "") -> None:
        dialog.show_rows([(one.id, one.name, _swatch(one.colour)) for one in session.labels.values()])
        dialog.say(sentence)

    def put(id_: str, name: str) -> None:
        """Rename a label, or add one."""
        known, taken = session.labels.get(id_), _taken(session.labels.values(), name, id_)
        if name and not taken:
            fresh = Label(new_id(), name, len(session.labels))
            session.apply(edits.rename(known, name) if known else edits.created(f"Add label {name}", [fresh]))
        show(f"There is a label {name} already." if taken else "")

    def remove(id_: str) -> None:
        used = session.store.count_annotations(AnnotationFilter(label=id_)) if session.store else 0
        label = session.labels[id_]
        if used:
            show(f"The label {label.name} is used by {count(used, 'annotation')}; give them another one first.")
        else:
            session.apply(Edit(f"Remove label {label.name}", (Change(label, None),)))
            show()

    dialog.added.connect(lambda name: put("", name))
    dialog.changed.connect(put)
    dialog.removed.connect(remove)
    show()
    dialog.open()


def _taken(labels: Iterable[Label], name: str, id_: str) -> bool:
    return any(one.name.casefold() == name.casefold() for one in labels if one.id != id_)


def _templates(window: MainWindow, session: Session) -> None:
    teach = "Questions to ask again and again. {label} stands for a label that you choose when you ask."
    dialog = RowsDialog("templates", "Saved questions", teach, "Where is the {label}?", window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def stored() -> dict[str, Template]:
        return {one.id: one for one in session.store.templates()} if session.store else {}

    def show() -> None:
        dialog.show_rows([(one.id, one.text, QIcon()) for one in stored().values()])

    def apply(edit: Edit) -> None:
        session.apply(edit)
        show()

    dialog.added.connect(lambda text: apply(edits.created("Save question", [Template(new_id(), text)])))
    dialog.changed.connect(lambda id_, text: apply(_retext(stored()[id_], text)) if text else show())
    dialog.removed.connect(lambda id_: apply(Edit("Remove question", (Change(stored()[id_], None),))))
    show()
    dialog.open()


def _retext(template: Template, text: str) -> Edit:
    return edits.replaced("Change question", template, msgspec.structs.replace(template, text=text))


def _swatch(index: int) -> QIcon:
    picture = QPixmap(14, 14)
    picture.fill(colour(index))
    return QIcon(picture)
