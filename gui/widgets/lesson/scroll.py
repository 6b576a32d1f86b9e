"""Containers: a scroll area that leaves the arrow keys to the page, and a stack as small as its open part."""

from __future__ import annotations

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QScrollArea, QStackedWidget, QVBoxLayout, QWidget


class Scroll(QScrollArea):
    """Scrolls by the wheel, by its bar, and to the part that gets the focus. It has the colour of what it lies on."""

    def fill(self, inside: QWidget) -> None:
        """Scroll this widget, and be all that the parent shows."""
        self.setWidgetResizable(True)
        self.setFrameShape(Scroll.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(inside)
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
    """Needs the room of its open part only; Qt's own needs that of its largest one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.currentChanged.connect(lambda _: self.updateGeometry())

    def sizeHint(self) -> QSize:
        current = self.currentWidget()
        return super().sizeHint() if current is None else current.sizeHint()

    def minimumSizeHint(self) -> QSize:
        current = self.currentWidget()
        return super().minimumSizeHint() if current is None else current.minimumSizeHint()
