"""A desk with a picture, a clip and a sound, as a test needs it."""

from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QStackedWidget, QWidget
from pytestqt.qtbot import QtBot

from app.actions import ACTIONS
from app.actions.board import ActionBoard
from app.desk import Desk
from app.jobs import Jobs
from app.main_window import MainWindow
from app.session import Session
from app.wiring.desk import place_desk
from app.wiring.window import connect_facts
from engine import edits
from engine.domain.annotation import Annotation, Origin, Provenance, Review
from engine.domain.geometry import Box, Segment, Track
from engine.domain.ids import new_id
from engine.domain.media import MediaItem
from engine.media.probe import media_item
from engine.store.project_store import ProjectStore
from widgets.canvas.view import CanvasView
from widgets.timeline.view import TimelineView

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
SOURCE = Provenance(Origin.MODEL, "model", "2026-01-01T00:00:00Z", prediction="said")


def make_clip(path: Path, size: tuple[int, int] = (64, 48)) -> None:
    """Two seconds at 25 frames; frame n is a grey of 4 * n."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        (stream.width, stream.height), stream.pix_fmt = size, "yuv420p"
        for number in range(50):
            grey = np.full((size[1], size[0], 3), 4 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, "rgb24")))
        container.mux(stream.encode())


def make_sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        wave = (np.sin(np.arange(8000) / 4) * 20000).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(wave, "s16", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


_MEDIA = ("green.png", "red.png", "clip.mp4", "tone.wav")


class Room:
    """Everything that is put together for one test."""

    def __init__(self, folder: Path, qtbot: QtBot, more: Iterable[Path] = ()) -> None:
        store = ProjectStore.create(folder)
        self.root = root = store.root
        self.listening = False
        self.verdicts: list[str] = []
        Image.new("RGB", (200, 150), (10, 200, 30)).save(root / "green.png")
        Image.new("RGB", (200, 150), (200, 10, 30)).save(root / "red.png")
        make_clip(root / "clip.mp4")
        make_sound(root / "tone.wav")
        self.session, self.jobs, self.board = Session(), Jobs(2), ActionBoard(ACTIONS)
        self.window = MainWindow(self.board)
        qtbot.addWidget(self.window)
        stage = QStackedWidget()
        stage.addWidget(QWidget())
        self.window.setCentralWidget(stage)
        self.desk = Desk(self.session, self.board, self.jobs, lambda: self.listening)
        place_desk(self.desk, self.window, stage)
        connect_facts(self.board, self.session)
        self.canvas = self.window.findChild(CanvasView)
        self.timeline = self.window.findChild(TimelineView)
        self.window.resize(900, 700)
        self.window.show()
        self.session.open(store)
        self.items = {path.name: media_item(path, root) for path in [*(root / name for name in _MEDIA), *more]}
        self.session.apply(edits.created("Add", self.items.values()))

    def show(self, name: str) -> MediaItem:
        self.session.show_item(self.items[name].id)
        return self.items[name]

    def put(self, item: MediaItem, geometry: Box | Segment | Track) -> Annotation:
        one = Annotation(new_id(), item.id, "thing", geometry, Review.PREDICTED, SOURCE, score=0.7)
        self.session.apply(edits.created("Add", [one]))
        return one

    def at(self, x: float, y: float) -> QPoint:
        """A pixel of the picture in the widget."""
        return QPoint(*(round(value) for value in self.canvas.looking.to_widget((x, y))))


def shade(canvas: CanvasView) -> tuple[int, int, int]:
    colour = canvas.grab().toImage().pixelColor(canvas.width() // 2, canvas.height() // 2)
    return colour.red(), colour.green(), colour.blue()


def at_picture(canvas: CanvasView, x: float, y: float) -> int:
    """The red of what is drawn at a pixel of the picture."""
    at = QPoint(*(round(value) for value in canvas.looking.to_widget((x, y))))
    return canvas.grab().toImage().pixelColor(at).red()
