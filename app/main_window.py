"""The window: places panels, menus and bars. It does nothing else."""

from collections.abc import Iterable, Mapping
from functools import partial

from msgspec import Struct
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QDockWidget, QLabel, QMainWindow, QSizePolicy, QToolBar, QWidget

from app.actions import MENUS
from app.actions.board import ActionBoard
from widgets.naming import named

Area = Qt.DockWidgetArea
_SIDES = (Area.LeftDockWidgetArea, Area.RightDockWidgetArea)
# What the picture and the player need to be worked with, in pixels.
_MIDDLE = 480


class _Spot(Struct, frozen=True):
    """Where a panel stands at the very first start, and whether it is seen there."""

    area: Area
    below: str
    tabbed: str
    shown: bool


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
        self._spots: dict[str, _Spot] = {}
        # How wide panels were before they had to give way.
        self._wished: dict[QDockWidget, int] = {}
        # And how wide they were left then.
        self._given: dict[QDockWidget, int] = {}
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
        self,
        name: str,
        title: str,
        panel: QWidget | None,
        area: Area,
        *,
        below: str = "",
        tabbed: str = "",
        shown: bool = True,
    ) -> None:
        """Dock a panel, or room for one, at an edge, under another one or as a tab on it."""
        dock = named(QDockWidget(title), f"dock.{name}", title)
        if panel is not None:
            dock.setWidget(panel)
        self.docks[name], self._spots[name] = dock, _Spot(area, below, tabbed, shown)
        # Once it is added, a panel counts as restored even where no layout knows of it.
        if not self.restoreDockWidget(dock):
            self._put(name)
        toggle, action = dock.toggleViewAction(), self._board.action(f"panel.{name}")
        action.setChecked(toggle.isChecked())
        toggle.toggled.connect(action.setChecked)
        self._board.bind({f"panel.{name}": partial(self._show_or_hide, dock, action)})

    def place_anew(self) -> None:
        """Panels where they were at the very first start."""
        self._bar.show()
        for dock in self.docks.values():
            dock.setFloating(False)
            self.removeDockWidget(dock)
        for name in self.docks:
            self._put(name)
        self._wished = {}

    def _put(self, name: str) -> None:
        dock, spot = self.docks[name], self._spots[name]
        self.addDockWidget(spot.area, dock)
        if spot.below:
            self.splitDockWidget(self.docks[spot.below], dock, Qt.Orientation.Vertical)
        if spot.tabbed:
            self.tabifyDockWidget(self.docks[spot.tabbed], dock)
        dock.setVisible(spot.shown)

    def _show_or_hide(self, dock: QDockWidget, action: QAction) -> None:
        """One that stands behind another comes to the front."""
        if not behind(dock):
            dock.setVisible(dock.isHidden())
        if not dock.isHidden():
            dock.raise_()
        action.setChecked(not dock.isHidden())

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

    def give_way(self) -> None:
        """Panels at the sides become narrower for the middle to have its width, and wide again once there is room.

        Those that the user made narrower meanwhile stay so.
        """
        middle, layout = self.centralWidget(), self.layout()
        if middle is None or layout is None:
            return
        # Sizes that were asked for just now.
        layout.activate()
        sides = [one for one in self.docks.values() if self.dockWidgetArea(one) in _SIDES and _stands(one)]
        now = {one: one.width() for one in sides}
        squeezed = middle.width() < _MIDDLE
        back = {one: wide for one, wide in self._wished.items() if squeezed or now.get(one) == self._given.get(one)}
        self._wished = {one: max(width, back.get(one, 0)) for one, width in now.items()}
        room = middle.width() + self._across(now) - _MIDDLE
        share = min(max(room / max(self._across(self._wished), 1), 0), 1)
        if self._wished != now or share < 1:
            widths = [round(width * share) for width in self._wished.values()]
            self.resizeDocks(sides, widths, Qt.Orientation.Horizontal)
        if share == 1:
            self._wished = {}
        layout.activate()
        self._given = {one: one.width() for one in sides}

    def _across(self, widths: Mapping[QDockWidget, int]) -> int:
        """What panels take from the width of the window: those of one side stand one below the other."""
        by_side = {
            side: [width for one, width in widths.items() if self.dockWidgetArea(one) == side] for side in _SIDES
        }
        return sum(max(found, default=0) for found in by_side.values())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.give_way()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closing.emit()
        super().closeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.dropped.emit([url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()])


def _stands(dock: QDockWidget) -> bool:
    """Whether a panel has room in the window."""
    return not dock.isHidden() and not dock.isFloating() and not behind(dock)


def behind(dock: QDockWidget) -> bool:
    """Whether a panel is a tab behind another: Qt keeps it beyond the upper left corner."""
    return not dock.isFloating() and dock.geometry().right() < 0
