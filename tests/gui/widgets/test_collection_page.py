"""The list of the user's drawings: relabel, delete, undo. The last label counts. A worse result is said."""

from __future__ import annotations

import json

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QLabel, QListView, QPushButton

from fastcnn.gui.logic import learning
from fastcnn.gui.logic.collection import Collection
from fastcnn.gui.logic.folders import data_folder
from fastcnn.gui.logic.learning import Score
from tests.gui.mouse import ONE, SEVEN, draw
from tests.gui.widgets.test_kept import _collect
from tests.gui.widgets.test_pages import _click, _told


def _labels():
    """What is in the folder, by the files alone."""
    files = (data_folder() / "drawings").glob("*.json")
    return sorted(json.loads(path.read_text())["label"] for path in files)


@pytest.fixture
def hand(window, settle):
    """The page with two drawings: a seven that is kept as a 5, and then a one as a 1."""
    window.modeCombo.setCurrentIndex(1)
    for points, label in ((SEVEN, 5), (ONE, 1)):
        window.canvas.wipe()
        draw(window.canvas, points)
        settle()
        window.actions_by_name[f"correct_{label}"].trigger()
        settle()
    window.tabs.setCurrentWidget(window.program.pages.hand_page)
    return window


@pytest.fixture
def drawings(hand):
    return hand.findChild(QListView, "drawingsList")


def _choose(drawings, row):
    drawings.setFocus()
    drawings.setCurrentIndex(drawings.model().index(row, 0))


def _shown(drawings):
    model = drawings.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def test_the_newest_drawing_comes_first_and_has_its_picture(hand, drawings):
    assert _shown(drawings) == ["1", "5"]
    icon = drawings.model().index(0, 0).data(Qt.DecorationRole)
    assert not icon.isNull()
    assert drawings.model().index(1, 0).data(Qt.AccessibleTextRole) == "Labelled 5; read as 7"


def test_a_drawing_is_relabelled_by_a_key_and_that_is_undone(qtbot, hand, drawings, settle):
    _choose(drawings, 1)
    qtbot.keyClick(drawings, Qt.Key_7)
    settle()
    assert _labels() == [1, 7] and _shown(drawings)[0] == "7"
    assert "Now a 7" in _told(hand)
    _click(hand, "undoDrawingsButton")
    settle()
    assert _labels() == [1, 5] and _shown(drawings) == ["1", "5"]


def test_a_drawing_is_relabelled_by_the_menu(hand, drawings, settle):
    assert not hand.findChild(QPushButton, "relabelButton").isEnabled()  # nothing is chosen
    _choose(drawings, 0)
    hand.findChild(QPushButton, "relabelButton").menu().actions()[8].trigger()
    settle()
    assert _labels() == [5, 8] and "Now an 8; 2 drawings are" in _told(hand)


def test_a_drawing_is_deleted_by_key_or_button_and_that_is_undone(qtbot, hand, drawings, settle):
    before = {path.name: path.read_bytes() for path in (data_folder() / "drawings").iterdir()}
    _choose(drawings, 0)
    qtbot.keyClick(drawings, Qt.Key_Delete)
    settle()
    assert _labels() == [5] and "1 drawing is in your collection" in _told(hand)
    assert hand.canvas.array().any()  # the key meant the list
    _choose(drawings, 0)
    _click(hand, "deleteDrawingsButton")
    settle()
    assert _labels() == []
    for count in (1, 2):
        _click(hand, "undoDrawingsButton")
        settle()
        assert len(_labels()) == count
    assert {path.name: path.read_bytes() for path in (data_folder() / "drawings").iterdir()} == before
    for _ in range(2):  # the corrections can be undone too
        _click(hand, "undoDrawingsButton")
        settle()
    assert _labels() == [] and not hand.findChild(QPushButton, "undoDrawingsButton").isEnabled()


def test_the_last_label_of_a_drawing_counts(hand, drawings, settle):
    for label in (4, 1, 8):  # the one is still on the field
        hand.actions_by_name[f"correct_{label}"].trigger()
        settle()
    assert _labels() == [5, 8]
    assert "Kept as an 8; 2 drawings are" in _told(hand)


def test_a_relabelled_drawing_is_still_held_back_or_not(window, settle):
    _collect(8)
    store = Collection(data_folder() / "drawings")
    before = {sample.drawing_key: sample.held_back for sample in store.samples()}
    window.program.pages.hand.relabel([entry.name for entry in store.entries()], 6)
    settle()
    assert {sample.drawing_key: sample.held_back for sample in store.samples()} == before
    assert sum(before.values()) == 2 and _labels() == [6] * 8


@pytest.mark.parametrize(("after", "words"), [(1, "Worse than before:"), (2, ""), (3, "")])
def test_a_worse_network_says_so_before_it_is_kept(window, settle, monkeypatch, after, words):
    monkeypatch.setattr(learning, "STEPS", 2)
    scores = iter([Score(2, 4), Score(after, 4), Score(9, 10), Score(9, 10)])
    monkeypatch.setattr(learning, "score", lambda *args, **more: next(scores))
    _collect(8)
    _click(window, "learnButton")
    settle()
    said = window.findChild(QLabel, "learningOutcome").text()
    assert ("Worse than before" in said) == bool(words) == ("reads worse" in _told(window))
    assert ("1 fewer right" in said) == bool(words)
    assert window.findChild(QPushButton, "keepButton").isEnabled()


def test_one_drawing_is_enough_to_learn_from_and_none_is_not(window, settle, monkeypatch):
    monkeypatch.setattr(learning, "STEPS", 2)
    monkeypatch.setattr(learning, "score", lambda *args, **more: Score(0, 0))
    _click(window, "learnButton")
    settle()
    assert "no drawings to learn from" in _told(window)
    assert not window.findChild(QPushButton, "keepButton").isEnabled()
    _collect(1)
    _click(window, "learnButton")
    settle()
    assert "none yet" in window.findChild(QLabel, "learningOutcome").text()  # nothing is held back
    assert window.findChild(QPushButton, "keepButton").isEnabled()


def test_an_empty_collection_says_how_to_fill_it(window, settle):
    settle()
    window.tabs.setCurrentIndex([window.tabs.tabToolTip(n) for n in range(window.tabs.count())].index("My writing"))
    hint = window.findChild(QLabel, "noDrawingsCaption")
    assert hint.isVisible() and "Draw a digit" in hint.text()
    assert hint.parentWidget().rect().contains(hint.geometry()) and hint.height() > hint.fontMetrics().height()
    window.modeCombo.setCurrentIndex(1)
    draw(window.canvas, SEVEN)
    settle()
    window.actions_by_name["correct_7"].trigger()
    settle()
    assert not hint.isVisible()
