"""The window: places panels, menus and bars. It does nothing else."""

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QDockWidget, QLabel, QMainWindow, QSizePolicy, QToolBar, QWidget

from app.actions import MENUS
from app.actions.board import ActionBoard
from widgets.naming import named

Area = Qt.DockWidgetArea


class MainWindow(QMainWindow):
    """`closing` before it goes; `dropped(paths)` when files are dropped on it."""

    closing = Signal()
    dropped = Signal(object)

    def __init__(self, board: ActionBoard) -> None:
        super().__init__()
        self.setObjectName("window")
        self.setAccessibleName("Groundwork")
        self.setWindowTitle("Groundwork")
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setCorner(Qt.Corner.BottomLeftCorner, Area.LeftDockWidgetArea)
        self.setCorner(Qt.Corner.BottomRightCorner, Area.RightDockWidgetArea)
        self.docks: dict[str, QDockWidget] = {}
        self._board = board
        self.menus = board.fill_menus(self.menuBar(), MENUS)
        # A key works only for an action that some widget holds, and not every action stands in a menu.
        self.addActions(board.actions())
        self.menuBar().setObjectName("menus")
        self.menuBar().setAccessibleName("Menus")
        self._bar = named(QToolBar("Tool bar"), "bar", "Tool bar")
        self._bar.setMovable(False)
        self._bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        board.fill_tool_bar(self._bar)
        self.addToolBar(self._bar)
        self.statusBar().setObjectName("status")
        self.statusBar().setAccessibleName("Status")
        self.statusBar().setSizeGripEnabled(False)

    def place(
        self, name: str, title: str, panel: QWidget | None, area: Area, *, below: str = "", tabbed: str = ""
    ) -> None:
        """Dock a panel, or room for one, at an edge, under another one or as a tab on it."""
        dock = named(QDockWidget(title), f"dock.{name}", title)
        if panel is not None:
            dock.setWidget(panel)
        self.addDockWidget(area, dock)
        placed = self.isVisible() and self.restoreDockWidget(dock)
        if below and not placed:
            self.splitDockWidget(self.docks[below], dock, Qt.Orientation.Vertical)
        if tabbed and not placed:
            self.tabifyDockWidget(self.docks[tabbed], dock)
            self.docks[tabbed].raise_()
        self.docks[name] = dock
        toggle, action = dock.toggleViewAction(), self._board.action(f"panel.{name}")
        action.setChecked(toggle.isChecked())
        toggle.toggled.connect(action.setChecked)
        self._board.bind({f"panel.{name}": toggle.trigger})

    def place_corner(self, widget: QWidget) -> None:
        """At the right end of the tool bar."""
        spring = QWidget()
        spring.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._bar.addWidget(spring)
        self._bar.addWidget(widget)

    def place_status(self, name: str, words: str) -> QLabel:
        """A permanent line in the status bar."""
        label = named(QLabel(), f"status.{name}", words)
        self.statusBar().addPermanentWidget(label)
        return label

    def share_out(self, widths: Iterable[tuple[str, int]], heights: Iterable[tuple[str, int]]) -> None:
        """First sizes of the docks, in pixels."""
        for sizes, way in ((dict(widths), Qt.Orientation.Horizontal), (dict(heights), Qt.Orientation.Vertical)):
            self.resizeDocks([self.docks[name] for name in sizes], list(sizes.values()), way)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closing.emit()
        super().closeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.dropped.emit([url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()])
