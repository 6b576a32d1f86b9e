"""The usability script: what a class does with the window, and how many clicks or keys each task takes.

Each task begins in a freshly started window, and is done by a hand that can only press what is visible and enabled, and
counts all that it does. Drawing one stroke is one action, also by keys. Every task is done by the mouse, and by keys
alone. What is trained and learned is real but short: fewer pictures, fewer steps.
"""

from __future__ import annotations

import json

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QKeySequence
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QAbstractButton, QApplication, QComboBox, QFileDialog, QLabel, QMessageBox

from fastcnn.gui.logic import hand as hand_module
from fastcnn.gui.logic import learning
from fastcnn.gui.logic import training as training_module
from fastcnn.gui.logic.engine import test_pictures as load_pictures
from fastcnn.gui.logic.packed import Packed
from fastcnn.gui.logic.training import State
from fastcnn.training import samples
from tests.gui.conftest import TIMEOUT_MS
from tests.gui.mouse import SEVEN, draw

MOST = 6
LINE = " DDDDDDDDDDDDDD "  # a stroke by keys: arrows by their first letters, and the space bar
FOUR = ([(0.35, 0.15), (0.28, 0.55), (0.75, 0.55)], [(0.62, 0.3), (0.62, 0.9)])
FOUR_KEYS = ("LLLLLUUUUUUUUU DDDDDDDDDD RRRRRRRRRRRR ".replace("D R", "DR"), "LLLUUUUUU DDDDDDDDDDDDDDD ")
ARROWS = {"L": Qt.Key_Left, "R": Qt.Key_Right, "U": Qt.Key_Up, "D": Qt.Key_Down, " ": Qt.Key_Space}


class Hand:
    """Presses and draws as a person does, and counts."""

    def __init__(self, window, settle, *, keys):
        self._window, self._settle, self.by_keys, self.count = window, settle, keys, 0

    def press(self, name, keys):
        """Click a visible button; or, by keys alone, press the keys that the table of keys or its caption promises."""
        if self.by_keys:
            self._press_keys(keys)
        else:
            button = self._window.findChild(QAbstractButton, name)
            assert button.isVisible() and button.isEnabled(), name
            QTest.mouseClick(button, Qt.LeftButton)
        self._done()

    def choose_mode(self, mode):
        if self.by_keys:
            self._press_keys("Ctrl+M")
            self._done()
        else:
            self.choose(self._window.modeCombo, mode)
        assert self._window.modeCombo.currentIndex() == mode

    def choose(self, combo, index):
        """A line of a list: open it and click; or, by keys, the caption's letter and the key to the first or last."""
        if self.by_keys:
            (caption,) = (each for each in self._window.findChildren(QLabel) if each.buddy() is combo)
            assert caption.isVisible() and not QKeySequence.mnemonic(caption.text()).isEmpty()
            combo.setFocus(Qt.ShortcutFocusReason)  # QTest's keys with Alt reach no caption
            self._done()
            assert index in (0, combo.count() - 1)
            QTest.keyClick(combo, Qt.Key_End if index else Qt.Key_Home)
        else:
            QTest.mouseClick(combo, Qt.LeftButton)
            self._done()
            view = combo.view()
            place = view.visualRect(view.model().index(index, 0)).center()
            QTest.mouseClick(view.viewport(), Qt.LeftButton, pos=place)
        self._done()
        assert combo.currentIndex() == index

    def draw(self, stroke=SEVEN, keys=LINE):
        """One stroke; by keys after F2, which gives them to the field."""
        canvas = self._window.canvas
        if self.by_keys:
            self._press_keys("F2")
            self._settle()
            for letter in keys:
                QTest.keyClick(canvas, ARROWS[letter])
        else:
            assert canvas.isVisible()
            draw(canvas, stroke)
        self._done()

    def _done(self):
        self.count += 1
        self._settle()

    def _press_keys(self, keys):
        """The keys of an action; or, as QTest's keys with Alt press no button, the one with that letter underlined."""
        wanted = QKeySequence(keys)
        if not keys.startswith("Alt+"):
            QTest.keySequence(QApplication.focusWidget() or self._window, wanted)
            return
        buttons = self._window.findChildren(QAbstractButton)
        (button,) = (each for each in buttons if each.isVisible() and each.isEnabled() and each.shortcut() == wanted)
        button.click()


@pytest.fixture(params=["mouse", "keys"])
def hand(request, window, settle):
    window.resize(1280, 800)
    window.activateWindow()
    QApplication.setActiveWindow(window)
    settle()
    made = Hand(window, settle, keys=request.param == "keys")
    interval = QApplication.doubleClickInterval()
    QApplication.setDoubleClickInterval(0)  # a list just opened ignores clicks for so long
    yield made
    QApplication.setDoubleClickInterval(interval)
    assert 0 < made.count <= MOST


def test_draw_and_read(window, hand):
    hand.choose_mode(1)
    hand.draw()
    assert window.resultLabel.text() == ("1" if hand.by_keys else "7")


def test_correct_an_answer(window, hand):
    hand.choose_mode(1)
    hand.draw()
    hand.press("chip_4", "4")
    (sample,) = window.program.pages.hand._collection.samples()
    assert sample.label == 4


def test_see_why_it_is_a_4(window, hand):
    hand.choose_mode(1)
    for stroke, keys in zip(FOUR, FOUR_KEYS, strict=True):
        hand.draw(stroke, keys)
    assert window.resultLabel.text() == "4"
    hand.press("railButton_3", "Ctrl+3")
    hand.press("occlusionButton", "F9")
    inside = window.program.pages.inside
    assert inside.isVisible() and inside.heat.pixels is not None and inside.maps.pixels is not None


def test_find_the_filters(window, hand):
    hand.press("drawButton", "F5")
    hand.press("recognizeButton", "Ctrl+Return")
    hand.press("railButton_3", "Ctrl+3")
    assert window.program.pages.inside.filters.pixels is not None


def test_fool_it(window, hand):
    hand.press("railButton_2", "Ctrl+2")
    lessons = window.findChild(QComboBox, "lessonCombo")
    hand.choose(lessons, lessons.count() - 1)
    hand.press("lessonStartButton", "Alt+S")
    hand.press("foolButton", "Alt+X")
    flips = window.program.pages.classroom.teacher.shown.flips
    assert (flips.field != flips.original).sum() == 1


def test_compare_two_networks_on_one_drawing(window, hand):
    hand.choose_mode(1)
    hand.draw()
    hand.press("railButton_8", "Ctrl+8")
    comparison = window.program.pages.comparison
    assert comparison.page.isVisible() and comparison.teacher.shown.rival
    assert comparison.page.rival_bars.shares is not None


def test_train_a_network(window, hand, qtbot, monkeypatch):
    images, labels = load_pictures()
    monkeypatch.setattr(samples, "VALIDATION_PICTURES", 200)
    monkeypatch.setattr(training_module, "training_pictures", lambda _between: Packed([(images[:300], labels[:300])]))
    training = window.program.pages.training
    hand.press("railButton_7", "Ctrl+7")
    hand.press("startTrainingButton", "Alt+T")
    qtbot.waitUntil(lambda: training.state is State.DONE, timeout=TIMEOUT_MS)
    assert training.target().exists()
    assert training.curves.epochs[-1] == window.program.pages.training_page.epochs.value()


def test_experiment_with_own_digits(window, hand):
    """Up to the first counted digit. Each further one takes two actions."""
    hand.choose_mode(1)
    hand.press("railButton_5", "Ctrl+5")
    hand.press("startExperimentButton", "Alt+S")
    hand.draw()
    hand.press("nextDigitButton", "F4")
    session = window.program.pages.experimenter.session
    assert session.mode == "hand" and [trial.truth for trial in session.trials] == [0]


def test_teach_it_your_7(window, hand, monkeypatch):
    monkeypatch.setattr(learning, "STEPS", 2)
    monkeypatch.setattr(hand_module, "test_pictures", lambda: tuple(each[:100] for each in load_pictures()))
    hand.choose_mode(1)
    hand.draw()
    hand.press("chip_7", "7")
    hand.press("railButton_6", "Ctrl+6")
    hand.press("learnButton", "Alt+L")
    outcome = window.program.pages.hand.outcome
    assert outcome is not None and outcome.mnist_after.count == 100


def test_export_the_drawings(window, hand, tmp_path, monkeypatch):
    path = tmp_path / "mine.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(path), ""))
    monkeypatch.setattr(QMessageBox, "question", lambda *args: QMessageBox.Yes)
    hand.choose_mode(1)
    hand.draw()
    hand.press("chip_7", "7")
    hand.press("railButton_6", "Ctrl+6")
    hand.press("exportDrawingsButton", "Alt+X")
    assert [each["label"] for each in json.loads(path.read_text())["drawings"]] == [7]


def test_fill_the_screen(window, hand):
    hand.press("fullButton", "F11")
    assert window.isFullScreen()
