"""Draw on the canvas as a mouse does: press, moves with the button down, release."""

from __future__ import annotations

import itertools

from PyQt5.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtWidgets import QApplication

SEVEN = [(0.28, 0.22), (0.72, 0.22), (0.62, 0.5), (0.45, 0.85)]
ONE = [(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]
STEPS = 8


def _send(canvas, kind, point, button, buttons):
    # QTest.mouseMove moves the cursor, which the offscreen platform does not report while a button is down.
    event = QMouseEvent(kind, QPointF(point), QPointF(canvas.mapToGlobal(point)), button, buttons, Qt.NoModifier)
    QApplication.sendEvent(canvas, event)


def draw(canvas, shares):
    """One stroke through points given as shares of the canvas's square."""
    side = min(canvas.width(), canvas.height())
    left, top = (canvas.width() - side) // 2, (canvas.height() - side) // 2
    points = [QPoint(left + round(x * side), top + round(y * side)) for x, y in shares]
    _send(canvas, QEvent.MouseButtonPress, points[0], Qt.LeftButton, Qt.LeftButton)
    for start, end in itertools.pairwise(points):
        for step in range(1, STEPS + 1):
            _send(canvas, QEvent.MouseMove, start + (end - start) * step / STEPS, Qt.NoButton, Qt.LeftButton)
    _send(canvas, QEvent.MouseButtonRelease, points[-1], Qt.LeftButton, Qt.NoButton)
