"""The base of all pages: buttons with keys, and texts that change with the language."""

from __future__ import annotations

import os
from collections.abc import Callable

from PyQt5.QtCore import QEvent, Qt
from PyQt5.QtWidgets import QAbstractButton, QFileDialog, QLabel, QMessageBox, QPushButton, QVBoxLayout, QWidget

from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.holder import Card
from fastcnn.gui.widgets.label import Label, question

Words = dict[str, tuple[str, str]]  # object name -> text, tool tip
GRID = 8  # pixels; all distances are multiples of it, or half of it


def card(parent: QWidget) -> Card:
    """An empty card."""
    made = Card(parent)
    made.setProperty("role", "card")
    return made


class Page(QWidget):
    """A page of the tabs. Subclasses make their widgets, implement `_words`, and then call `retranslate`."""

    has_cards = False  # whether the page makes its own; otherwise all it shows is on one

    def add_title(self) -> QLabel:
        """Put what the page shows on a card, under a title. The window words the title."""
        title = Label(self)
        title.setObjectName("pageTitle")
        title.setProperty("role", "title")
        title.setWordWrap(True)
        inner, shown = self.layout(), QWidget(self) if self.has_cards else card(self)
        assert inner is not None
        sides, ends = (0, 0) if self.has_cards else (2 * GRID, 3 * GRID // 2)
        inner.setContentsMargins(sides, ends, sides, ends)
        if not self.has_cards:
            inner.setSpacing(GRID)
        shown.setLayout(inner)  # takes it, with its widgets, from the page
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2 * GRID)
        box.addWidget(title)
        box.addWidget(shown, 1)
        return title

    def retranslate(self) -> None:
        """Set all texts again, in the language in use."""
        parts = {part.objectName(): part for part in self.findChildren(QWidget)}  # one search, not one a name
        for name, (text, tip) in self._words().items():
            widget = parts[name]
            if isinstance(widget, QAbstractButton) or (isinstance(widget, QLabel) and name.endswith("Caption")):
                widget.setText(text)
            widget.setToolTip(tip)
            # A screen reader cannot read the arrow on a button as a name.
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
        label = Label(self)
        label.setObjectName(name)
        label.setWordWrap(buddy is None)
        if buddy is not None:
            label.setBuddy(buddy)
        return label

    def _text(self, name: str) -> QLabel:
        """A label for results. It wraps, and its text can be copied."""
        label = Label(self)
        label.setObjectName(name)
        label.setWordWrap(True)
        flags = Qt.TextInteractionFlag
        label.setTextInteractionFlags(
            Qt.TextInteractionFlags(flags.TextSelectableByMouse) | flags.TextSelectableByKeyboard
        )
        return label


def choose_target(parent: QWidget, title: str, kind: str, suffix: str, proposed: str = "") -> str:
    """Ask for a file to write. kind is a filter of Qt's dialogs. Returns "" if the user cancels.

    A missing suffix is appended.
    """
    path, _ = QFileDialog.getSaveFileName(parent.window(), title, proposed, kind)
    if not path or path.lower().endswith(suffix):
        return path
    path += suffix
    # The dialog has asked about the typed name, and not about the name with the suffix.
    words = tr("{path} exists already. Replace it?").format(path=path)
    return path if not os.path.exists(path) or ask(parent, title, words) else ""


def ask(parent: QWidget, title: str, words: str) -> bool:
    """Ask a question with Yes and No. Closing the dialog means No."""
    buttons = QMessageBox.StandardButtons(QMessageBox.StandardButton.Yes) | QMessageBox.StandardButton.No
    answer = question(parent.window(), title, words, buttons, QMessageBox.StandardButton.No)
    return answer == QMessageBox.StandardButton.Yes
