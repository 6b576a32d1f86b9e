"""The strip of all stations with their sizes and live pictures. A click, or a key, opens one."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QFontMetrics, QImage, QKeyEvent, QPainter, QPaintEvent, QPalette, QResizeEvent
from PyQt5.QtWidgets import QAbstractButton, QGridLayout, QSizePolicy, QWidget

from fastcnn.gui.logic.lesson.colors import ABOVE, BELOW, Scale, is_diverging, map_limits, mosaic, paint
from fastcnn.gui.logic.lesson.shown import Shown
from fastcnn.gui.logic.lesson.stages import Kind, Stage, Values
from fastcnn.gui.widgets.canvas import ARROWS, to_image
from fastcnn.gui.widgets.colors import color, is_dark
from fastcnn.gui.widgets.lesson.cells import fitted, fitting
from fastcnn.gui.widgets.lesson.maps_view import square
from fastcnn.gui.widgets.lesson.scroll import Scroll
from fastcnn.gui.widgets.lesson.words import kind_words, size_words
from fastcnn.gui.widgets.scale import LEAST_BESIDE, letters, scale_of

FEW = 16  # outputs that are shown as bars
BUTTON, LEAST_BUTTON = QSize(96, 150), QSize(66, 120)
NAME_PX = 12  # of a layer's name, where there is little room
GAP = 4
ROWS = 4  # at most
SCROLLBAR = 12


class StageButton(QAbstractButton):
    """One station."""

    def __init__(self, index: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"{parent.objectName()}_{index}")
        self.setCheckable(True)
        self.setAutoExclusive(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # after a click the arrow keys still move the frame
        self._stage: Stage | None = None
        self._scale = Scale.OWN
        self._limits = np.ones(1)
        self._image: QImage | None = None
        self._size = ""

    def show_stage(self, stage: Stage, shown: Shown, *, last_affine: bool) -> None:
        """Show a station of a look."""
        if stage is not self._stage or shown.scale is not self._scale:
            self._stage, self._scale = stage, shown.scale
            self._limits = map_limits(shown.stages, stage, shown.scale)
            self._image = _image(stage, self._limits)
            self.update()
        words = kind_words(stage.kind), size_words(stage, last_affine)
        if (self.text(), self._size) != words:
            self._size = words[1]
            self.setText(words[0])
            self.updateGeometry()
        self.setAccessibleName(f"{self.text()}, {self._size}")
        self.setToolTip(f"{self.text()} {stage.name}".strip())

    def sizeHint(self) -> QSize:
        return BUTTON * scale_of(self)

    def minimumSizeHint(self) -> QSize:
        least: QSize = LEAST_BUTTON * scale_of(self)
        name = QFontMetrics(letters(self, NAME_PX, bold=True)).horizontalAdvance(self.text())
        # Under bars stand words ("10 probabilities"), under maps their size, which is legible in smaller letters.
        size = QFontMetrics(letters(self, NAME_PX)).horizontalAdvance(self._size) if self._image is None else 0
        return QSize(max(least.width(), name + GAP, size + GAP), least.height())

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and Qt.Key(event.key()) in ARROWS:
            event.ignore()  # they belong to the page
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, width, height = self.palette(), float(self.width()), float(self.height())
        accent = palette.color(QPalette.ColorRole.Highlight)
        if self.isChecked() or self.hasFocus() or self.underMouse():
            wash = QColor(accent)
            wash.setAlphaF(0.14 if self.isChecked() else 0.06)
            painter.setBrush(wash)
            painter.setPen(accent if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.drawRoundedRect(QRectF(1, 1, width - 2, height - 2), 8, 8)
        text, scale = palette.color(QPalette.ColorRole.WindowText), scale_of(self)
        painter.setPen(color("accent") if self.isChecked() else text)
        painter.setFont(fitting(letters(self, 14, bold=True), self.text(), width - GAP))
        line = 20 * scale
        painter.drawText(QRectF(0, GAP, width, line), Qt.AlignmentFlag.AlignCenter, self.text())
        painter.setFont(fitting(letters(self, 13), self._size, width - GAP))
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(QRectF(0, height - line - 2, width, line), Qt.AlignmentFlag.AlignCenter, self._size)
        if self._stage is not None:
            self._paint_values(painter, QRectF(6, line + GAP, width - 12, height - 2 * line - 2 * GAP), self._stage)
        painter.end()

    def _paint_values(self, painter: QPainter, room: QRectF, stage: Stage) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self._image is None:
            self._paint_bars(painter, room, stage)
        else:
            image = self._image
            if stage.out.ndim == 1 and not is_diverging(stage) and not is_dark():
                image = image.copy()
                image.invertPixels()  # few are strong: they are dark on the light card, and light on the dark one
            painter.drawImage(_kept(room, image.height(), image.width()), image)

    def _paint_bars(self, painter: QPainter, room: QRectF, stage: Stage) -> None:
        row = room.height() / len(stage.out)
        font = letters(self, 12, row)
        painter.setFont(font)
        shares = stage.kind is Kind.SOFTMAX
        number = 14 * scale_of(self)
        left = room.x() + number + 2
        axis = left if shares else left + (room.right() - left) / 2
        span = room.right() - axis
        for index, value in enumerate(stage.out):
            top = room.y() + index * row
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            painter.drawText(QRectF(room.x(), top, number, row), Qt.AlignmentFlag.AlignCenter, str(index))
            length = span * float(np.clip(value / self._limits[index], -1, 1))
            bar = QRectF(min(axis, axis + length), top + row * 0.15, abs(length), row * 0.7)
            filling = (
                self.palette().color(QPalette.ColorRole.Highlight)
                if shares
                else QColor(*(ABOVE if value > 0 else BELOW))
            )
            painter.fillRect(bar, filling)
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawLine(int(axis), int(room.y()), int(axis), int(room.bottom()))


def _image(stage: Stage, limits: Values) -> QImage | None:
    """The maps side by side, or many features in a square; None where bars show the numbers."""
    if stage.out.ndim == 3:
        columns = 3 if len(stage.out) > 4 else 1
        return to_image(mosaic(stage, limits, columns=columns, most=12 if columns == 3 else 1))
    if len(stage.out) <= FEW:
        return None
    return to_image(paint(square(stage.out), float(limits[0]), diverging=is_diverging(stage)))


def _kept(room: QRectF, height: int, width: int) -> QRectF:
    """Where a picture of this size goes: whole pixels where there is room, else as large as fits."""
    if room.width() >= width and room.height() >= height:
        return fitted(room, height, width)
    scale = min(room.width() / width, room.height() / height)
    size = width * scale, height * scale
    return QRectF(room.center().x() - size[0] / 2, room.center().y() - size[1] / 2, *size)


class Strip(Scroll):
    """All stations, from left to right, in few rows. With `opens` a click or a key opens one; else they are only
    looked at.
    """

    chosen = pyqtSignal(int)
    grown = pyqtSignal()  # it has more buttons than before

    def __init__(self, parent: QWidget | None = None, name: str = "lessonStrip", *, opens: bool = True) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._opens = opens
        self.setWidgetResizable(True)
        self.setFrameShape(Scroll.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        self._grid = QGridLayout(inside)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GAP)
        self._rows = 1
        self.setWidget(inside)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.buttons: list[StageButton] = []

    def sizeHint(self) -> QSize:
        return QSize(self.minimumSizeHint().width(), self._height(BUTTON))

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self._height(LEAST_BUTTON))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._arrange()
        self.updateGeometry()

    def _arrange(self) -> None:
        """Use one row, which may scroll; in a narrow place as few rows as show all stations at once."""
        shown = [button for button in self.buttons if not button.isHidden()]
        wide = [button.minimumSizeHint().width() + GAP for button in shown]

        def needed(rows: int) -> int:
            columns = -(-len(wide) // rows)
            return sum(max(wide[place::columns]) for place in range(columns)) - GAP if wide else 0

        before = self._rows
        most = ROWS if self.width() < LEAST_BESIDE * scale_of(self) else 1
        self._rows = next((rows for rows in range(1, most + 1) if needed(rows) <= self.width()), 1)
        columns = -(-len(shown) // self._rows)
        for place, button in enumerate(shown):
            at = self._grid.getItemPosition(self._grid.indexOf(button))[:2]
            if at != divmod(place, columns):
                self._grid.addWidget(button, *divmod(place, columns))
        if self._rows != before:
            self.updateGeometry()

    def _height(self, button: QSize) -> int:
        """That of the buttons, and of the scroll bar where they do not fit."""
        inside, scale = self.widget(), scale_of(self)
        assert inside is not None
        scrolls = inside.minimumSizeHint().width() > self.width()
        rows = self._rows * (round(button.height() * scale) + GAP) - GAP
        return rows + (SCROLLBAR if scrolls else 0)

    def show_lesson(self, shown: Shown | None) -> None:
        """Show the stations of a look, with the open one marked and in sight, if a click opens one."""
        stages = [] if shown is None else shown.stages
        grows = len(self.buttons) < len(stages)
        while len(self.buttons) < len(stages):
            count = len(self.buttons)
            button = StageButton(count, self)
            if self._opens:
                button.setCursor(Qt.CursorShape.PointingHandCursor)
            else:
                button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
                button.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            button.clicked.connect(lambda _=False, index=count: self.chosen.emit(index))
            self._grid.addWidget(button, 0, count)
            self.buttons.append(button)
        if grows:
            self.grown.emit()
        for index, button in enumerate(self.buttons):
            button.setVisible(index < len(stages))
            if shown is not None and index < len(stages):
                last = stages[index].kind is Kind.AFFINE and index + 2 == len(stages)
                button.show_stage(stages[index], shown, last_affine=last)
                button.setChecked(self._opens and index == shown.place.index)
        self._arrange()
        inside, viewport = self.widget(), self.viewport()
        assert inside is not None and viewport is not None
        if inside.width() > viewport.width():  # or a shorter strip would be painted in the width of a longer one
            self._grid.invalidate()
            inside.resize(inside.minimumSizeHint().expandedTo(viewport.size()))
        if shown is not None and self._opens:
            self.ensureWidgetVisible(self.buttons[shown.place.index])
