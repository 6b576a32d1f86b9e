"""A bar over the picture that shows how far the preparation of the network is. The pen draws below it."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QObject, Qt
from PyQt5.QtWidgets import QProgressBar, QWidget

from fastcnn.gui.text.language import tr

MARGIN_PX = 8
PER_CENT = 100


class PreparingBar(QProgressBar):
    """Lies at the bottom of its parent. It is hidden at first."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("preparingBar")
        self.setRange(0, PER_CENT)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        parent.installEventFilter(self)
        self.hide()

    def show_share(self, share: float) -> None:
        """Show the bar with a share, 0 to 1."""
        self.setValue(round(PER_CENT * share))
        self._word()
        self._place()
        self.show()
        self.raise_()

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.LanguageChange:
            self._word()

    def _word(self) -> None:
        self.setFormat(tr("Preparing … {percent} %").format(percent=self.value()))
        self.setAccessibleName(tr("Progress of the preparation"))

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if watched is self.parent() and event is not None and event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        parent, height = self.parentWidget(), self.sizeHint().height()
        assert parent is not None
        self.setGeometry(MARGIN_PX, parent.height() - height - MARGIN_PX, parent.width() - 2 * MARGIN_PX, height)
