"""Boxes to choose from a list, to set a number and to tick, with the window's own arrows and tick."""

from __future__ import annotations

from PyQt5.QtCore import QRectF
from PyQt5.QtGui import QPainter, QPaintEvent
from PyQt5.QtWidgets import QCheckBox, QComboBox, QSpinBox, QStyle, QStyleOptionButton

from fastcnn.gui.widgets.icons import paint_icon

ARROW = 0.85  # its side, as a share of the letters' height


class Combo(QComboBox):
    """A list to choose from."""

    def paintEvent(self, event: QPaintEvent | None) -> None:
        super().paintEvent(event)
        side = ARROW * self.fontMetrics().height()
        painter = QPainter(self)
        place = QRectF(self.width() - 1.45 * side, (self.height() - side) / 2, side, side)
        paint_icon(painter, "down", place, "soft" if self.isEnabled() else "off")
        painter.end()


class Spin(QSpinBox):
    """A number between two others."""

    def paintEvent(self, event: QPaintEvent | None) -> None:
        super().paintEvent(event)
        side = 0.6 * self.fontMetrics().height()
        painter = QPainter(self)
        left = self.width() - 1.9 * side
        purpose = "soft" if self.isEnabled() else "off"
        paint_icon(painter, "up", QRectF(left, self.height() / 2 - side, side, side), purpose)
        paint_icon(painter, "down", QRectF(left, self.height() / 2, side, side), purpose)
        painter.end()


class Check(QCheckBox):
    """Something that is on or off."""

    def paintEvent(self, event: QPaintEvent | None) -> None:
        super().paintEvent(event)
        style = self.style()
        if style is None or not self.isChecked():
            return
        option = QStyleOptionButton()
        self.initStyleOption(option)
        box = style.subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
        painter = QPainter(self)
        paint_icon(painter, "right", QRectF(box).adjusted(2, 2, -2, -2), "fill-text")
        painter.end()
