"""Ten bars with the network's probability of each digit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QPainter, QPaintEvent
from PyQt5.QtWidgets import QWidget

RIGHT, WRONG = QColor(46, 160, 67), QColor(207, 60, 60)


class Bars(QWidget):
    """Shows ten probabilities. The largest is highlighted, in green or red if the true digit is known."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shares: npt.NDArray[np.float32] | None = None
        self._truth: int | None = None
        self.setMinimumSize(150, 170)

    @property
    def shares(self) -> npt.NDArray[np.float32] | None:
        """The shown probabilities."""
        return self._shares

    def show_shares(self, shares: npt.NDArray[np.float32] | None, truth: int | None = None) -> None:
        """Show probabilities (10,), or none."""
        self._shares, self._truth = shares, truth
        described = "" if shares is None else ", ".join(f"{digit}: {share:.0%}" for digit, share in enumerate(shares))
        self.setAccessibleDescription(described)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(260, 260)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        palette, metrics = self.palette(), self.fontMetrics()
        row = self.height() / 10
        left, right = metrics.horizontalAdvance("0") + 8, metrics.horizontalAdvance("100.0%") + 6
        width = max(1.0, self.width() - left - right)
        best = -1 if self._shares is None else int(self._shares.argmax())
        for digit in range(10):
            share = 0.0 if self._shares is None else float(self._shares[digit])
            top = digit * row
            painter.setPen(palette.windowText().color())
            painter.drawText(QRectF(0, top, left - 4, row), Qt.AlignmentFlag.AlignCenter, str(digit))
            track = QRectF(left, top + row * 0.18, width, row * 0.64)
            painter.fillRect(track, palette.alternateBase())
            filled = QRectF(track)
            filled.setWidth(width * share)
            painter.fillRect(filled, self._color(digit, best))
            if self._shares is not None:
                flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                painter.drawText(QRectF(left + width, top, right, row), flags, f"{100 * share:.1f}%")
        painter.end()

    def _color(self, digit: int, best: int) -> QColor:
        if digit == self._truth:
            return RIGHT
        if digit == best:
            return self.palette().highlight().color() if self._truth is None else WRONG
        return self.palette().mid().color()
