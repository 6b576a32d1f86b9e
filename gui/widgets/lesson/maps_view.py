"""What a layer does to the numbers: the map before and after it, and the number at the place."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QRectF
from PyQt5.QtGui import QPainter, QPaintEvent, QPalette
from PyQt5.QtWidgets import QWidget

from fastcnn.gui.logic.lesson.colors import limit_of
from fastcnn.gui.logic.lesson.numbers import signed
from fastcnn.gui.logic.lesson.shown import Shown
from fastcnn.gui.logic.lesson.stages import Values
from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.lesson.cells import View, caption, fitted, paint_frame, paint_plane
from fastcnn.gui.widgets.scale import letters, scale_of

LINE = 24.0
GAP = 40.0


class MapsView(View):
    """Works for each layer; that of one with several inputs shows its first one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("lessonMaps", parent)
        self._planes: list[tuple[str, Values]] = []
        self._place: tuple[int, int] | None = None
        self.words = ""

    def show_lesson(self, shown: Shown) -> None:
        """Show the place of a look."""
        stage, place = shown.stage, shown.place
        self._planes = [(tr("before"), _plane(stage.x, place.unit)), (tr("after"), _plane(stage.out, place.unit))]
        same = stage.x.shape == stage.out.shape
        if same and stage.out.ndim == 3:
            at: tuple[int, ...] = (place.unit, place.row, place.column)
            self._place = place.row, place.column
        else:
            at, self._place = (place.unit,), None
        self.words = f"{signed(float(stage.x[at]))} → {signed(float(stage.out[at]))}" if same else ""
        self.describe(self.words)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        if not self._planes:
            return
        painter = QPainter(self)
        line, gap = LINE * scale_of(self), GAP * scale_of(self)
        across = (self.width() - gap) / 2
        limit = max(limit_of(values) for _, values in self._planes)
        text = self.palette().color(QPalette.ColorRole.WindowText)
        soft = self.palette().color(QPalette.ColorRole.PlaceholderText)
        for number, (name, values) in enumerate(self._planes):
            left = number * (across + gap)
            painter.setFont(letters(self, 13))
            caption(painter, QRectF(left, 0, across, line), name, soft)
            box = fitted(QRectF(left, line, across, self.height() - 2 * line), *values.shape)
            paint_plane(painter, box, values, limit, diverging=bool((values < 0).any()))
            if self._place is not None:
                paint_frame(painter, box, (values.shape[0], values.shape[1]), (*self._place, 1, 1))
        painter.setFont(letters(self, 20))
        caption(painter, QRectF(across, 0, gap, self.height()), "→", text)
        painter.setFont(letters(self, 15, bold=True))
        caption(painter, QRectF(0, self.height() - line, self.width(), line), self.words, text)
        painter.end()


def _plane(values: Values, unit: int) -> Values:
    """A map, or all features in a square."""
    if values.ndim == 3:
        plane: Values = values[min(unit, len(values) - 1)]
        return plane
    return square(values)


def square(values: Values) -> Values:
    """Numbers in rows of a square; zeros fill it."""
    side = int(np.ceil(np.sqrt(len(values))))
    cells = np.zeros(side * side)
    cells[: len(values)] = values
    return cells.reshape(side, side)
