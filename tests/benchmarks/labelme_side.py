"""Run by the interpreter of labelme 6.3: the deeds of the comparison, as JSON on the last line."""

import json
import statistics
import sys
import time
from pathlib import Path

from labelme._shape import Shape
from labelme.app import MainWindow
from PyQt5 import QtCore, QtGui, QtWidgets


def main(folder: Path) -> None:
    app = QtWidgets.QApplication([])
    window = MainWindow()
    window.resize(1280, 720)
    window.show()
    app.processEvents()
    canvas = window._canvas_widgets.canvas
    waits = []
    for picture in sorted(folder.glob("*.jpg")):
        start = time.perf_counter()
        window._load_file(str(picture))
        app.processEvents()
        canvas.repaint()
        waits.append(1e3 * (time.perf_counter() - start))
    if canvas.pixmap.width() != 4000:
        raise SystemExit("labelme did not open the picture")
    wall, cpu = dragging(app, canvas)
    figures = {
        "opening 12 megapixels, wall": waits[0],
        "stepping to the next, wall": statistics.median(waits[1:]),
        "drag step among 1,000 boxes, wall": wall,
        "drag step among 1,000 boxes, processor": cpu,
    }
    print(json.dumps(figures), flush=True)


def dragging(app: QtWidgets.QApplication, canvas: QtWidgets.QWidget) -> tuple[float, float]:
    """Median milliseconds of a step, wall and processor, each step painted."""
    shapes = []
    for number in range(1000):
        x, y = (number * 97) % 3800, (number * 61) % 2800
        shape = Shape(label="thing", shape_type="rectangle")
        for corner in ((x, y), (x + 100, y + 80)):
            shape.add_point(QtCore.QPointF(*corner))
        shape.close()
        shapes.append(shape)
    canvas.load_shapes(shapes)
    canvas.set_editing(True)
    app.processEvents()
    chosen = shapes[500]
    before = [QtCore.QPointF(shape.points[0]) for shape in shapes]
    middle = (chosen.points[0] + chosen.points[1]) / 2
    left, none = QtCore.Qt.LeftButton, QtCore.Qt.NoButton
    send(app, canvas, QtCore.QEvent.MouseMove, middle, none)
    send(app, canvas, QtCore.QEvent.MouseButtonPress, middle, left)
    walls, cpus = [], []
    for number in range(60):
        at = middle + QtCore.QPointF(10 + number % 40, 8 + number % 30)
        wall, cpu = time.perf_counter(), time.process_time()
        send(app, canvas, QtCore.QEvent.MouseMove, at, left)
        cpus.append(1e3 * (time.process_time() - cpu))
        walls.append(1e3 * (time.perf_counter() - wall))
    moved = [shape.points[0] != corner for shape, corner in zip(canvas.shapes, before, strict=True)]
    if sum(moved) != 1:
        raise SystemExit("the box did not follow the pointer")
    return statistics.median(walls), statistics.median(cpus)


def send(app: QtWidgets.QApplication, canvas: QtWidgets.QWidget, kind: int, at: QtCore.QPointF, held: int) -> None:
    """An event at a point of the picture; what it changes is painted before this returns."""
    place = (at + canvas._compute_image_origin_offset()) * canvas.scale
    button = held if kind == QtCore.QEvent.MouseButtonPress else QtCore.Qt.NoButton
    event = QtGui.QMouseEvent(kind, place, button, QtCore.Qt.MouseButtons(held), QtCore.Qt.NoModifier)
    app.sendEvent(canvas, event)
    app.processEvents()


main(Path(sys.argv[1]))
