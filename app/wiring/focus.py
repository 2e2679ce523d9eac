"""While text is typed, or a control wants Return and Tab for itself, the single keys of the actions rest."""

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QDockWidget,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
    QWidget,
)

from app.actions.board import ActionBoard

_OWN_KEYS = (
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QAbstractSpinBox,
    QComboBox,
    QAbstractButton,
    QTabBar,
    QAbstractSlider,
)


def wants_keys(widget: QObject | None) -> bool:
    """Whether keys without Ctrl belong to this widget and not to the actions."""
    return isinstance(widget, _OWN_KEYS) or (isinstance(widget, QWidget) and isinstance(widget.window(), QDialog))


def _in_hidden_dock(widget: QWidget | None) -> bool:
    while widget is not None and not isinstance(widget, QDockWidget):
        widget = widget.parentWidget()
    return widget is not None and widget.isHidden()


class _Keeper(QObject):
    """Follows the focus as long as the window lives."""

    def __init__(self, window: QMainWindow, board: ActionBoard, work: QWidget) -> None:
        super().__init__(window)
        self._board, self._work = board, work

    def follow(self, old: QWidget | None, now: QWidget | None) -> None:
        """A panel that hides must not leave the keys with whatever comes next, a button or another panel's list."""
        gone = old is not None and not old.isVisible()
        if gone and (isinstance(now, QAbstractButton) or _in_hidden_dock(old)) and self._work.isVisible():
            self._work.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._board.set_fact("typing", holds=wants_keys(now))


def settle(work: QWidget) -> None:
    """When an item comes up, a button that happens to have the focus must not take the keys."""
    focus = QApplication.focusWidget()
    if focus is None or isinstance(focus, QAbstractButton):
        work.setFocus(Qt.FocusReason.OtherFocusReason)


def connect_focus(application: QApplication, board: ActionBoard, window: QMainWindow, work: QWidget) -> None:
    """A click on a button or a choice leaves the focus where the work is; the Tab key still reaches them.

    `work` is where Escape leads back to.
    """
    for kind in (QAbstractButton, QComboBox):
        for control in window.findChildren(kind):
            control.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    board.bind({"go.work": lambda: work.setFocus(Qt.FocusReason.ShortcutFocusReason)})
    keeper = _Keeper(window, board, work)
    application.focusChanged.connect(keeper.follow)
