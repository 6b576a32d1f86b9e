"""One plane of pixels, with a frame that the mouse moves and pixels to click."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PyQt5.QtWidgets import QWidget

from fastcnn.gui.widgets.lesson.cells import Values, View, fitted, paint_frame, paint_plane, pixel_at

Frame = tuple[int, int, int, int]
CHANGED = QColor("#1ca36b")


class Plane(View):
    """Shows a plane (H, W). Keys are left to the page."""

    pressed = pyqtSignal(int, int)  # row and column of a pixel
    dragged = pyqtSignal(float, float)  # the mouse at a place of the plane, with its button down

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._least = QSize(120, 120)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._values = np.zeros((1, 1))
        self._limit, self._diverging = 1.0, False
        self._frame: Frame | None = None
        self._marked: list[tuple[int, int]] = []

    @property
    def frame(self) -> Frame | None:
        """Top, left, height and width of the frame, in pixels; None without one."""
        return self._frame

    def show_plane(
        self,
        values: Values,
        limit: float,
        *,
        diverging: bool,
        frame: Frame | None = None,
        marked: list[tuple[int, int]] | None = None,
    ) -> None:
        """Show numbers with a frame, and with a border round some pixels."""
        self._values, self._limit, self._diverging = values, limit, diverging
        self._frame, self._marked = frame, marked or []
        self.update()

    def pixel_center(self, row: int, column: int) -> QPointF:
        """Where the centre of a pixel is on the widget."""
        room, (height, width) = self._room(), self._values.shape
        return QPointF(
            room.x() + (column + 0.5) * room.width() / width, room.y() + (row + 0.5) * room.height() / height
        )

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            row, column = pixel_at(self._room(), self._shape(), event.localPos())
            height, width = self._shape()
            if -0.5 <= row < height - 0.5 and -0.5 <= column < width - 0.5:
                self.pressed.emit(round(row), round(column))
            self.dragged.emit(row, column)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        if event is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self.dragged.emit(*pixel_at(self._room(), self._shape(), event.localPos()))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter, room = QPainter(self), self._room()
        paint_plane(painter, room, self._values, self._limit, diverging=self._diverging)
        height, width = self._shape()
        painter.setPen(QPen(CHANGED, 2))
        for row, column in self._marked:
            across, down = room.width() / width, room.height() / height
            painter.drawRect(QRectF(room.x() + column * across, room.y() + row * down, across, down))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(room)
        if self._frame is not None:
            paint_frame(painter, room, (height, width), self._frame)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.end()

    def _shape(self) -> tuple[int, int]:
        return self._values.shape[0], self._values.shape[1]

    def _room(self) -> QRectF:
        return fitted(QRectF(self.rect()).adjusted(6, 6, -6, -6), *self._shape())
