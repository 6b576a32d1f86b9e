"""Words in the window: always shown as they are, because the name of a network or a file may look like HTML."""

from __future__ import annotations

from html import escape

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QLabel, QMessageBox, QWidget


class Label(QLabel):
    """A label without markup."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)


def question(
    parent: QWidget | None,
    title: str,
    words: str,
    buttons: QMessageBox.StandardButtons,
    default: QMessageBox.StandardButton,
) -> QMessageBox.StandardButton:
    """Ask in a box of its own. Qt shows what looks like HTML as HTML, and its boxes with one call cannot be told so."""
    shown = f"<span>{escape(words)}</span>".replace("\n", "<br>") if "<" in words else words
    return QMessageBox.question(parent, title, shown, buttons, default)
