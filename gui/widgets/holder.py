"""What a scroll area holds: one widget that fills it, and never becomes smaller than it must be.

Qt gives a widget with wrapped texts its preferred height there, so that it scrolls where it would have fitted.
"""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QSize
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QWidget


class Holder(QWidget):
    """Gives its only child all its room."""

    def minimumSizeHint(self) -> QSize:
        child = self._child()
        return QSize() if child is None else least_size(child, self.width())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if (child := self._child()) is not None:
            child.setGeometry(self.rect())
            self.updateGeometry()

    def event(self, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().event(event)

    def _child(self) -> QWidget | None:
        return next((each for each in self.children() if isinstance(each, QWidget)), None)


def least_size(widget: QWidget, width: int) -> QSize:
    """The smallest size of a widget, with the height that its wrapped texts need at a width."""
    least, layout = widget.minimumSizeHint(), widget.layout()
    if layout is not None and layout.hasHeightForWidth():
        least.setHeight(layout.minimumHeightForWidth(max(width, least.width())))
    return least
