"""The window's icons, drawn as lines of 24 units a side, sharp at every size and in the theme's colours."""

from __future__ import annotations

import re
from functools import cache

from PyQt5.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PyQt5.QtGui import QIcon, QIconEngine, QPainter, QPainterPath, QPen, QPixmap

from fastcnn.gui.widgets.colors import color

SIDE, LINE = 24, 1.7
# M moves, L draws lines, C a curve by two control points, O a circle by centre and radius, R a rounded rectangle by its
# corner, width, height and radius, Z closes.
SHAPES = {
    "answer": "M9 4 L7 20 M17 4 L15 20 M4.5 9 L20.5 9 M3.5 15 L19.5 15",
    "lesson": "M12 5 L22 9.5 L12 14 L2 9.5 Z M6 11.5 L6 16.5 C9 19.5 15 19.5 18 16.5 L18 11.5 M22 9.5 L22 15.5",
    "inside": "R3.5 3.5 7 7 1.5 R13.5 3.5 7 7 1.5 R3.5 13.5 7 7 1.5 R13.5 13.5 7 7 1.5",
    "mistakes": "O12 12 9 M12 7 L12 12.8 M12 16.2 L12 16.5",
    "experiment": "R3.5 13 4 7.5 1 R10 8.5 4 12 1 R16.5 3.5 4 17 1",
    "hand": "M7.5 13 L7.5 6.5 C7.5 4.6 10.2 4.6 10.2 6.5 L10.2 11 M10.2 11 L10.2 4.5 C10.2 2.6 13 2.6 13 4.5 L13 11"
    " M13 11 L13 5.5 C13 3.7 15.7 3.7 15.7 5.5 L15.7 12 M15.7 12 L15.7 8.3 C15.7 6.6 18.3 6.6 18.3 8.3 L18.3 15"
    " C18.3 19 16 21.3 12.8 21.3 C9.6 21.3 8.3 19.8 6.8 17.2 L4.4 13.2 C3.7 11.6 5.6 10.7 6.6 12 L7.5 13",
    "training": "O12 12 9 M10 8.3 L16 12 L10 15.7 Z",
    "compare": "R4 4 6 16 1.5 R14 4 6 16 1.5",
    "page": "R4.5 3.5 15 17 2 M8.5 9 L15.5 9 M8.5 13 L15.5 13",
    "random": "M3 7 L6 7 C10 7 13 17 17 17 L21 17 M3 17 L6 17 C7.6 17 9 15.6 10.3 13.8 M13 9.9 C14.2 8.2 15.5 7 17 7"
    " L21 7 M18.3 4.3 L21 7 L18.3 9.7 M18.3 14.3 L21 17 L18.3 19.7",
    "clear": "M4 6.5 L20 6.5 M9 6.5 L9 4 L15 4 L15 6.5 M6 6.5 L7 20.5 L17 20.5 L18 6.5 M10.2 10.5 L10.2 16.5"
    " M13.8 10.5 L13.8 16.5",
    "recognize": "M4 20 L14.5 9.5 M12.7 7.7 L16.3 11.3 M17.5 3 L17.5 6.6 M15.7 4.8 L19.3 4.8 M8.5 3.5 L8.5 6.5"
    " M7 5 L10 5 M19.5 13.5 L19.5 16.5 M18 15 L21 15",
    "zoom": "O10.5 10.5 6.8 M15.6 15.6 L21 21 M10.5 7.5 L10.5 13.5 M7.5 10.5 L13.5 10.5",
    "full": "M14.5 4 L20 4 L20 9.5 M20 4 L14 10 M9.5 20 L4 20 L4 14.5 M4 20 L10 14 M9.5 4 L4 4 L4 9.5 M4 4 L10 10"
    " M14.5 20 L20 20 L20 14.5 M20 20 L14 14",
    "help": "O12 12 9 M9.2 9.6 C9.2 5.8 14.9 5.8 14.9 9.5 C14.9 12 12 11.9 12 14 M12 16.9 L12 17.1",
    "menu": "M4 7 L20 7 M4 12 L20 12 M4 17 L20 17",
    "undo": "M8 4.5 L3.5 9 L8 13.5 M3.5 9 L15 9 C22 9 22 19.5 15 19.5 L11 19.5",
    "redo": "M16 4.5 L20.5 9 L16 13.5 M20.5 9 L9 9 C2 9 2 19.5 9 19.5 L13 19.5",
    "eraser": "M4 14.5 L13.5 5 L20 11.5 L11.5 20 L9 20 Z M8.5 10 L15 16.5 M11.5 20 L20.5 20",
    "pen": "M4 20 L5.2 15.3 L15.8 4.7 L19.3 8.2 L8.7 18.8 Z M13.4 7.1 L16.9 10.6",
    "previous": "M15 5 L8 12 L15 19",
    "next": "M9 5 L16 12 L9 19",
    "down": "M6 9 L12 15 L18 9",
    "up": "M6 15 L12 9 L18 15",
    "close": "M6 6 L18 18 M18 6 L6 18",
    "start": "M7 4.5 L19 12 L7 19.5 Z",
    "pause": "M8.5 5 L8.5 19 M15.5 5 L15.5 19",
    "stop": "R5.5 5.5 13 13 1.5",
    "measure": "M4 17 C4 6 20 6 20 17 M12 17 L16 11 M12 17 L12 17.2",
    "look": "M2.5 12 C6 5.5 18 5.5 21.5 12 C18 18.5 6 18.5 2.5 12 Z O12 12 3",
    "save": "M12 4 L12 15 M7.5 10.7 L12 15.2 L16.5 10.7 M4.5 19.5 L19.5 19.5",
    "open": "M12 15 L12 4 M7.5 8.3 L12 3.8 L16.5 8.3 M4.5 19.5 L19.5 19.5",
    "learn": "M12 3.5 L13.9 10.1 L20.5 12 L13.9 13.9 L12 20.5 L10.1 13.9 L3.5 12 L10.1 10.1 Z",
    "right": "M4.5 12.5 L10 18 L20 6.5",
}


@cache
def path_of(name: str) -> QPainterPath:
    """The lines of an icon, on a square of SIDE units. Nobody changes them: icons are painted all the time."""
    path = QPainterPath()
    for part in re.findall(r"[MLCORZ][^MLCORZ]*", SHAPES[name]):
        values = [float(number) for number in part[1:].split()]
        points = [QPointF(*pair) for pair in zip(values[::2], values[1::2], strict=False)]
        if part[0] == "M":
            path.moveTo(points[0])
        elif part[0] == "L":
            path.lineTo(points[0])
        elif part[0] == "C":
            path.cubicTo(*points)
        elif part[0] == "O":
            path.addEllipse(points[0], values[2], values[2])
        elif part[0] == "R":
            path.addRoundedRect(QRectF(*values[:4]), values[4], values[4])
        else:
            path.closeSubpath()
    return path


def paint_icon(painter: QPainter, name: str, rect: QRectF, purpose: str) -> None:
    """Draw an icon into a square, in the colour for a purpose."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.topLeft())
    painter.scale(rect.width() / SIDE, rect.height() / SIDE)
    pen = QPen(color(purpose), LINE)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path_of(name))
    painter.restore()


class _Engine(QIconEngine):
    """Draws an icon in the colour that the theme has when it is drawn."""

    def __init__(self, name: str, purpose: str) -> None:
        super().__init__()
        self._name, self._purpose = name, purpose

    def paint(self, painter: QPainter | None, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        if painter is not None:
            purpose = "off" if mode == QIcon.Mode.Disabled else self._purpose
            paint_icon(painter, self._name, QRectF(rect), purpose)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._purpose)


def icon(name: str, purpose: str = "text") -> QIcon:
    """An icon that follows the theme."""
    return QIcon(_Engine(name, purpose))
