"""What is seen first: the window, dressed and still empty. It loads little, to be there at once."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QStackedWidget

from app.actions import ACTIONS
from app.actions.board import ActionBoard
from app.crash import CrashGuard
from app.dress import connect_keys, connect_theme
from app.layout import Layouts
from app.main_window import MainWindow
from app.places import Places
from app.preferences import Preferences
from widgets.empty import Empty
from widgets.notice import Notice

if TYPE_CHECKING:
    from widgets.annotation_table import AnnotationTable
    from widgets.media_list import MediaList
    from widgets.query_panel import QueryPanel

Area = Qt.DockWidgetArea
_SIZE = QSize(1440, 900)
# First widths and heights of the panels.
_SHARES = (("media", 290), ("ask", 400)), (("ask", 400), ("annotations", 420))
_WELCOME = (
    "Open a folder with pictures, clips or sounds. Ask in plain words, look at what the model found, put it right with "
    "one key or one drag. Every step is kept at once; there is no Save."
)


class Front(QObject):
    """`painted` once the window is on the screen; the panels are made after that."""

    painted = Signal()
    media: "MediaList"
    questions: "QueryPanel"
    annotations: "AnnotationTable"

    def __init__(self, places: Places) -> None:
        super().__init__()
        self.places = places
        self.guard = CrashGuard(places.log)
        self.preferences = Preferences(places.settings / "settings.json")
        self.board = ActionBoard(ACTIONS)
        connect_theme(self.board, self.preferences)
        connect_keys(self.board, self.preferences)
        self.window = MainWindow(self.board)
        self._place()
        self.layouts = Layouts(self.window, places.settings / "layout.json")

    def show(self) -> None:
        self.window.resize(_SIZE.boundedTo(self.window.screen().availableSize()))
        self.layouts.restore()
        self.window.installEventFilter(self)
        self.window.show()

    def lay_anew(self) -> None:
        """Panels as they were at the very first start, for every kind of medium."""
        self.layouts.forget()
        self.window.place_anew()
        self.window.share_out(*_SHARES)
        self.window.give_way()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.window.removeEventFilter(self)
            QTimer.singleShot(0, self, self.painted.emit)
        return False

    def _place(self) -> None:
        self.stage = QStackedWidget()
        self.stage.setObjectName("stage")
        self.stage.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.stage.setAccessibleName("Picture")
        self.welcome = Empty("welcome", _WELCOME, "Open folder…", "Where is it? When is it?")
        self.stage.addWidget(self.welcome)
        window = self.window
        window.setCentralWidget(self.stage)
        window.place("media", "Media", None, Area.LeftDockWidgetArea)
        window.place("ask", "Ask", None, Area.RightDockWidgetArea)
        window.place("annotations", "Annotations", None, Area.RightDockWidgetArea, below="ask")
        window.share_out(*_SHARES)
        self.notice = Notice(self.stage)
        # A page that comes to the front must not hide a sentence.
        self.stage.currentChanged.connect(lambda _: self.notice.raise_())
