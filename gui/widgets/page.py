"""What all pages share: buttons with keys, and words that change with the language."""

from __future__ import annotations

import os
from collections.abc import Callable

from PyQt5.QtCore import QEvent, Qt
from PyQt5.QtWidgets import QAbstractButton, QFileDialog, QLabel, QMessageBox, QPushButton, QWidget

from fastcnn.gui.text.language import tr

Words = dict[str, tuple[str, str]]  # object name -> text, tool tip


class Page(QWidget):
    """A page of the tabs. Subclasses make their widgets, implement `_words`, and then call `retranslate`."""

    def retranslate(self) -> None:
        """Word everything anew, in the language in use."""
        for name, (text, tip) in self._words().items():
            widget = self.findChild(QWidget, name)
            assert widget is not None, name
            if isinstance(widget, QAbstractButton) or (isinstance(widget, QLabel) and name.endswith("Caption")):
                widget.setText(text)
            widget.setToolTip(tip)
            # An arrow on a button is no name that can be read out.
            widget.setAccessibleName(text.replace("&", "") if any(map(str.isalpha, text)) else tip)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def _words(self) -> Words:
        raise NotImplementedError

    def _button(self, name: str, clicked: Callable[[], None]) -> QPushButton:
        button = QPushButton(self)
        button.setObjectName(name)
        button.clicked.connect(lambda _=False: clicked())
        return button

    def _caption(self, name: str, buddy: QWidget | None = None) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setWordWrap(buddy is None)
        if buddy is not None:
            label.setBuddy(buddy)
        return label

    def _text(self, name: str) -> QLabel:
        """A label for results: wraps, and can be copied."""
        label = QLabel(self)
        label.setObjectName(name)
        label.setWordWrap(True)
        flags = Qt.TextInteractionFlag
        label.setTextInteractionFlags(
            Qt.TextInteractionFlags(flags.TextSelectableByMouse) | flags.TextSelectableByKeyboard
        )
        return label


def choose_target(parent: QWidget, title: str, kind: str, suffix: str, proposed: str = "") -> str:
    """Ask for a file to write, of a kind as Qt's dialogs word it; empty where that was given up.

    The suffix is appended where it was left out.
    """
    path, _ = QFileDialog.getSaveFileName(parent.window(), title, proposed, kind)
    if not path or path.lower().endswith(suffix):
        return path
    path += suffix
    # The dialog has asked about the name that was typed, and not about this one.
    question = tr("{path} exists already. Replace it?").format(path=path)
    return path if not os.path.exists(path) or ask(parent, title, question) else ""


def ask(parent: QWidget, title: str, question: str) -> bool:
    """A question with Yes and No; No where it is closed."""
    buttons = QMessageBox.StandardButtons(QMessageBox.StandardButton.Yes) | QMessageBox.StandardButton.No
    answer = QMessageBox.question(parent.window(), title, question, buttons, QMessageBox.StandardButton.No)
    return answer == QMessageBox.StandardButton.Yes
