"""A sentence that floats over the page for some seconds, with a button that takes back what it tells of."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QEvent, QSize, Qt, QTimer, pyqtSignal
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolButton, QWidget

from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.icons import icon
from fastcnn.gui.widgets.label import Label
from fastcnn.gui.widgets.scale import scale_of

LEAST_S, LETTERS_A_S = 6.0, 12.0  # a slow reader of a second language has enough time
NARROWEST, WIDEST = 240, 640


class Toast(QFrame):
    """Shows one sentence at a time. The mouse or the focus on it holds it. The window gives it a place."""

    changed = pyqtSignal()  # it has come, gone, or says something else

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self._undo: Callable[[], None] | None = None
        self.label = Label(self)
        self.label.setObjectName("messageLabel")
        self.label.setWordWrap(True)
        self.undo_button = QPushButton(self)
        self.undo_button.setObjectName("undoToastButton")
        self.undo_button.clicked.connect(lambda _=False: self._take_back())
        self.close_button = QToolButton(self)
        self.close_button.setObjectName("closeToastButton")
        self.close_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.close_button.setIcon(icon("close", "toast-text"))
        self.close_button.clicked.connect(lambda _=False: self.forget())
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 4, 4)
        row.setSpacing(8)
        row.addWidget(self.label, 1)
        row.addWidget(self.undo_button)
        row.addWidget(self.close_button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._expire)
        self.retranslate()
        self.hide()

    def show_words(self, words: str, undo: Callable[[], None] | None = None) -> None:
        """Show a sentence, and a button that calls `undo`."""
        self._undo = undo
        self.label.setText(words)
        self.label.setAccessibleName(words)
        self.undo_button.setVisible(undo is not None)
        self.show()
        self.raise_()
        self.changed.emit()
        self._timer.start(round(1000 * max(LEAST_S, len(words) / LETTERS_A_S)))

    def forget(self) -> None:
        """Remove the sentence."""
        self._undo = None
        self._timer.stop()
        self.label.clear()
        self.label.setAccessibleName("")
        self.hide()
        self.changed.emit()

    def size_in(self, room: int) -> QSize:
        """The size in a room of that width: the sentence in one line if it fits."""
        most = min(round(WIDEST * scale_of(self)), room)
        words = self.label.fontMetrics().horizontalAdvance(self.label.text()) + 2
        width = min(most, max(NARROWEST, words + self.sizeHint().width() - self.label.sizeHint().width()))
        return QSize(width, max(self.heightForWidth(width), self.minimumSizeHint().height()))

    def retranslate(self) -> None:
        """Word the buttons again, in the language in use."""
        self.undo_button.setText(tr("Undo"))
        self.undo_button.setAccessibleName(tr("Undo"))
        self.undo_button.setToolTip(tr("Take back what this message tells of"))
        self.close_button.setAccessibleName(tr("Close the message"))
        self.close_button.setToolTip(tr("Close the message"))

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def _expire(self) -> None:
        held = self.underMouse() or self.undo_button.hasFocus() or self.close_button.hasFocus()
        if held:
            self._timer.start(round(1000 * LEAST_S))
        else:
            self.forget()

    def _take_back(self) -> None:
        undo = self._undo
        self.forget()
        if undo is not None:
            undo()
