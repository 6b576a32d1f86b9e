"""One number of a pooling: its window with the winner marked, or the mean."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QRectF, Qt
from PyQt5.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PyQt5.QtWidgets import QWidget

from fastcnn.gui.logic.lesson.colors import limit_of
from fastcnn.gui.logic.lesson.numbers import plain
from fastcnn.gui.logic.lesson.pooling import PoolWindow, pool_window
from fastcnn.gui.logic.lesson.shown import Shown
from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.lesson.cells import FRAME, View, caption, fitted, paint_cells
from fastcnn.gui.widgets.scale import letters, scale_of

DECIMALS = 3
MOST = 8  # cells in a row that can be read


class PoolView(View):
    """The numbers of a window, and which of them goes on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("lessonPool", parent)
        self._window: PoolWindow | None = None

    @property
    def words(self) -> str:
        """What comes out, in words."""
        parts = self._window
        if parts is None:
            return ""
        out = plain(parts.output, DECIMALS)
        if parts.winner is None:
            return tr("mean of {count} numbers: {out}").format(count=np.isfinite(parts.window).sum(), out=out)
        row, column = parts.winner
        words = tr("largest: row {row}, column {column} of the window, {out}")
        return words.format(row=row + 1, column=column + 1, out=out)

    def show_lesson(self, shown: Shown) -> None:
        """Show the place of a look."""
        place = shown.place
        self._window = pool_window(shown.stage, place.unit, place.row, place.column)
        self.describe(self.words)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        parts = self._window
        if parts is None:
            return
        painter = QPainter(self)
        scale = scale_of(self)
        below = 26 * scale
        room = QRectF(0, 0, self.width(), self.height() - below - 2)
        box = fitted(room, *parts.window.shape)
        signs = bool((np.nan_to_num(parts.window) < 0).any())
        small = max(parts.window.shape) <= MOST
        limit = limit_of(np.nan_to_num(parts.window))
        decimals = DECIMALS if small else 1
        paint_cells(
            painter, box, parts.window, limit, diverging=signs, signs=signs, decimals=decimals, most_px=18 * scale
        )
        if parts.winner is not None:
            height, width = parts.window.shape
            row, column = parts.winner
            cell = QRectF(
                box.x() + column * box.width() / width, box.y() + row * box.height() / height,
                box.width() / width, box.height() / height,
            )  # fmt: skip
            painter.setPen(QPen(FRAME, 4))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(cell.adjusted(2, 2, -2, -2))
        painter.setFont(letters(self, 15, bold=True))
        text = self.palette().color(QPalette.ColorRole.WindowText)
        caption(painter, QRectF(0, self.height() - below, self.width(), below), self.words, text)
        painter.end()
