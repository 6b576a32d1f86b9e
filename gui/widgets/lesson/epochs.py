"""The slider of the kept epochs, with the curve of their accuracy above it."""

from __future__ import annotations

from PyQt5.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PyQt5.QtWidgets import QGridLayout, QSizePolicy, QSlider, QWidget

from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.label import Label
from fastcnn.gui.widgets.lesson.cells import FRAME
from fastcnn.gui.widgets.scale import scale_of

CURVE_PX, LEAST_PX = 44, 24


class Curve(QWidget):
    """The accuracy after each epoch, with a mark at the shown one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("epochCurve")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._values: tuple[float | None, ...] = ()
        self._position = 0

    def show_values(self, values: tuple[float | None, ...], position: int) -> None:
        """Show accuracies; None where it is not known."""
        self._values, self._position = values, position
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(CURVE_PX, CURVE_PX) * scale_of(self)

    def minimumSizeHint(self) -> QSize:
        return QSize(LEAST_PX, LEAST_PX) * scale_of(self)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        known = [value for value in self._values if value is not None]
        if len(known) < 2:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        low, high = min(known), max(known)
        room = QRectF(6, 6, self.width() - 12, self.height() - 12)

        def point(position: int, value: float) -> QPointF:
            across = position / max(1, len(self._values) - 1)
            return QPointF(
                room.x() + across * room.width(), room.bottom() - (value - low) / max(high - low, 1e-9) * room.height()
            )

        points = {at: point(at, value) for at, value in enumerate(self._values) if value is not None}
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
        painter.drawPolyline(QPolygonF(list(points.values())))
        if self._position in points:
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.WindowText), 1))
            painter.setBrush(FRAME)
            painter.drawEllipse(points[self._position], 5, 5)
        painter.end()


class EpochSlider(QWidget):
    """Hidden if the training of the network kept no epochs."""

    moved = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lessonEpochs")
        self._epochs: tuple[int, ...] = ()
        self._accuracies: tuple[float | None, ...] = ()
        self.caption = Label(self)
        self.caption.setObjectName("epochCaption")
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setObjectName("epochSlider")
        self.slider.setPageStep(1)
        self.caption.setBuddy(self.slider)
        self.curve = Curve(self)
        self.number = Label(self)
        self.number.setObjectName("epochNumber")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self.caption, 1, 0)
        grid.addWidget(self.curve, 0, 1)
        grid.addWidget(self.slider, 1, 1)
        grid.addWidget(self.number, 1, 2)
        grid.setColumnStretch(1, 1)
        self.slider.valueChanged.connect(self._moved)
        self.hide()

    def show_epochs(self, epochs: tuple[int, ...], accuracies: tuple[float | None, ...], position: int) -> None:
        """Offer these epochs; `position` counts them."""
        self._epochs, self._accuracies = epochs, accuracies
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, len(epochs) - 1))
        self.slider.setValue(position)
        self.slider.blockSignals(False)
        self.setVisible(len(epochs) > 1)
        self.retranslate()

    def retranslate(self) -> None:
        """Set the texts again."""
        position = self.slider.value()
        self.curve.show_values(self._accuracies, position)
        if not self._epochs:
            self.number.clear()
            return
        words = tr("{epoch} of {count}").format(epoch=self._epochs[position], count=self._epochs[-1])
        accuracy = self._accuracies[position] if position < len(self._accuracies) else None
        self.number.setText(words if accuracy is None else f"{words}, {100 * accuracy:.2f}%")

    def _moved(self, position: int) -> None:
        self.retranslate()
        self.moved.emit(position)
