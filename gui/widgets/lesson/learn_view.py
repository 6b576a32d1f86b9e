"""One step of learning: the filter before it, where the loss pulls, the filter after it; and the answer."""

from __future__ import annotations

from PyQt5.QtCore import QRectF
from PyQt5.QtGui import QPainter, QPaintEvent, QPalette
from PyQt5.QtWidgets import QWidget

from fastcnn.gui.logic.lesson.backward import Learned
from fastcnn.gui.logic.lesson.colors import limit_of
from fastcnn.gui.logic.lesson.numbers import decimals_of, plain
from fastcnn.gui.logic.lesson.shown import Shown
from fastcnn.gui.logic.lesson.stages import Kind, Stage, Values
from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.lesson.cells import View, caption, fitted, paint_cells
from fastcnn.gui.widgets.lesson.maps_view import square
from fastcnn.gui.widgets.scale import letters, scale_of

LINE = 24.0
SIGN, RATE = 30.0, 100.0  # before the new weights, and before the gradient
TRAINED = (Kind.CONVOLUTION, Kind.AFFINE)


class LearnView(View):
    """weights − learning rate × gradient = new weights."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("lessonStep", parent)
        self._learned: Learned | None = None
        self._stage: Stage | None = None
        self._unit = 0
        self.words = ""

    def show_lesson(self, shown: Shown) -> None:
        """Show the filter of the open station, or of the first one that has weights."""
        stages = [stage for stage in shown.stages if stage.kind in TRAINED]
        self._stage = shown.stage if shown.stage in stages else next(iter(stages), None)
        self._unit = min(shown.place.unit, len(self._stage.out) - 1) if self._stage is not None else 0
        self.update()

    def show_learned(self, learned: Learned | None) -> None:
        """Show a step, or none."""
        self._learned = learned
        self.words = ""
        if learned is not None:
            before, after = learned.shares_before[learned.label], learned.shares_after[learned.label]
            self.words = tr("probability of the {digit}: {before}% → {after}%; loss {loss} → {new_loss}").format(
                digit=learned.label, before=plain(100 * before, 2), after=plain(100 * after, 2),
                loss=plain(learned.loss_before), new_loss=plain(learned.loss_after),
            )  # fmt: skip
        self.describe(self.words)

    def matrices(self) -> list[tuple[str, Values]]:
        """The weights before, the gradient and the weights after, of the shown filter or output."""
        learned, stage = self._learned, self._stage
        if learned is None or stage is None:
            return []
        found = []
        for words, arrays in (
            (tr("weights before"), learned.before),
            (tr("gradient of the loss"), learned.gradients),
            (tr("weights after"), learned.after),
        ):
            array = arrays[f"{stage.name}.weight"]
            found.append((words, array[self._unit, 0] if array.ndim == 4 else square(array[:, self._unit])))
        return found

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter, matrices, learned = QPainter(self), self.matrices(), self._learned
        if learned is None or not matrices:
            painter.end()
            return
        text = self.palette().color(QPalette.ColorRole.WindowText)
        soft = self.palette().color(QPalette.ColorRole.PlaceholderText)
        scale = scale_of(self)
        line, signs = LINE * scale, (RATE * scale, SIGN * scale)
        across = (self.width() - sum(signs)) / 3
        weights = limit_of(matrices[0][1])
        for number, (name, values) in enumerate(matrices):
            left = number * across + sum(signs[:number])
            box = fitted(QRectF(left, line, across, self.height() - 2 * line - 8), *values.shape)
            painter.setFont(letters(self, 13))
            caption(painter, QRectF(left, 0, across, line), name, soft)
            limit = limit_of(values) if number == 1 else weights
            decimals = max(2, decimals_of(limit))
            paint_cells(painter, box, values, limit, diverging=True, signs=True, decimals=decimals, most_px=18 * scale)
            painter.setFont(letters(self, 18))
            if number < 2:
                sign = f"− {learned.lr:g} ×" if number == 0 else "="
                caption(painter, QRectF(left + across, 0, signs[number], self.height()), sign, text)
        painter.setFont(letters(self, 15, bold=True))
        caption(painter, QRectF(0, self.height() - line - 4, self.width(), line), self.words, text)
        painter.end()
