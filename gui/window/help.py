"""The help: what can be done, and by which keys, from the same table as the menus."""

from __future__ import annotations

from html import escape

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from fastcnn.gui.text import language
from fastcnn.gui.text.language import tr
from fastcnn.gui.window.actions import MENUS


def help_text() -> str:
    """All actions with their keys, as HTML, in the language in use."""
    first = tr(
        "Draw a digit on the black field, or choose a picture, and the network says which digit it is. The rail at the "
        "left leads to the pages. Every button says what it does when the mouse rests on it."
    )
    parts = [f"<p>{escape(first)}</p>"]
    for name, (title, entries) in MENUS.items():
        rows = "".join(
            f"<tr><td><b>{escape(_keys(keys))}</b>&nbsp;&nbsp;&nbsp;</td><td>{escape(language.tr(tip))}</td></tr>"
            for _, keys, _, tip in (entry for entry in entries if entry)
        )
        if name == "correct":
            tip = tr("Say which digit it is: the network can learn from that")
            rows = f"<tr><td><b>0 … 9</b>&nbsp;&nbsp;&nbsp;</td><td>{escape(tip)}</td></tr>"
        heading = language.tr(title).replace("&", "").split("(")[0]
        parts.append(f"<h3>{escape(heading)}</h3><table>{rows}</table>")
    licence = tr(
        "The window is made with PyQt5, so it comes under the GNU General Public License, version 3, without any "
        "warranty. The files NOTICE and GPL-3.0 of the program say more."
    )
    parts.append(f"<p>{escape(licence)}</p>")
    return "".join(parts)


class Help(QDialog):
    """Shows the help until it is closed."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("help")
        self.setWindowTitle(tr("Help"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        browser = QTextBrowser(self)
        browser.setObjectName("helpText")
        browser.setAccessibleName(tr("Help"))
        browser.setHtml(help_text())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        box = QVBoxLayout(self)
        box.addWidget(browser)
        box.addWidget(buttons)
        self.resize(min(720, parent.width()), min(620, parent.height()))


def _keys(keys: str) -> str:
    native = QKeySequence.SequenceFormat.NativeText
    return ", ".join(QKeySequence(key).toString(native) for key in keys.split())
