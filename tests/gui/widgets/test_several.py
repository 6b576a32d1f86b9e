"""Several digits in one drawing are read by the string reader, and the window says so."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt5.QtCore import QPointF

from fastcnn.gui.logic.drawing import SIDE
from tests.gui.mouse import SEVEN, draw

FOUR = [[(0.16, 0.25), (0.08, 0.55), (0.40, 0.55)], [(0.32, 0.3), (0.32, 0.8)]]
TWO = [(0.62, 0.35), (0.68, 0.26), (0.78, 0.25), (0.86, 0.33), (0.84, 0.45), (0.62, 0.78), (0.92, 0.78)]


@pytest.fixture
def hand(window, settle):
    window.modeCombo.setCurrentIndex(1)
    window.widthSlider.setValue(24)
    settle()
    return window


def test_two_digits_are_read_as_several(hand, settle):
    for stroke in (*FOUR, TWO):
        draw(hand.canvas, stroke)
    settle()
    assert hand.verdictLabel.text() == "42, read as several digits"
    assert hand.resultLabel.text() == "42"
    string = hand.program.engine.recognizer.recognize_string(hand.canvas.array())
    assert hand.confidenceLabel.text() == f"{100 * string.confidence:.2f}%"
    hand.clearButton.click()
    draw(hand.canvas, SEVEN)
    settle()
    assert (hand.resultLabel.text(), hand.verdictLabel.text()) == ("7", "")


def test_the_button_reads_several_digits_too_and_in_chinese(hand, settle):
    hand.actions_by_name["live"].trigger()
    for stroke in (*FOUR, TWO):
        draw(hand.canvas, stroke)
    settle()
    assert hand.resultLabel.text() == ""
    hand.recognizeButton.click()
    settle()
    assert hand.resultLabel.text() == "42"
    hand.program.use_language("zh_CN")
    settle()
    assert "42" in hand.verdictLabel.text() and "several" not in hand.verdictLabel.text()


def test_a_string_is_not_read_while_the_pen_is_down(hand, settle, monkeypatch):
    read = []
    engine = hand.program.engine
    read_string = engine.read_string
    monkeypatch.setattr(engine, "read_string", lambda plane: read.append(1) or read_string(plane))
    for stroke in FOUR:
        draw(hand.canvas, stroke)
    settle()
    read.clear()
    hand.canvas.pen_down(QPointF(*(np.array(TWO[0]) * SIDE)))
    for x, y in TWO[1:]:
        hand.canvas.pen_to(QPointF(x * SIDE, y * SIDE))
        settle()
    assert read == [] and "42" not in hand.verdictLabel.text()
    hand.canvas.pen_up()
    settle()
    assert read == [1] and hand.resultLabel.text() == "42"
