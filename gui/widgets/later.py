"""A page that is made when it is first shown, so that the start of the program does not wait for what it needs."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtGui import QShowEvent
from PyQt5.QtWidgets import QVBoxLayout, QWidget


class Later(QWidget):
    """Holds the page that `make` returns."""

    def __init__(self, make: Callable[[], QWidget]) -> None:
        super().__init__()
        self._make = make
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)

    def showEvent(self, event: QShowEvent | None) -> None:
        if not self._box.count():
            self._box.addWidget(self._make())
        super().showEvent(event)
