"""Cards, and what a scroll area holds: both are never smaller than they must be, and never ask for more than that.

Qt gives a widget with wrapped texts its preferred height as its smallest one, so that it scrolls where it would have
fitted.
"""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QSize
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QFrame, QWidget


class Card(QFrame):
    """A part of a page, with a line round it."""

    def hasHeightForWidth(self) -> bool:
        return False

    def sizeHint(self) -> QSize:
        hint, layout = super().sizeHint(), self.layout()
        if layout is not None and layout.hasHeightForWidth() and self.width() > 1:
            hint.setHeight(layout.heightForWidth(self.width()))
        return hint

    def minimumSizeHint(self) -> QSize:
        return least_size(self, self.width())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if event is not None and event.oldSize().width() != event.size().width():
            self.updateGeometry()


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
    layout = widget.layout()
    if layout is None:
        return widget.minimumSizeHint()
    least = layout.totalMinimumSize()
    if layout.hasHeightForWidth():
        margins = widget.contentsMargins()
        room = max(width, least.width()) - margins.left() - margins.right()
        least.setHeight(layout.minimumHeightForWidth(room) + margins.top() + margins.bottom())
    return least
