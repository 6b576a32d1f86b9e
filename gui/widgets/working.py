"""A bar with the time left, in the page that works. It is hidden while nothing works there."""

from __future__ import annotations

from PyQt5.QtCore import QEvent
from PyQt5.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from fastcnn.gui.logic.pace import Pace
from fastcnn.gui.text.language import tr
from fastcnn.gui.text.words import left_words
from fastcnn.gui.widgets.label import Label

PER_CENT = 100


class Working(QWidget):
    """The bar's object name is `name` with "Progress", that of the words under it `name` with "Left"."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.pace = Pace()
        self.bar, self.left = QProgressBar(self), Label(self)
        self.bar.setObjectName(f"{name}Progress")
        self.bar.setTextVisible(False)
        self.bar.setRange(0, PER_CENT)
        self.left.setObjectName(f"{name}Left")
        self.left.setProperty("role", "soft")
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.bar)
        box.addWidget(self.left)
        self._name()
        self.show_share(None)

    def show_share(self, share: float | None) -> None:
        """Show the share that is done, 0 to 1; None when nothing works."""
        self.bar.setValue(round(PER_CENT * (share or 0.0)))
        self.left.setText("" if share is None else left_words(self.pace.left_s(share)) or tr("Working …"))
        self.setVisible(share is not None)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.LanguageChange:
            self._name()

    def _name(self) -> None:
        self.bar.setAccessibleName(tr("How far the work is"))
        self.left.setAccessibleName(tr("Time left"))
