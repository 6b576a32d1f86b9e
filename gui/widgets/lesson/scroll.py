"""A scroll area that leaves the arrow keys to the page, which moves the frame by them."""

from __future__ import annotations

from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QScrollArea


class Scroll(QScrollArea):
    """Scrolls by the wheel, by its bar, and to the part that gets the focus."""

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None:
            event.ignore()
