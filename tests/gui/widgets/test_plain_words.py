"""A network or a file may be called `<b>x</b>`. The window shows such a name as it is written, everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtGui import QTextDocument
from PyQt5.QtWidgets import QApplication, QLabel, QMessageBox

import fastcnn.gui
from fastcnn.gui.widgets.page import ask

NAMES = ["<b>Anna</b> & <i>Bo</i>", "a < b", "7 & 8"]
RICH = {"learningOutcome"}  # a table of words and numbers of the program's own


def test_every_label_of_every_page_shows_its_words_as_they_are(window, settle):
    for page in range(window.tabs.count()):
        window.tabs.setCurrentIndex(page)
        settle()
    labels = window.findChildren(QLabel)
    assert len(labels) > 60
    formats = {label.objectName() or label.text(): label.textFormat() for label in labels}
    assert {name for name, used in formats.items() if used != Qt.PlainText} <= RICH


@pytest.mark.parametrize("name", NAMES)
def test_a_question_shows_a_name_as_it_is_written(window, qtbot, name):
    shown = []

    def look():
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            timer.start(10)
            return
        label = box.findChild(QLabel, "qt_msgbox_label")
        document = QTextDocument()
        set_words = document.setHtml if Qt.mightBeRichText(label.text()) else document.setPlainText
        set_words(label.text())
        shown.append(document.toPlainText())
        box.reject()

    timer = QTimer(window)
    timer.setSingleShot(True)
    timer.timeout.connect(look)
    timer.start(10)
    assert not ask(window, "Replace", f"Replace {name}?")
    assert shown == [f"Replace {name}?"]


def test_labels_and_questions_are_made_in_one_place():
    """Then a new one shows its words as they are, too."""
    root = Path(fastcnn.gui.__file__).parent
    made = re.compile(
        r"\bQLabel\(\w*\)(?!:)|QMessageBox\.(question|warning|information|critical|about)\(|QMessageBox\("
    )
    found = {path.name for path in root.rglob("*.py") if made.search(path.read_text())}
    assert found == {"label.py"}
