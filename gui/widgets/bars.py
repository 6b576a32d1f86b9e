"""Bars with the network's probability of each digit."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QBrush, QFont, QPainter, QPaintEvent
from PyQt5.QtWidgets import QSizePolicy, QWidget

from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.colors import color
from fastcnn.gui.widgets.icons import paint_icon

ROWS, FEW, LEAST_ROWS = 10, 5, 3
MARKS = {"right": "right", "wrong": "close"}  # the icons, for those who do not tell the colours apart
LEAST, MOST = 1.05, 3.0  # a row's height, in letters' heights
LEAST_WIDTH = 4.5  # so that two stand side by side in the smallest window at zoom 2


class Bars(QWidget):
    """Shows ten probabilities in the digits' order, or where there is little room the five largest, or three.

    The largest is blue. If the true digit is known, that one is solid green with a tick, and a wrong answer is red,
    hatched, with a cross. If the picture is refused, all are grey, and one more bar says "no digit".
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shares: npt.NDArray[np.float32] | None = None
        self._truth: int | None = None
        self._refused: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def shares(self) -> npt.NDArray[np.float32] | None:
        """The shown probabilities."""
        return self._shares

    def show_shares(
        self, shares: npt.NDArray[np.float32] | None, truth: int | None = None, *, refused: float | None = None
    ) -> None:
        """Show probabilities (10,), or none. `refused`: how probably the refused picture is no digit at all."""
        self._shares, self._truth, self._refused = shares, truth, refused
        described = "" if shares is None else ", ".join(f"{digit}: {share:.0%}" for digit, share in enumerate(shares))
        self.setAccessibleDescription(f"{tr('no digit')}; {described}" if refused is not None else described)
        self.update()

    def shown_digits(self) -> list[int]:
        """The digits that have a bar, from top to bottom."""
        more = self._refused is not None
        room = int(self.height() / (LEAST * self.fontMetrics().height()))
        if room >= ROWS + more:
            return list(range(ROWS))
        few = min(FEW, max(LEAST_ROWS, room)) - more
        if self._shares is None:
            return list(range(few))
        return [int(digit) for digit in np.argsort(-self._shares, kind="stable")[:few]]

    def sizeHint(self) -> QSize:
        letters = self.fontMetrics().height()
        return QSize(16 * letters, round(ROWS * 1.4 * letters))

    def minimumSizeHint(self) -> QSize:
        letters = self.fontMetrics().height()
        return QSize(round(LEAST_WIDTH * letters), math.ceil(LEAST_ROWS * LEAST * letters))

    @property
    def wished(self) -> int:
        """How much higher than the least it should be, for five rows, where there is room."""
        return math.ceil((FEW - LEAST_ROWS) * LEAST * self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = self.fontMetrics()
        digits = self.shown_digits()
        row = min(self.height() / (len(digits) + (self._refused is not None)), MOST * metrics.height())
        best = -1 if self._shares is None else int(self._shares.argmax())
        for number, digit in enumerate(digits):
            share = None if self._shares is None else float(self._shares[digit])
            self._paint_row(painter, number * row, row, str(digit), share, self._purpose(digit, best))
        if self._refused is not None:
            self._paint_row(painter, len(digits) * row, row, "–", self._refused, "toast", tr("no digit"))
        painter.end()

    def _paint_row(
        self, painter: QPainter, top: float, row: float, name: str, share: float | None, purpose: str, words: str = ""
    ) -> None:
        metrics = self.fontMetrics()
        left, right = 2.1 * metrics.horizontalAdvance("0") + 4, metrics.horizontalAdvance("100.0%") + 8
        width = max(1.0, self.width() - left - right)
        painter.setPen(color("text"))
        painter.setFont(self._bold())
        painter.drawText(QRectF(0, top, left - 8, row), Qt.AlignmentFlag.AlignCenter, name)
        height = min(0.62 * row, 1.1 * metrics.height())
        track = QRectF(left, top + (row - height) / 2, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("track"))
        painter.drawRoundedRect(track, 3, 3)
        if share is None:
            return
        filled = QRectF(track)
        filled.setWidth(max(3.0, width * share))
        painter.setBrush(color(purpose))
        painter.drawRoundedRect(filled, 3, 3)
        if purpose == "wrong":  # hatched, for those who do not tell red from green
            painter.setBrush(QBrush(color("card"), Qt.BrushStyle.BDiagPattern))
            painter.drawRoundedRect(filled, 3, 3)
        painter.setFont(self.font())
        if words:
            inside = metrics.horizontalAdvance(words) + 16 <= filled.width()
            painter.setPen(color("toast-text" if inside else "text"))
            place = filled if inside else track.adjusted(filled.width(), 0, 0, 0)
            painter.drawText(place.adjusted(8, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, words)
        if purpose in MARKS:
            inside = filled.width() + 1.5 * height > width
            place = QRectF(filled.right() + (-1.25 if inside else 0.25) * height, track.top(), height, height)
            if inside:
                painter.fillRect(place, color(purpose))  # the mark is legible on a hatched bar too
            paint_icon(painter, MARKS[purpose], place, "card" if inside else purpose)
        painter.setPen(color("soft"))
        place = QRectF(left + width, top, right, row)
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{100 * share:.1f}%")

    def _bold(self) -> QFont:
        font = QFont(self.font())
        font.setBold(True)
        return font

    def _purpose(self, digit: int, best: int) -> str:
        if self._refused is not None:
            return "idle"
        if digit == self._truth:
            return "right"
        if digit == best:
            return "fill" if self._truth is None else "wrong"
        return "idle"
