"""Where a message stands: it hides nothing that must be read or pressed.

Where the page does not scroll, the message lies over the page's title, which the rail repeats. Elsewhere the page gets
that much less room while the message is there, and scrolls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt5.QtCore import QEvent, QObject, QPoint, QRect
from PyQt5.QtWidgets import QLabel, QScrollArea, QScrollBar, QTabWidget

if TYPE_CHECKING:
    from fastcnn.gui.widgets.toast import Toast

GAP = 8
SCROLL_BAR = 12


class MessagePlace(QObject):
    """Places the messages of a window.

    Parameters
    ----------
    toast : shows the messages; a child of `body`
    body : scrolls the left column and the page, if the page stands under the column
    pages : scrolls the page, if it stands next to the left column
    tabs : the pages
    """

    def __init__(self, toast: Toast, body: QScrollArea, pages: QScrollArea, tabs: QTabWidget) -> None:
        super().__init__(toast)
        self._toast, self._body, self._pages, self._tabs = toast, body, pages, tabs
        self._watched: list[QScrollBar] = []
        self._reserved: QScrollArea | None = None  # has less room; until the message is gone, so that nothing jumps
        self.stacked = False
        """Whether the page stands under the left column."""
        toast.changed.connect(self.place)
        tabs.currentChanged.connect(lambda _: self.place())
        for area in (body, pages):
            area.installEventFilter(self)

    def place(self) -> None:
        """Place the message where it hides nothing."""
        area = self._body if self.stacked else self._pages
        if self._reserved is not None and (self._reserved is not area or self._toast.isHidden()):
            self._reserved.setViewportMargins(0, 0, 0, 0)
            self._reserved = None
        if self._toast.isHidden():
            return
        over = None if self.stacked or self._reserved is not None else self._over_title()
        if over is None:
            over = self._under(area)
        self._toast.setGeometry(over)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.Resize:
            self.place()
        return super().eventFilter(watched, event)

    def _over_title(self) -> QRect | None:
        """The right end of the title's row, if the page does not scroll and the row is high enough."""
        page = self._tabs.currentWidget()
        labels = [] if page is None else page.findChildren(QLabel)
        title = next((each for each in labels if each.property("role") == "title" and each.isVisible()), None)
        if title is None or any([self._scrolls(area) for area in self._areas_of(title)]):
            return None
        shown = QRect(self._pages.mapTo(self._body, QPoint()), self._pages.size())
        bottom = title.mapTo(self._body, title.rect().bottomLeft()).y() + GAP
        size = self._toast.size_in(shown.width())
        if size.height() > bottom:
            return None
        return QRect(QPoint(shown.right() + 1 - size.width(), (bottom - size.height()) // 2), size)

    def _areas_of(self, part: QObject | None) -> list[QScrollArea]:
        found = []
        while part is not None and part is not self._body:
            if isinstance(part, QScrollArea):
                found.append(part)
            part = part.parent()
        return found

    def _scrolls(self, area: QScrollArea) -> bool:
        """Whether an area scrolls; if it will do so later, the message is placed again."""
        bar = area.verticalScrollBar()
        assert bar is not None
        if bar not in self._watched:
            self._watched.append(bar)
            bar.rangeChanged.connect(lambda *_: self.place())
        return bar.maximum() > 0

    def _under(self, area: QScrollArea) -> QRect:
        """The lower end of an area, which gives that room up."""
        edge = GAP if area is self._body else 0  # the window's; the page has its own distance from it
        shown = QRect(area.mapTo(self._body, QPoint()), area.size()).adjusted(0, 0, 0, -edge)
        size = self._toast.size_in(shown.width() - 2 * SCROLL_BAR)
        self._reserved = area
        area.setViewportMargins(0, 0, 0, size.height() + edge + GAP)
        top = shown.bottom() + 1 - size.height()
        return QRect(QPoint(shown.center().x() - size.width() // 2, top), size)
