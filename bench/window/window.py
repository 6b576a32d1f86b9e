"""The desktop program for measurements: a window with empty folders and no display, and a mouse that draws on it."""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

Points = Sequence[tuple[float, float]]  # shares of the drawing field's square

SEVEN: Points = [(0.28, 0.24), (0.5, 0.22), (0.72, 0.22), (0.63, 0.42), (0.53, 0.6), (0.45, 0.84)]
THREE: Points = [
    (0.32, 0.25), (0.45, 0.18), (0.6, 0.2), (0.67, 0.3), (0.6, 0.43), (0.47, 0.48), (0.62, 0.53), (0.69, 0.66),
    (0.6, 0.8), (0.44, 0.83), (0.3, 0.75),
]  # fmt: skip
FOLDERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
STEPS = 10  # mouse moves between two points
TIMEOUT_S = 60.0


@contextmanager
def open_window() -> Iterator[Any]:
    """The program's window, shown, once its network can answer. No file of the user is read or written."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        for name in FOLDERS:
            os.environ[name] = folder
        from PyQt5 import sip
        from PyQt5.QtWidgets import QApplication

        from fastcnn.gui import create_window

        application = QApplication.instance() or QApplication(["fastcnn"])
        window: Any = create_window()
        sys.excepthook = sys.__excepthook__  # the program's own would hide an error of the measurement
        window.program.use_language("en")
        window.show()
        process()
        until(lambda: bool(window.networkInfoLabel.text()))
        settle(window)
        try:
            yield window
        finally:
            window.program.close()
            window.may_close = lambda: True
            window.close()
            sip.delete(window)  # before the application, as the program does: a window that outlived it has crashed
            del application


def process() -> None:
    """Handle the waiting events and deferred deletions, as a running event loop does."""
    from PyQt5.QtCore import QCoreApplication, QEvent

    QCoreApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def until(condition: Callable[[], bool]) -> None:
    """Handle events until a condition is true; TimeoutError if it never is."""
    end_s = time.perf_counter() + TIMEOUT_S
    while not condition():
        process()
        time.sleep(0.001)  # otherwise this loop and the workers compete for the interpreter
        if time.perf_counter() > end_s:
            raise TimeoutError("the window did not come to what was waited for")


def settle(window: Any) -> None:
    """Handle events until no work is left."""
    program = window.program
    process()
    pages = program.pages
    workers = program.answers, program.work, pages.learner, pages.searching, pages.teaching, pages.comparing
    until(lambda: all(worker.idle for worker in workers))
    process()


def moves(canvas: Any, points: Points) -> Iterator[Callable[[], None]]:
    """The mouse events of one stroke, as functions that send them."""
    from PyQt5.QtCore import QEvent, QPointF, Qt
    from PyQt5.QtGui import QMouseEvent
    from PyQt5.QtWidgets import QApplication

    side = min(canvas.width(), canvas.height())
    corner = QPointF((canvas.width() - side) / 2, (canvas.height() - side) / 2)
    places = [corner + QPointF(x * side, y * side) for x, y in points]
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton

    def event(kind: QEvent.Type, at: QPointF, button: Any, buttons: Any) -> Callable[[], None]:
        def send() -> None:
            sent = QMouseEvent(kind, at, button, buttons, Qt.KeyboardModifier.NoModifier)
            QApplication.sendEvent(canvas, sent)

        return send

    yield event(QEvent.Type.MouseButtonPress, places[0], left, left)
    for start, end in itertools.pairwise(places):
        for step in range(1, STEPS + 1):
            yield event(QEvent.Type.MouseMove, start + (end - start) * (step / STEPS), none, left)
    yield event(QEvent.Type.MouseButtonRelease, places[-1], left, none)


def draw(canvas: Any, points: Points) -> None:
    """Draw one stroke."""
    for send in moves(canvas, points):
        send()
