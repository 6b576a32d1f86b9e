"""The legend of the colours, with the numbers at its ends."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QPainter, QPaintEvent, QPalette
from PyQt5.QtWidgets import QWidget

from fastcnn.gui.logic.lesson.colors import is_diverging, map_limits, paint
from fastcnn.gui.logic.lesson.numbers import decimals_of, plain, signed
from fastcnn.gui.logic.lesson.shown import Shown
from fastcnn.gui.widgets.canvas import to_image
from fastcnn.gui.widgets.scale import letters, scale_of

BAR_PX, NUMBER_PX, GAP_PX = 56, 45, 5


class Legend(QWidget):
    """The colours from the smallest to the largest number of the shown map."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lessonLegend")
        self._limit, self._diverging = 1.0, False

    def show_lesson(self, shown: Shown | None) -> None:
        """Show the scale of the shown map."""
        if shown is not None:
            stage, unit = shown.stage, shown.place.unit
            self._limit = float(map_limits(shown.stages, stage, shown.scale)[unit])
            self._diverging = is_diverging(stage)
        low, high = self.ends()
        self.setAccessibleDescription(f"{low} … {high}")
        self.update()

    def ends(self) -> tuple[str, str]:
        """The numbers at both ends."""
        decimals = max(2, decimals_of(self._limit, most=4))
        return (signed(-self._limit, decimals) if self._diverging else "0"), plain(self._limit, decimals)

    def sizeHint(self) -> QSize:
        return QSize(BAR_PX + 2 * (NUMBER_PX + GAP_PX), 22) * scale_of(self)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        scale = scale_of(self)
        painter.setFont(letters(self, 12))
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        low, high = self.ends()
        height, number, wide = float(self.height()), NUMBER_PX * scale, BAR_PX * scale
        bar = QRectF(number + GAP_PX * scale, height / 2 - 6 * scale, wide, 12 * scale)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, 0, number, height), Qt.AlignmentFlag.AlignRight | middle, low)
        painter.drawText(QRectF(bar.right() + GAP_PX * scale, 0, number, height), middle, high)
        ramp = np.linspace(-1.0 if self._diverging else 0.0, 1.0, BAR_PX)[np.newaxis]
        painter.drawImage(bar, to_image(paint(ramp, 1.0, diverging=self._diverging)))
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawRect(bar)
        painter.end()
