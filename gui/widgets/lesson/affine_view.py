"""One number of an Affine: the strongest inputs for it and against it, which add up to the score, and the weights."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QRectF, Qt
from PyQt5.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PyQt5.QtWidgets import QWidget

from fastcnn.gui.logic.lesson.affine import DECIMALS, Evidence, Score, place_name, score_of
from fastcnn.gui.logic.lesson.colors import ABOVE, BELOW, limit_of
from fastcnn.gui.logic.lesson.numbers import plain, signed
from fastcnn.gui.logic.lesson.shown import Shown
from fastcnn.gui.logic.lesson.stages import Stage, Values
from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.lesson.cells import View, caption, fitted, fitting, paint_frame, paint_plane
from fastcnn.gui.widgets.lesson.maps_view import square
from fastcnn.gui.widgets.scale import letters, scale_of

LINE = 20.0
PICTURES = 4  # of weights: so many in a row, those for the score above those against it


class AffineView(View):
    """A list of products at the left, the weights as pictures at the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("lessonAffine", parent)
        self._score: Score | None = None
        self._stage: Stage | None = None
        self.rows: list[tuple[str, float]] = []

    def show_lesson(self, shown: Shown) -> None:
        """Show the chosen output of a look."""
        stage = self._stage = shown.stage
        score = self._score = score_of(stage, shown.place.unit)
        self.rows = [(_product_words(stage, each), each.product) for each in score.strong_for + score.strong_against]
        if score.count_others:
            self.rows.append((tr("{count} other inputs").format(count=f"{score.count_others:,}"), score.others))
        self.rows += [(tr("bias"), score.bias), (tr("= output") if stage.has_relu else tr("= score"), score.score)]
        if stage.has_relu:
            self.rows.append((tr("ReLU"), score.output))
        self.describe(", ".join(f"{words}: {signed(value, DECIMALS)}" for words, value in self.rows))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        score, stage = self._score, self._stage
        if score is None or stage is None:
            return
        painter = QPainter(self)
        split = self.width() * 0.6
        self._paint_rows(painter, split - 12, score)
        self._paint_weights(painter, QRectF(split, 0, self.width() - split, self.height()), stage, score)
        painter.end()

    def _paint_rows(self, painter: QPainter, width: float, score: Score) -> None:
        scale = scale_of(self)
        line = min(LINE * scale, self.height() / len(self.rows))
        text = self.palette().color(QPalette.ColorRole.WindowText)
        largest = max(abs(value) for _, value in self.rows) or 1.0
        axis, span = width - 60 * scale, 50 * scale
        for number, (words, value) in enumerate(self.rows):
            top = number * line
            is_sum = number >= len(self.rows) - (2 if self._stage is not None and self._stage.has_relu else 1)
            font = letters(self, 13, line * 0.75, bold=is_sum)
            painter.setFont(fitting(font, words, axis - span - 4))
            painter.setPen(text)
            flags = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, top, axis - span - 4, line), flags, words)
            painter.setFont(font)
            end = Qt.AlignmentFlag.AlignRight | flags
            painter.drawText(QRectF(axis + 4, top, width - axis - 4, line), end, signed(value, DECIMALS))
            length = span * abs(value) / largest
            bar = QRectF(axis - length, top + line * 0.2, length, line * 0.6)
            painter.fillRect(bar, QColor(*(ABOVE if value > 0 else BELOW)))

    def _paint_weights(self, painter: QPainter, room: QRectF, stage: Stage, score: Score) -> None:
        soft = self.palette().color(QPalette.ColorRole.PlaceholderText)
        line = LINE * scale_of(self)
        painter.setFont(letters(self, 13))
        caption(painter, QRectF(room.x(), 0, room.width(), line), tr("weights"), soft)
        assert stage.layer is not None
        weights = stage.layer.parameters["weight"].array[:, score.neuron].astype(np.float64)
        room = room.adjusted(0, line, 0, 0)
        if stage.image is None or len(stage.image) != 3 or stage.image[1] * stage.image[2] == 1:
            cells = square(weights)
            paint_plane(painter, fitted(room, *cells.shape), cells, limit_of(weights), diverging=True)
            return
        planes = weights.reshape(stage.image)
        rows = [row for row in (score.strong_for, score.strong_against) if row]
        for number, row in enumerate(rows):
            for place, each in enumerate(row[:PICTURES]):
                self._paint_weight_plane(painter, _box(room, number, len(rows), place), planes, stage, each)

    def _paint_weight_plane(
        self, painter: QPainter, room: QRectF, planes: Values, stage: Stage, each: Evidence
    ) -> None:
        channel, row, column = place_name(stage, each.index)
        plane = planes[channel]
        below = 16 * scale_of(self)
        box = fitted(room.adjusted(2, 0, -2, -below), *plane.shape)
        paint_plane(painter, box, plane, limit_of(planes), diverging=True)
        paint_frame(painter, box, (plane.shape[0], plane.shape[1]), (row, column, 1, 1))
        painter.setFont(letters(self, 11))
        soft = self.palette().color(QPalette.ColorRole.PlaceholderText)
        words = tr("map {number}").format(number=channel + 1)
        caption(painter, QRectF(room.x(), box.bottom(), room.width(), below), words, soft)


def _box(room: QRectF, row: int, rows: int, column: int) -> QRectF:
    across, down = room.width() / PICTURES, room.height() / rows
    return QRectF(room.x() + column * across, room.y() + row * down, across, down)


def _product_words(stage: Stage, each: Evidence) -> str:
    place = place_name(stage, each.index)
    values = {"value": plain(each.value, 2), "weight": signed(each.weight, 2)}
    if len(place) == 3:
        words = tr("map {map} ({row}, {column}): {value} × {weight}")
        return words.format(map=place[0] + 1, row=place[1] + 1, column=place[2] + 1, **values)
    return tr("input {number}: {value} × {weight}").format(number=place[0] + 1, **values)
