"""The window's own deeds: opening, themes, dialogs, moving between items and panels."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from app.actions.board import ActionBoard
from app.main_window import MainWindow, behind
from app.opening import Opening
from app.preferences import Preferences
from app.session import Session
from engine.domain.annotation import Annotation
from engine.domain.geometry import Box, Track
from widgets.media_list import MediaList

# What is worked with after these actions, which has to be seen for that: its panel.
_NEEDED = {
    "go.search": "media",
    "ask.focus": "ask",
    "go.search_annotations": "annotations",
    "media.go_to": "time",
    "timeline.draw": "time",
    "timeline.moment": "time",
}


def connect_opening(board: ActionBoard, window: MainWindow, opening: Opening, preferences: Preferences) -> None:
    """Open and add through dialogs and by dropping files on the window."""

    def open_folder() -> None:
        start = preferences.value.recent[0] if preferences.value.recent else str(Path.home())
        if name := QFileDialog.getExistingDirectory(window, "Open a folder of media or a project", start):
            opening.open_paths([Path(name)])

    def add_media() -> None:
        names, _ = QFileDialog.getOpenFileNames(window, "Add media")
        if names:
            opening.add([Path(name) for name in names])

    def remember(folder: Path) -> None:
        recent = (str(folder), *(one for one in preferences.value.recent if one != str(folder)))
        preferences.change(recent=recent[:10])
        window.setWindowTitle(f"{folder.name.removesuffix('.groundwork')} — Groundwork")

    board.bind({"project.open_folder": open_folder, "project.add_media": add_media, "project.quit": window.close})
    window.dropped.connect(lambda names: opening.open_paths([Path(name) for name in names]))
    opening.opened.connect(remember)


def connect_moving(board: ActionBoard, window: MainWindow, session: Session, media: MediaList) -> None:
    """From item to item in the order of the list, and from panel to panel."""

    def go(step: int) -> None:
        found = media.neighbour(step)
        if found:
            session.show_item(found)

    def panel(step: int) -> None:
        docks = (dock.widget() for dock in window.docks.values() if dock.isVisible() and not behind(dock))
        places = [place for place in (window.centralWidget(), *docks) if place is not None and _own(place)]
        focus = QApplication.focusWidget()
        here = next((at for at, place in enumerate(places) if focus and place.isAncestorOf(focus)), 0)
        _entry(places[(here + step) % len(places)]).setFocus(Qt.FocusReason.ShortcutFocusReason)

    def bring(verb: str) -> None:
        dock = window.docks.get(_NEEDED.get(verb, ""))
        if dock is not None:
            dock.show()
            dock.raise_()

    def full_screen() -> None:
        window.setWindowState(window.windowState() ^ Qt.WindowState.WindowFullScreen)

    board.doing.connect(bring)
    board.bind(
        {
            "go.next_item": lambda: go(1),
            "go.previous_item": lambda: go(-1),
            "go.search": lambda: media.search.setFocus(Qt.FocusReason.ShortcutFocusReason),
            "go.panel": lambda: panel(1),
            "go.panel_back": lambda: panel(-1),
            "view.full_screen": full_screen,
        }
    )


def connect_facts(board: ActionBoard, session: Session) -> None:
    """Tell the actions what holds."""

    def project() -> None:
        board.set_fact("project", holds=session.store is not None)
        board.set_fact("writable", holds=session.writable)
        history()

    def history() -> None:
        store = session.store
        for fact, label in (
            ("undo", store.undo_label if store else None),
            ("redo", store.redo_label if store else None),
        ):
            board.set_fact(fact, holds=label is not None)
            board.action(f"edit.{fact}").setText(f"{fact.capitalize()} {label or ''}".rstrip())

    def item(shown: object) -> None:
        board.set_fact("item", holds=shown is not None)
        board.set_fact("timed", holds=getattr(shown, "clock", None) is not None)
        board.set_fact("seen", holds=getattr(shown, "kind", "") in {"image", "video"})
        board.set_fact("clip", holds=getattr(shown, "kind", "") == "video")

    def selected(one: Annotation | None) -> None:
        board.set_fact("selected", holds=one is not None)
        board.set_fact("placed", holds=one is not None and isinstance(one.geometry, Box | Track))

    session.project_changed.connect(project)
    session.edited.connect(lambda _: history())
    session.item_changed.connect(item)
    session.selection_changed.connect(selected)
    session.annotations_changed.connect(
        lambda all_: board.set_fact("pending", holds=any(one.review == "predicted" for one in all_))
    )


def _own(panel: QWidget) -> bool:
    """Whether a panel has keys of its own: beside a sound, the middle hands them to the timeline."""
    proxy = panel.focusProxy()
    return proxy is None or panel.isAncestorOf(proxy)


def _entry(panel: QWidget) -> QWidget:
    """What takes the keys of a panel: it says so itself, or it is the first control in it that can."""
    inside = panel
    while inside.focusProxy() is None and not (inside.focusPolicy() & Qt.FocusPolicy.TabFocus and inside.isVisible()):
        following = inside.nextInFocusChain()
        if following is None or not panel.isAncestorOf(following):
            return panel
        inside = following
    return inside
