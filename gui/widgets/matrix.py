"""A confusion matrix for clicking: rows are the true digits, columns the answers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PyQt5.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt5.QtWidgets import QWidget

from fastcnn.digits import CLASSES
from fastcnn.gui.widgets.canvas import ARROWS
from fastcnn.gui.widgets.colors import mixed
from fastcnn.gui.widgets.scale import scale_of

LEAST_PX = 7  # of the numbers
STRENGTHS, STRONGER = (0.15, 0.3), 0.3  # wrong and right, and what most mistakes add; the numbers stay legible


class Matrix(QWidget):
    """Shows counts (10, 10). A click, or Return on the framed cell, chooses one."""

    chosen = pyqtSignal(int, int)  # true digit, answer

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: npt.NDArray[np.int64] | None = None
        self._cell = (0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @property
    def counts(self) -> npt.NDArray[np.int64] | None:
        """The shown counts."""
        return self._counts

    def show_counts(self, counts: npt.NDArray[np.int64] | None) -> None:
        """Show counts, or none."""
        self._counts = counts
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(330, 330) * scale_of(self)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 200) * scale_of(self)

    def cell_center(self, true: int, answer: int) -> QPointF:
        """The centre of a cell, in the widget's coordinates."""
        return self._rect(true, answer).center()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        for true in range(CLASSES):
            for answer in range(CLASSES):
                if self._rect(true, answer).contains(event.localPos()):
                    self._cell = true, answer
                    self._choose()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        key = Qt.Key(event.key())
        if key in ARROWS:
            right, down = ARROWS[key]
            self._cell = (self._cell[0] + down) % CLASSES, (self._cell[1] + right) % CLASSES
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        text = self.palette().windowText().color()
        for digit in range(CLASSES):
            for rect in (self._rect(digit, -1), self._rect(-1, digit)):
                painter.setPen(text)
                painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, str(digit))
        font = painter.font()
        side = self._rect(0, 0)
        pixels = self.fontInfo().pixelSize()
        while pixels > LEAST_PX and QFontMetrics(font).horizontalAdvance("1135") > side.width() - 2:
            pixels -= 1
            font.setPixelSize(pixels)
        painter.setFont(font)
        for true in range(CLASSES):
            for answer in range(CLASSES):
                self._paint_cell(painter, true, answer)
        if self.hasFocus():
            painter.setPen(QPen(text, 2))
            painter.drawRect(self._rect(*self._cell))
        painter.end()

    def _paint_cell(self, painter: QPainter, true: int, answer: int) -> None:
        rect = self._rect(true, answer).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.fillRect(rect, self.palette().alternateBase())
        count = 0 if self._counts is None else int(self._counts[true, answer])
        if not count:
            return
        assert self._counts is not None
        largest = int((self._counts - np.diag(np.diag(self._counts))).max())
        strength = STRENGTHS[true == answer] + (0 if true == answer else STRONGER * count / max(1, largest))
        color = mixed("right" if true == answer else "wrong", strength, "track")
        painter.fillRect(rect, color)
        painter.setPen(self.palette().windowText().color())
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, str(count))

    def _choose(self) -> None:
        self.update()
        if self._counts is not None:
            self.chosen.emit(*self._cell)

    def _rect(self, row: int, column: int) -> QRectF:
        """The rectangle of a cell, or with -1 that of a heading."""
        width, height = self.width() / (CLASSES + 1), self.height() / (CLASSES + 1)
        return QRectF((column + 1) * width, (row + 1) * height, width, height)
