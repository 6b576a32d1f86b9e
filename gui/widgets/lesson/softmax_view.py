"""The softmax as a table: score, exp(score), share, and the loss if the class were the true one."""

from __future__ import annotations

from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PyQt5.QtWidgets import QWidget

from fastcnn.gui.logic.lesson.numbers import plain, power, signed
from fastcnn.gui.logic.lesson.shares import Shares, shares_of
from fastcnn.gui.logic.lesson.shown import Shown
from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.lesson.cells import View
from fastcnn.gui.widgets.scale import letters, scale_of

WIDTHS = (0.10, 0.17, 0.20, 0.33, 0.20)  # of the columns
LEAST_LINE = 13


class SoftmaxView(View):
    """One row for each class, and the sum below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("lessonSoftmax", parent)
        self._shares: Shares | None = None
        self._truth: int | None = None
        self.rows: list[tuple[str, ...]] = []

    def show_lesson(self, shown: Shown) -> None:
        """Show the shares of a look."""
        shares = self._shares = shares_of(shown.stage)
        self._truth = shown.truth
        name = tr("exp(score)") if shares.shift == 0 else tr("exp(score − {shift})").format(shift=plain(shares.shift))
        self.rows = [("", tr("score"), name, tr("probability"), tr("loss if true"))]
        self.rows += [
            (str(term.index), signed(term.score), power(max(term.power, 1e-300)), _share(term.share), plain(term.loss))
            for term in shares.terms
        ]
        self.rows.append((tr("sum"), "", power(shares.total), _share(1.0), ""))
        self._least = QSize(240, LEAST_LINE * len(self.rows))
        self.updateGeometry()
        self.describe("; ".join(", ".join(filter(None, row)) for row in self.rows[1:]))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        shares = self._shares
        if shares is None:
            return
        painter = QPainter(self)
        palette, scale = self.palette(), scale_of(self)
        line = min(24 * scale, self.height() / len(self.rows))
        text = palette.color(QPalette.ColorRole.WindowText)
        soft = palette.color(QPalette.ColorRole.PlaceholderText)
        for number, row in enumerate(self.rows):
            left, top = 0.0, number * line
            index = number - 1
            is_class = 0 <= index < len(shares.terms)
            painter.setFont(letters(self, 14, line * 0.75, bold=is_class and index == shares.best))
            if is_class and index == self._truth:
                wash = QColor(palette.color(QPalette.ColorRole.Highlight))
                wash.setAlphaF(0.15)
                painter.fillRect(QRectF(0, top, self.width(), line), wash)
            for column, (words, share) in enumerate(zip(row, WIDTHS, strict=True)):
                wide = share * self.width()
                painter.setPen(text if is_class else soft)
                box = QRectF(left, top, wide - 6, line)
                if column == 3 and is_class:
                    bar = QRectF(
                        left + 8, top + line * 0.2, (wide - 74 * scale) * shares.terms[index].share, line * 0.6
                    )
                    painter.fillRect(bar, palette.color(QPalette.ColorRole.Highlight))
                flags = Qt.AlignmentFlag.AlignCenter if column == 0 else Qt.AlignmentFlag.AlignRight
                painter.drawText(box, flags | Qt.AlignmentFlag.AlignVCenter, words)
                left += wide
        painter.setPen(palette.color(QPalette.ColorRole.Mid))
        for number in (1, len(self.rows) - 1):
            painter.drawLine(0, round(number * line), self.width(), round(number * line))
        painter.end()


def _share(share: float) -> str:
    return f"{100 * share:.2f}%"
