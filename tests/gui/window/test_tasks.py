"""The usability script: what a class does with the window, and how many clicks or keys each task takes.

Each task is done by a hand that can only press what is visible and enabled, and counts. Drawing one stroke is one
action. Every task is done by the mouse, and by keys alone.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QKeySequence
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QAbstractButton, QApplication, QFileDialog, QMessageBox

from fastcnn.gui.logic.training import State
from tests.gui.mouse import SEVEN, draw

MOST = 6


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
        else:
            self._window.modeCombo.setFocus()
            QTest.keyClick(self._window.modeCombo, Qt.Key_Down if mode else Qt.Key_Up)
        self._done()
        assert self._window.modeCombo.currentIndex() == mode

    def draw(self):
        """One stroke. By keys it takes as many as the stroke is long, after F2 for the field."""
        canvas = self._window.canvas
        if self.by_keys:
            self._press_keys("F2")
            self._settle()
            QTest.keyClick(canvas, Qt.Key_Space)
            for _ in range(14):
                QTest.keyClick(canvas, Qt.Key_Down)
            QTest.keyClick(canvas, Qt.Key_Space)
        else:
            assert canvas.isVisible()
            draw(canvas, SEVEN)
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
    yield made
    assert 0 < made.count <= MOST


def test_draw_and_read(window, hand):
    hand.choose_mode(1)
    hand.draw()
    assert window.resultLabel.text() in ("7", "1")  # by keys it is a straight line
    assert hand.count == 2


def test_correct_an_answer(window, hand):
    hand.choose_mode(1)
    hand.draw()
    hand.press("chip_4", "4")
    (sample,) = window.program.pages.hand._collection.samples()
    assert sample.label == 4


def test_see_why_it_is_a_4(window, hand, settle):
    window.numberSpin.setValue(247)
    settle()
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
    window.networkCombo.setCurrentIndex(window.networkCombo.findData("paper"))
    window.program.pages.networks.choose("paper")
    window.numberSpin.setValue(247)
    hand.press("railButton_2", "Ctrl+2")
    hand.press("foolButton", "Alt+X")
    shown = window.program.pages.classroom.teacher.shown
    assert (shown.flips.field != shown.flips.original).sum() == 1


def test_compare_two_networks_on_one_drawing(window, hand):
    hand.choose_mode(1)
    hand.draw()
    hand.press("railButton_8", "Ctrl+8")
    comparison = window.program.pages.comparison
    assert comparison.page.isVisible() and comparison.teacher.shown.rival
    assert comparison.page.rival_bars.shares is not None and hand.count == 3


def test_train_a_network(window, hand, monkeypatch):
    started = []
    training = window.program.pages.training
    monkeypatch.setattr(training, "start", started.append)
    hand.press("railButton_7", "Ctrl+7")
    hand.press("startTrainingButton", "Alt+T")
    assert started == [window.program.pages.training_page.epochs.value()]
    assert training.state is State.IDLE


def test_experiment_with_own_digits(window, hand, monkeypatch):
    page = window.program.pages.experiment
    page.groups.setValue(1)
    page.size_.setValue(1)
    hand.press("railButton_5", "Ctrl+5")
    page.mode.setFocus()
    QTest.keyClick(page.mode, Qt.Key_Down)
    hand.count += 1
    hand.press("startExperimentButton", "Alt+S")
    hand.draw()
    hand.press("nextDigitButton", "F4")
    session = window.program.pages.experimenter.session
    assert [trial.truth for trial in session.trials] == [0] and session.is_done


def test_teach_it_your_7(window, hand, monkeypatch):
    learned = []
    monkeypatch.setattr(window.program.pages.hand, "learn", lambda: learned.append(True))
    hand.choose_mode(1)
    hand.draw()
    hand.press("chip_7", "7")
    hand.press("railButton_6", "Ctrl+6")
    hand.press("learnButton", "Alt+L")
    assert learned == [True] and "1" in window.program.pages.hand_page.count.text()


def test_export_the_drawings(window, hand, settle, tmp_path, monkeypatch):
    window.modeCombo.setCurrentIndex(1)
    draw(window.canvas, SEVEN)
    settle()
    path = tmp_path / "mine.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(path), ""))
    monkeypatch.setattr(QMessageBox, "question", lambda *args: QMessageBox.Yes)
    hand.press("chip_7", "7")
    hand.press("railButton_6", "Ctrl+6")
    hand.press("exportDrawingsButton", "Alt+X")
    assert [each["label"] for each in json.loads(path.read_text())["drawings"]] == [7]


def test_fill_the_screen(window, hand):
    hand.press("fullButton", "F11")
    assert window.isFullScreen()


def test_the_network_can_be_changed_in_two_actions(window, hand, settle):
    """A part of comparing two networks on one drawing."""
    window.numberSpin.setValue(247)
    settle()
    before = window.bars.shares.copy()
    combo = window.networkCombo
    combo.setFocus()
    hand.count += 1
    QTest.keyClick(combo, Qt.Key_Down if combo.currentIndex() == 0 else Qt.Key_Up)
    hand.count += 1
    settle()
    assert not np.array_equal(before, window.bars.shares)
