"""The paper's window through its widgets: two modes, three buttons, a picture, a result, a confidence."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PyQt5.QtCore import QPointF
from PyQt5.QtGui import QFontMetrics
from PyQt5.QtWidgets import QAction, QComboBox, QLabel, QPushButton, QWidget

from fastcnn.gui.logic.engine import test_pictures as load_pictures
from fastcnn.gui.text.failures import REFUSALS
from fastcnn.recognition.answer import Recognition, digit_answer
from tests.gui.mouse import SEVEN, draw

CONTRACT = {
    "modeCombo": QComboBox,
    "drawButton": QPushButton,
    "clearButton": QPushButton,
    "recognizeButton": QPushButton,
    "canvas": QWidget,
    "imageLabel": QLabel,
    "resultLabel": QLabel,
    "confidenceLabel": QLabel,
}


@pytest.fixture
def hand(window, settle):
    """The window in handwriting mode."""
    window.modeCombo.setCurrentIndex(1)
    settle()
    return window


def test_widgets_have_the_names_that_others_rely_on(window):
    for name, kind in CONTRACT.items():
        assert isinstance(window.findChild(kind, name), kind), name


def test_mnist_mode_shows_and_recognizes_exactly_a_test_picture(window, settle):
    window.drawButton.click()
    settle()
    images, labels = load_pictures()
    number = window.numberSpin.value()
    assert (window.imageLabel.pixels == images[number, 0]).all()
    assert not window.imageLabel.pixmap().isNull()
    assert window.resultLabel.text() == ""
    window.recognizeButton.click()
    settle()
    network, image = window.program.engine.network, images[number : number + 1]
    edged = np.pad(image, ((0, 0), (0, 0), (1, 1), (1, 1)))
    moved = [edged[:, :, y : y + 28, x : x + 28] for y, x in ((1, 1), (0, 1), (1, 0), (2, 1), (1, 2))]
    powers = np.exp(network.forward(np.concatenate(moved)).astype(np.float64) / network.temperature)
    expected = (powers / powers.sum(axis=1, keepdims=True)).mean(axis=0)
    assert network.temperature != 1 and network.views == 5
    assert window.resultLabel.text() == str(expected.argmax())
    assert np.allclose(window.bars.shares, expected)
    assert (window.seenLabel.pixels == images[number, 0]).all()
    assert str(labels[number]) in window.truthLabel.text()


def test_random_pictures_come_from_all_ten_thousand(window, settle):
    numbers = set()
    for _ in range(40):
        window.drawButton.click()
        settle()
        numbers.add(window.numberSpin.value())
    # 40 draws from fewer than 1,000 pictures would almost surely repeat one or stay low.
    assert len(numbers) > 35
    assert max(numbers) > 5000 > min(numbers)


def test_a_seven_drawn_with_the_mouse_is_read(hand, settle):
    draw(hand.canvas, SEVEN)
    hand.recognizeButton.click()
    settle()
    assert hand.resultLabel.text() == "7"
    assert 0 < float(hand.confidenceLabel.text().removesuffix("%")) <= 100


def test_answer_follows_the_pen_without_a_button(hand, settle):
    draw(hand.canvas, SEVEN)
    settle()
    assert hand.resultLabel.text() == "7"


def test_answer_waits_for_the_button_where_live_is_off(hand, settle):
    hand.actions_by_name["live"].trigger()
    draw(hand.canvas, SEVEN)
    settle()
    assert hand.resultLabel.text() == ""
    hand.recognizeButton.click()
    settle()
    assert hand.resultLabel.text() == "7"


def test_canvas_is_black_and_the_pen_white(hand):
    assert (hand.canvas.array() == 0).all()
    draw(hand.canvas, [(0.2, 0.5), (0.8, 0.5)])
    assert hand.canvas.array().max() == 255
    assert (hand.canvas.array()[:100] == 0).all()


def test_clear_removes_picture_and_answer_in_both_modes(window, settle):
    window.drawButton.click()
    window.recognizeButton.click()
    settle()
    window.clearButton.click()
    assert window.imageLabel.pixels is None
    assert window.resultLabel.text() == window.confidenceLabel.text() == window.truthLabel.text() == ""
    window.modeCombo.setCurrentIndex(1)
    draw(window.canvas, SEVEN)
    settle()
    window.clearButton.click()
    settle()
    assert (window.canvas.array() == 0).all()
    assert window.resultLabel.text() == window.confidenceLabel.text() == ""
    assert window.bars.shares is None


def test_recognizing_nothing_says_what_to_do(window, settle):
    for mode, words in ((0, "No picture is shown yet"), (1, "Nothing is drawn yet")):
        window.modeCombo.setCurrentIndex(mode)
        settle()
        window.recognizeButton.click()
        settle()
        assert words in window.findChild(QLabel, "messageLabel").text()
        assert window.resultLabel.text() == ""


@pytest.mark.parametrize(
    ("action", "words"), [("occlude", "Nothing is recognized yet"), ("next_digit", "No experiment waits for a drawing")]
)
def test_a_key_that_has_nothing_to_do_says_so(window, settle, action, words):
    settle()
    window.actions_by_name[action].trigger()
    assert words in window.findChild(QLabel, "messageLabel").text()


def test_a_blank_answer_is_said_to_be_no_digit(hand, settle, monkeypatch):
    blank = Recognition(None, 0.0, np.full(10, 0.1, np.float32), np.zeros((28, 28), np.float32))
    monkeypatch.setattr(hand.program.engine, "recognize", lambda plane: blank)
    draw(hand.canvas, SEVEN)
    settle()
    assert hand.resultLabel.text() == "–"
    assert hand.confidenceLabel.text() == ""
    assert hand.verdictLabel.text() == "this is no digit"


def test_two_close_digits_are_both_named(hand, settle, monkeypatch):
    shares = np.zeros(10, np.float32)
    shares[[4, 9]] = 0.55, 0.45
    answer = digit_answer(shares, np.zeros((28, 28), np.float32))
    monkeypatch.setattr(hand.program.engine, "recognize", lambda plane: answer)
    draw(hand.canvas, SEVEN)
    settle()
    assert hand.resultLabel.text() == "4"
    assert hand.verdictLabel.text() == "unsure: 4 or 9"


@pytest.mark.parametrize("digit", [1, None])
def test_several_digits_that_are_read_as_one_are_hinted_at(hand, settle, monkeypatch, digit):
    shares, field = np.full(10, 0.01, np.float32), np.zeros((28, 28), np.float32)
    shares[1] = 0.91
    seen = Recognition(digit, 0.91 if digit else 0.0, shares, field, several=True)
    monkeypatch.setattr(hand.program.engine.recognizer, "recognize", lambda plane: seen)
    draw(hand.canvas, SEVEN)
    settle()
    assert hand.resultLabel.text() == ("–" if digit is None else "1")
    assert hand.verdictLabel.text() == "several digits? Draw one at a time"


@pytest.mark.parametrize("reason", [*REFUSALS, "what is drawn looks like no digit", None])
def test_why_it_is_no_digit_is_said_in_the_language_in_use(hand, settle, monkeypatch, reason):
    shares, field = np.full(10, 0.1, np.float32), np.ones((28, 28), np.float32)
    seen = Recognition(None, 0.0, shares, field, reason=reason)
    monkeypatch.setattr(hand.program.engine.recognizer, "recognize", lambda plane: seen)
    draw(hand.canvas, SEVEN)
    settle()
    assert hand.verdictLabel.text() == (reason if reason in REFUSALS else "this is no digit")
    hand.program.use_language("zh_CN")
    settle()
    assert not re.search("[A-Za-z]", hand.verdictLabel.text()) and len(hand.verdictLabel.text()) > 4


def test_words_do_not_promise_what_they_do_not_mean(window):
    """A picture is chosen and not drawn by the user; what the network is sure of is no accuracy."""
    assert window.drawButton.text().replace("&", "") == "Random picture"
    assert window.actions_by_name["draw"].text().replace("&", "") == "Random picture"
    shown = [text for widget in window.findChildren(QLabel) for text in (widget.text(), widget.accessibleName())]
    assert "Confidence" in shown and not any("recognition rate" in text.lower() for text in shown)
    assert "not how often it is right" in window.confidenceLabel.toolTip()


def test_a_failing_network_is_told_and_the_drawing_stays(hand, settle, monkeypatch):
    def fail(plane):
        raise RuntimeError("the network is broken")

    monkeypatch.setattr(hand.program.engine, "recognize", fail)
    draw(hand.canvas, SEVEN)
    settle()
    assert "the network is broken" in hand.findChild(QLabel, "messageLabel").text()
    assert hand.resultLabel.text() == ""
    assert hand.canvas.array().any()


def test_modes_keep_their_pictures(window, settle):
    window.drawButton.click()
    settle()
    shown = window.imageLabel.pixels
    window.modeCombo.setCurrentIndex(1)
    draw(window.canvas, SEVEN)
    settle()
    drawn = window.canvas.array()
    window.modeCombo.setCurrentIndex(0)
    settle()
    assert (window.imageLabel.pixels == shown).all()
    assert window.resultLabel.text() == ""
    window.modeCombo.setCurrentIndex(1)
    settle()
    assert (window.canvas.array() == drawn).all()
    assert window.resultLabel.text() == "7"


@pytest.mark.parametrize("name", ["en", "zh_CN"])
def test_the_rail_shows_the_whole_names_of_the_pages(window, settle, name):
    """The rail has replaced the bar of tabs, which needed short names."""
    window.program.use_language(name)
    settle()
    buttons = window.frame.rail.buttons
    assert len(buttons) == window.tabs.count() and not window.tabs.tabBar().isVisible()
    for index, button in enumerate(buttons):
        assert button.text() == window.findChild(QAction, f"page_{index + 1}Action").text()
        assert QFontMetrics(button.word_font()).horizontalAdvance(button.text()) <= button.width()
        button.click()
        assert window.tabs.currentIndex() == index and button.isChecked()
    window.tabs.setCurrentIndex(0)
    assert [button.isChecked() for button in buttons].index(True) == 0


SCRIBBLE = [
    (0.2, 0.2),
    (0.8, 0.25),
    (0.2, 0.4),
    (0.8, 0.5),
    (0.2, 0.6),
    (0.8, 0.7),
    (0.2, 0.8),
    (0.8, 0.85),
    (0.5, 0.1),
]


def test_a_scribble_is_no_digit_says_so_calmly_while_it_is_drawn_and_can_be_corrected(hand, settle):
    side = 560
    hand.canvas.pen_down(QPointF(SCRIBBLE[0][0] * side, SCRIBBLE[0][1] * side))
    for x, y in SCRIBBLE[1:]:
        hand.canvas.pen_to(QPointF(x * side, y * side))
    settle()
    assert hand.resultLabel.text() == "–" and hand.verdictLabel.text() == "no digit yet"
    hand.canvas.pen_up()
    settle()
    assert hand.resultLabel.text() == "–" and hand.confidenceLabel.text() == ""
    assert hand.verdictLabel.text() == "this is no digit"
    assert hand.bars.shares.sum() == pytest.approx(1, abs=1e-4)  # the nearest digits are still shown
    hand.actions_by_name["correct_8"].trigger()
    settle()
    assert "Kept as an 8" in hand.findChild(QLabel, "messageLabel").text()
    hand.clearButton.click()
    draw(hand.canvas, SEVEN)
    settle()
    assert hand.resultLabel.text() == "7" and hand.verdictLabel.text() == ""
