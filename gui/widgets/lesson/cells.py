"""Paint matrices: coloured cells with numbers that can be read, planes of pixels, frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PyQt5.QtCore import QPointF, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PyQt5.QtWidgets import QSizePolicy, QWidget

from fastcnn.gui.logic.lesson.colors import ink_on, paint
from fastcnn.gui.logic.lesson.numbers import MINUS, plain
from fastcnn.gui.widgets.canvas import to_image
from fastcnn.gui.widgets.scale import scale_of, sized

Values = npt.NDArray[np.float64]
FRAME = QColor("#f5a400")
LEAST_NUMBER_PX = 8
GAP_PX = 8


class View(QWidget):
    """A painted part of the lesson. It has a name and a description for those who cannot see it."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._least = QSize(240, 120)

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()  # it grows into all room that is left

    def minimumSizeHint(self) -> QSize:
        return self._least * scale_of(self)

    def describe(self, text: str) -> None:
        """Set what a screen reader says of the numbers, and paint again."""
        self.setAccessibleDescription(text)
        self.update()


def fitted(room: QRectF, height: int, width: int) -> QRectF:
    """The largest rectangle of whole cells for a matrix, in the middle of the room."""
    cell = max(1.0, min(room.width() / width, room.height() / height))
    cell = float(int(cell)) if cell >= 2 else cell
    size = cell * width, cell * height
    return QRectF(room.x() + (room.width() - size[0]) / 2, room.y() + (room.height() - size[1]) / 2, *size)


def paint_plane(painter: QPainter, rect: QRectF, values: Values, limit: float, *, diverging: bool) -> None:
    """A plane (H, W) as pixels."""
    painter.drawImage(rect, to_image(paint(values, limit, diverging=diverging)))


def paint_cells(
    painter: QPainter,
    rect: QRectF,
    values: Values,
    limit: float,
    *,
    diverging: bool,
    signs: bool,
    most_px: float,
    decimals: int = 1,
) -> None:
    """A matrix (H, W) of coloured cells with their numbers, which are as large as fits; NaN is an empty cell."""
    height, width = values.shape
    across, down = rect.width() / width, rect.height() / height
    font = painter.font()
    characters = decimals + (3 if signs else 2)
    number_font = sized(font, min(across / (0.66 * characters), down * 0.45, most_px))
    colors = paint(np.nan_to_num(values), limit, diverging=diverging)
    for row, column in np.ndindex(height, width):
        cell = QRectF(rect.x() + column * across, rect.y() + row * down, across, down)
        value = float(values[row, column])
        if np.isnan(value):
            painter.setPen(QPen(QColor(128, 128, 128), 1, Qt.PenStyle.DotLine))
            painter.drawRect(cell)
            continue
        color = colors[row, column]
        painter.fillRect(cell, QColor(*map(int, color)))
        if number_font.pixelSize() >= LEAST_NUMBER_PX:
            painter.setFont(number_font)
            painter.setPen(QColor(ink_on(color)))
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, cell_text(value, decimals, signs=signs))
    painter.setFont(font)
    painter.setPen(QColor(128, 128, 128))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect)


def cell_text(value: float, decimals: int, *, signs: bool) -> str:
    """A number for a cell. What rounds to zero is 0, and zero itself a dot: it adds nothing."""
    if value == 0 and signs:
        return "·"
    if abs(value) < 0.5 * 10.0**-decimals:
        return "0"
    return f"{value:+.{decimals}f}".replace("-", MINUS) if signs else plain(value, decimals)


def paint_frame(painter: QPainter, rect: QRectF, shape: tuple[int, int], frame: tuple[int, int, int, int]) -> QRectF:
    """A frame of (top, left, height, width) pixels on a plane of this shape. Returns its rectangle."""
    across, down = rect.width() / shape[1], rect.height() / shape[0]
    top, left, height, width = frame
    box = QRectF(rect.x() + left * across, rect.y() + top * down, width * across, height * down)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0, 150), 5))
    painter.drawRoundedRect(box, 2, 2)
    painter.setPen(QPen(FRAME, 3))
    painter.drawRoundedRect(box, 2, 2)
    return box


def pixel_at(rect: QRectF, shape: tuple[int, int], at: QPointF) -> tuple[float, float]:
    """The row and column of a point, in pixels of a plane; the centre of the first pixel is 0, 0."""
    return (
        (at.y() - rect.y()) / rect.height() * shape[0] - 0.5,
        (at.x() - rect.x()) / rect.width() * shape[1] - 0.5,
    )


def fitting(font: QFont, text: str, width: float) -> QFont:
    """The font, smaller where the text would be too wide."""
    needed = QFontMetricsF(font).horizontalAdvance(text)
    return font if needed <= width else sized(font, font.pixelSize() * width / needed, bold=font.bold())


def caption(painter: QPainter, rect: QRectF, text: str, color: QColor) -> None:
    """A small text above or below something, in the middle."""
    painter.setPen(color)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
