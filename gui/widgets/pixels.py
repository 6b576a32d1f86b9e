"""A label that enlarges a small picture, so that each pixel is a sharp square."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PyQt5.QtCore import QEvent, QSize, Qt
from PyQt5.QtGui import QPainter, QPixmap, QResizeEvent
from PyQt5.QtWidgets import QSizePolicy, QWidget

from fastcnn.gui.widgets.canvas import to_image
from fastcnn.gui.widgets.label import Label
from fastcnn.gui.widgets.scale import scale_of

LEAST = QSize(56, 56)


class PixelLabel(Label):
    """Shows grey values (H, W) or colours (H, W, 3), uint8. It is black without a picture."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixels: npt.NDArray[np.uint8] | None = None
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setMinimumSize(LEAST)
        # The pixmap gets the label's size. If the label got the pixmap's size, it would never become smaller.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)

    @property
    def pixels(self) -> npt.NDArray[np.uint8] | None:
        """The shown pixels."""
        return self._pixels

    def show_pixels(self, pixels: npt.NDArray[np.uint8] | None) -> None:
        """Show a picture, or none."""
        self._pixels = None if pixels is None else pixels.copy()
        self._scale()

    def sizeHint(self) -> QSize:
        return QSize(196, 196)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.FontChange:
            self.setMinimumSize(LEAST * scale_of(self))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._scale()

    def _scale(self) -> None:
        pixels = self._pixels
        if pixels is None:
            self.clear()
            return
        ratio = self.devicePixelRatioF()
        room = QSize(round(self.width() * ratio), round(self.height() * ratio))
        size = QSize(pixels.shape[1], pixels.shape[0]).scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        pixmap = QPixmap.fromImage(to_image(pixels)).scaled(size)  # nearest neighbour
        pixmap.setDevicePixelRatio(ratio)
        shown = self.pixmap()
        if shown is None or (shown.size(), shown.devicePixelRatio()) != (size, ratio):
            self.setPixmap(pixmap)
            return
        # Painted over the old one: another pixmap would have all cards of the page laid out and painted again, 3 ms.
        with QPainter(shown) as painter:
            painter.drawPixmap(0, 0, pixmap)
        self.update()


def field_pixels(field: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """A picture with values from 0 to 1 as grey values."""
    return np.rint(np.clip(field, 0, 1) * 255).astype(np.uint8)
