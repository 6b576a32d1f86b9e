"""How far the preparation of the network is. It stands where the answer will be, so that the field stays free."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QObject, Qt
from PyQt5.QtWidgets import QFrame, QProgressBar, QVBoxLayout, QWidget

from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.label import Label

MARGIN_PX = 8
PER_CENT = 100


class Preparing(QFrame):
    """Lies at the top of its parent. It is hidden at first."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.words, self.bar = Label(self), QProgressBar(self)
        self.words.setObjectName("preparingLabel")
        self.words.setWordWrap(True)
        self.bar.setObjectName("preparingBar")
        self.bar.setRange(0, PER_CENT)
        self.bar.setTextVisible(False)  # it is too thin for words
        box = QVBoxLayout(self)
        box.setContentsMargins(MARGIN_PX, MARGIN_PX // 2, MARGIN_PX, MARGIN_PX)
        box.setSpacing(MARGIN_PX // 2)
        box.addWidget(self.words)
        box.addWidget(self.bar)
        parent.installEventFilter(self)
        self.hide()

    def show_share(self, share: float) -> None:
        """Show the bar with a share, 0 to 1."""
        self.bar.setValue(round(PER_CENT * share))
        self._word()
        self._place()
        self.show()
        self.raise_()

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.LanguageChange:
            self._word()

    def _word(self) -> None:
        self.words.setText(tr("Preparing … {percent}%").format(percent=self.bar.value()))
        self.bar.setAccessibleName(tr("Progress of the preparation"))

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if watched is self.parent() and event is not None and event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        parent = self.parentWidget()
        assert parent is not None
        width = parent.width() - 2 * MARGIN_PX
        self.setGeometry(MARGIN_PX, MARGIN_PX, width, self.heightForWidth(width))
