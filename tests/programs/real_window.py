"""The real program, that also tells a test what it shows: argument 1 is the file to write it to, ten times a second."""

import json
import os
import sys

from PyQt5.QtCore import QPoint, QTimer
from PyQt5.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QSlider, QSpinBox, QTabWidget, QWidget

from fastcnn.gui.program import app

CONTROLS = (QAbstractButton, QComboBox, QLabel, QSlider, QSpinBox, QTabWidget)
NAMES = ("canvas", "drawButton", "recognizeButton", "modeCombo")


def cut_off(window: QWidget) -> list[str]:
    """The controls in sight that do not lie inside what they are part of, have less room than they need, or scroll."""
    found = []
    for widget in window.findChildren(QWidget):
        parent = widget.parentWidget()
        if isinstance(widget, CONTROLS) and widget.objectName() and widget.isVisible() and parent is not None:
            needed = widget.minimumSizeHint()
            small = not isinstance(widget, QLabel) and widget.width() < needed.width()
            if widget.objectName().startswith("qt_"):
                continue
            scrolls = widget.objectName().startswith("Scroll")
            if scrolls or small or not parent.rect().contains(widget.geometry()):
                found.append(widget.objectName())
    return found


def state(window: QWidget) -> dict[str, object]:
    """What a user sees, and where to press, in pixels of the screen."""
    ratio = window.devicePixelRatioF()
    places = {}
    for name in NAMES:
        widget = window.findChild(QWidget, name)
        corner = widget.mapToGlobal(QPoint(0, 0))
        places[name] = [round(ratio * each) for each in (corner.x(), corner.y(), widget.width(), widget.height())]
    return {
        "result": window.resultLabel.text(),
        "confidence": window.confidenceLabel.text(),
        "truth": window.truthLabel.text(),
        "mode": window.modeCombo.currentIndex(),
        "title": window.windowTitle(),
        "size": [window.width(), window.height()],
        "ready": bool(window.networkInfoLabel.text()),
        "cut_off": cut_off(window),
        "places": places,
        "points": [len(stroke.points) for stroke in window.canvas.drawing.strokes()],
    }


def tell() -> None:
    """Write the state where a reader never sees half of it."""
    (window,) = (each for each in QApplication.topLevelWidgets() if each.objectName() == "MainWindow")
    with open(f"{path}.new", "w") as file:
        json.dump(state(window), file)
    os.replace(f"{path}.new", path)


path = sys.argv[1]
made = app.create_window


def create_window(model: str = "") -> QWidget:
    window = made(model)
    timer = QTimer(window)
    timer.timeout.connect(tell)
    timer.start(100)
    return window


app.create_window = create_window
sys.exit(app.run())
