"""A row that becomes a column where it is narrow, so that nothing is cut in small windows and at large zooms."""

from __future__ import annotations

from typing import TypeAlias

from PyQt5.QtCore import QEvent, QSize, Qt
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QBoxLayout, QLabel, QWidget

from fastcnn.gui.widgets.holder import Card

Part: TypeAlias = "QWidget | tuple[Part, ...]"
LINE_SHARE = 0.6  # of a text that may wrap: the width that it needs in a row


class Beside(Card):
    """Its parts stand side by side where there is room for all, else one below the other. It has no line round it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: list[QWidget] = []
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)

    def add(self, part: QWidget, stretch: int = 0) -> None:
        """Put a part at the end."""
        self._parts.append(part)
        self._box.addWidget(part, stretch)

    def sizeHint(self) -> QSize:
        return QSize(self._row_width(), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        wide = max((part.minimumSizeHint().width() for part in self._shown()), default=0)
        return QSize(wide, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._turn()

    def event(self, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self._turn()
        return super().event(event)

    def _shown(self) -> list[QWidget]:
        return [part for part in self._parts if not part.isHidden()]

    def _row_width(self) -> int:
        """The width that a row needs. A part that takes all room can do with its least."""
        shown = self._shown()
        return sum(map(_least_width, shown)) + max(0, len(shown) - 1) * self._box.spacing()

    def _turn(self) -> None:
        fits, ways = self._row_width() <= self.width(), QBoxLayout.Direction
        self._box.setDirection(ways.LeftToRight if fits else ways.TopToBottom)
        for index, part in enumerate(self._parts):
            item = self._box.itemAt(index)
            wanted = Qt.Alignment() if fits or _grows(part) else Qt.Alignment(Qt.AlignmentFlag.AlignLeft)
            # Qt lays out again after every setAlignment, and that calls this function: it would never end.
            if item is not None and item.alignment() != wanted:
                self._box.setAlignment(part, wanted)


def _least_width(part: QWidget) -> int:
    if not _grows(part):
        return part.sizeHint().expandedTo(part.minimumSizeHint()).width()
    least = part.minimumSizeHint().width()
    if isinstance(part, QLabel) and part.wordWrap():  # two lines, not a column of words
        return max(least, round(LINE_SHARE * part.fontMetrics().horizontalAdvance(part.text())))
    return least


def _grows(part: QWidget) -> bool:
    return bool(part.sizePolicy().expandingDirections() & Qt.Orientation.Horizontal)


def beside(parent: QWidget, *parts: Part) -> Beside:
    """These parts in one row. Those of a tuple stay together as long as they can."""
    made = Beside(parent)
    for part in parts:
        together = beside(made, *part) if isinstance(part, tuple) else part
        made.add(together, int(_grows(together)))
    return made
