"""Containers: a scroll area that leaves the arrow keys to the page, and a stack as small as its open part."""

from __future__ import annotations

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtGui import QKeyEvent, QResizeEvent
from PyQt5.QtWidgets import QScrollArea, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from fastcnn.gui.widgets.holder import Holder, least_size


class Scroll(QScrollArea):
    """Scrolls by the wheel, by its bar, and to the part that gets the focus. It has the colour of what it lies on."""

    def fill(self, inside: QWidget) -> None:
        """Scroll this widget, and be all that the parent shows."""
        self.setWidgetResizable(True)
        self.setFrameShape(Scroll.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        holder = Holder()
        inside.setParent(holder)
        inside.setAutoFillBackground(False)
        self.setWidget(holder)
        outer = QVBoxLayout(self.parentWidget())
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self)

    def setWidget(self, widget: QWidget | None) -> None:
        super().setWidget(widget)
        for each in (widget, self.viewport()):
            assert each is not None
            each.setAutoFillBackground(False)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None:
            event.ignore()


class Stack(QStackedWidget):
    """Needs the least room of its open part only; Qt's own needs all that its highest part would like."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.currentChanged.connect(lambda _: self.updateGeometry())

    def sizeHint(self) -> QSize:
        current = self.currentWidget()
        return super().sizeHint() if current is None else current.sizeHint()

    def minimumSizeHint(self) -> QSize:
        current = self.currentWidget()
        return super().minimumSizeHint() if current is None else least_size(current, self.width())

    def hasHeightForWidth(self) -> bool:
        return False

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if event is not None and event.oldSize().width() != event.size().width():
            self.updateGeometry()
