"""Tabs with shorter and smaller names if the window is too narrow for the full names. Tool tips show the full names."""

from __future__ import annotations

from PyQt5.QtGui import QFont, QResizeEvent
from PyQt5.QtWidgets import QTabWidget, QWidget

# Which name, and how large a share of the font's size, the best first. Six pages need the second in a narrow window.
FITS = ((0, 1.0), (1, 0.82), (1, 0.67))


class Tabs(QTabWidget):
    """Pages with a full and a short name each."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: list[tuple[str, str]] = []

    def show_names(self, names: list[tuple[str, str]]) -> None:
        """Name the pages, in their order, with full and short names."""
        self._names = names
        for index, (whole, _) in enumerate(names):
            self.setTabToolTip(index, whole)
        self._fit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        bar = self.tabBar()
        assert bar is not None
        for choice, size in FITS:
            font = QFont(self.font())
            font.setPointSizeF(size * font.pointSizeF())
            bar.setFont(font)
            for index, names in enumerate(self._names):
                self.setTabText(index, names[choice])
            if bar.sizeHint().width() <= self.width():
                return
