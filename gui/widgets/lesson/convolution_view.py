"""One number of a convolution: window times filter gives the products; their sum, the bias, and the ReLU."""

from __future__ import annotations

import math

from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent
from PyQt5.QtWidgets import QWidget

from fastcnn.gui.logic.lesson.colors import limit_of
from fastcnn.gui.logic.lesson.convolution import WindowSum, window_sum
from fastcnn.gui.logic.lesson.numbers import adding_up, decimals_of, plain, signed
from fastcnn.gui.logic.lesson.shown import Shown
from fastcnn.gui.logic.lesson.stages import Kind
from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.lesson.cells import View, caption, fitted, fitting, paint_cells
from fastcnn.gui.widgets.scale import letters, scale_of

DECIMALS = 3
LINE = 22.0
SIGN = 22.0
COLUMN = 110.0  # of the sum, where there is room for it to the right
CELL = 23  # so many pixels a side make a number legible
LEAST_CELLS = 5  # of a side, that have this room
SIDE = LEAST_CELLS * CELL


class ConvolutionView(View):
    """Window × filter = products, and the sum."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("lessonConvolution", parent)
        self._sum: WindowSum | None = None
        self._signed_input = False
        self._input_limit = 1.0
        self._lines: list[tuple[str, str]] = []

    @property
    def _folds(self) -> bool:
        """Whether the products stand under the window, because the numbers would be too small in one row."""
        return self.width() < (3 * SIDE + 2 * SIGN) * scale_of(self)

    def minimumSizeHint(self) -> QSize:
        height = 2 * (SIDE + LINE) if self._folds else SIDE + 3 * LINE
        return QSize(240, round(height)) * scale_of(self)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The words and numbers of the sum."""
        return self._lines

    def show_lesson(self, shown: Shown) -> None:
        """Show the place of a look."""
        stage, place = shown.stage, shown.place
        self._sum = parts = window_sum(stage, place.unit, place.row, place.column, place.channel)
        self._signed_input, self._input_limit = bool((stage.x < 0).any()), limit_of(stage.x)
        bias, others, total = adding_up([parts.bias, parts.others, parts.channel_sum], parts.output, DECIMALS)
        self._lines = [(tr("sum"), signed(total, DECIMALS))]
        if parts.channels > 1:
            self._lines.append(
                (tr("+ other {count} inputs").format(count=parts.channels - 1), signed(others, DECIMALS))
            )
        self._lines += [(tr("+ bias"), signed(bias, DECIMALS)), (tr("= output"), signed(parts.output, DECIMALS))]
        after = shown.next_stage
        if after is not None and after.kind is Kind.RELU:
            self._lines.append((tr("ReLU"), plain(float(after.out[place.unit, place.row, place.column]), DECIMALS)))
        self.describe(", ".join(f"{words} {number}" for words, number in self._lines))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        parts = self._sum
        if parts is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        width, height, scale = float(self.width()), float(self.height()), scale_of(self)
        line, sign, column = LINE * scale, SIGN * scale, COLUMN * scale
        folds = self._folds
        beside = folds or width >= 3 * SIDE * scale + 2 * sign + column
        across = (width - 2 * sign - (column if beside else 0)) / 3
        down = height - line - (0 if beside else 2 * line)
        if folds:
            across, down = (width - sign) / 2, height / 2 - line
        text = self.palette().color(QPalette.ColorRole.WindowText)
        soft = self.palette().color(QPalette.ColorRole.PlaceholderText)
        kind = tr("window") if self._signed_input else tr("window (0 to {limit})")
        names = kind.format(limit=plain(math.ceil(self._input_limit * 10) / 10, 1)), tr("filter"), tr("products")
        for place, (name, values) in enumerate(zip(names, (parts.window, parts.weights, parts.products), strict=True)):
            left, top = (place * (across + sign), 0.0) if not folds or place < 2 else (0.0, height / 2)
            box = fitted(QRectF(left, top + line, across, down), *values.shape)
            box.moveTop(top + line)
            painter.setFont(fitting(letters(self, 13), name, across))
            caption(painter, QRectF(left, top, across, line), name, soft)
            colored = place > 0 or self._signed_input
            limit = limit_of(values) if place else self._input_limit
            decimals = decimals_of(limit)
            paint_cells(
                painter, box, values, limit, diverging=colored, signs=colored, decimals=decimals, most_px=18 * scale
            )
            if place < 2:
                painter.setFont(letters(self, 20))
                caption(painter, QRectF(left + across, box.y(), sign, box.height()), "×" if place == 0 else "=", text)
        room = QRectF(width - column, 0, column, height)
        if folds:
            room = QRectF(across + sign, height / 2 + line, across, down)
        self._paint_lines(painter, room if beside else None, line)
        painter.end()

    def _paint_lines(self, painter: QPainter, column: QRectF | None, line: float) -> None:
        text = self.palette().color(QPalette.ColorRole.WindowText)
        soft = self.palette().color(QPalette.ColorRole.PlaceholderText)
        count = len(self._lines)
        for number, (words, value) in enumerate(self._lines):
            if column is not None:
                tall = min(48 * scale_of(self), column.height() / count)
                above = QRectF(column.x() + 8, number * tall, column.width() - 8, tall * 0.45)
                below = QRectF(column.x() + 8, above.bottom(), column.width() - 8, tall * 0.55)
                flags = Qt.AlignmentFlag.AlignVCenter
            else:
                wide = self.width() / count
                above = QRectF(number * wide, self.height() - 2 * line, wide, line)
                below = QRectF(number * wide, self.height() - line, wide, line)
                flags = Qt.AlignmentFlag.AlignCenter
            painter.setFont(letters(self, 13, above.height()))
            painter.setPen(soft)
            painter.drawText(above, flags, words)
            painter.setFont(letters(self, 20, below.height() * 0.9, bold=True))
            painter.setPen(text)
            painter.drawText(below, flags, value)
