"""Results that come late: what the user has gone away from is not shown."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image
from PyQt5.QtWidgets import QLabel

from fastcnn.gui.logic.engine import test_pictures as load_pictures
from fastcnn.gui.program import pages as program_pages
from tests.gui.mouse import SEVEN, draw
from tests.gui.widgets.test_pages import _begin_experiment, _click, _told


@pytest.fixture
def held(window, settle):
    """Files, measuring and answers wait until this is set."""
    settle()
    go_on = threading.Event()
    for worker in (window.program.work, window.program.pages.searching, window.program.answers):
        worker.submit(go_on.wait, lambda _: None)
    yield go_on
    go_on.set()


@pytest.fixture
def few_pictures(monkeypatch):
    """Fifty test pictures. Two have a wrong label, so any network that reads them makes two mistakes."""
    images, labels = load_pictures()
    labels = labels[:50].copy()
    labels[[7, 11]] = (labels[[7, 11]] + 1) % 10
    monkeypatch.setattr(program_pages, "test_pictures", lambda: (images[:50], labels))


def test_the_next_mistake_does_not_pull_back_from_handwriting(window, settle, held, few_pictures):
    window.mistakeButton.click()
    window.modeCombo.setCurrentIndex(1)
    draw(window.canvas, SEVEN)
    held.set()
    settle()
    assert window.modeCombo.currentIndex() == 1 and window.resultLabel.text() == "7"
    matrix = window.program.pages.mistakes.matrix  # but what was measured is there
    assert matrix.counts.sum() == 50 and matrix.counts.trace() == 48
    window.mistakeButton.click()
    settle()
    assert window.modeCombo.currentIndex() == 0 and window.numberSpin.value() == 7


def test_the_next_mistake_does_not_replace_a_picture_that_was_chosen_meanwhile(window, settle, held, few_pictures):
    window.mistakeButton.click()
    window.numberSpin.setValue(30)
    held.set()
    settle()
    assert window.numberSpin.value() == 30


def test_two_requests_while_it_measures_measure_once(window, settle, held, few_pictures, monkeypatch):
    reads, read_all = [], program_pages.read_all
    monkeypatch.setattr(program_pages, "read_all", lambda *args: reads.append(1) or read_all(*args))
    window.mistakeButton.click()
    window.mistakeButton.click()
    held.set()
    settle()
    assert reads == [1] and window.numberSpin.value() == 7


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "one.png"
    Image.fromarray(np.full((40, 40), 255, np.uint8)).save(path)
    return path


@pytest.mark.parametrize("act", ["draw", "mode"])
def test_a_picture_that_opens_late_covers_nothing(window, settle, held, picture, act):
    window.modeCombo.setCurrentIndex(1)
    window.program.pictures.open(picture)
    if act == "draw":
        draw(window.canvas, SEVEN)
    else:
        window.modeCombo.setCurrentIndex(0)
    drawn = window.canvas.array()
    held.set()
    settle()
    assert (window.canvas.array() == drawn).all() and window.modeCombo.currentIndex() == (act == "draw")
    assert "open it again" in _told(window)


def test_of_two_pictures_the_last_one_is_shown(window, settle, held, picture, tmp_path):
    last = tmp_path / "last.png"
    Image.fromarray(np.eye(40, dtype=np.uint8) * 200).save(last)
    window.program.pictures.open(picture)
    window.program.pictures.open(last)
    held.set()
    settle()
    assert len(window.canvas.drawing.done) == 1 and 190 <= window.canvas.array().max() <= 200


def test_the_answer_to_an_experiments_digit_does_not_pull_back_to_drawing(window, settle):
    settle()
    _begin_experiment(window, 1, 1, 2)
    draw(window.canvas, SEVEN)
    settle()
    go_on = threading.Event()
    window.program.answers.submit(go_on.wait, lambda _: None)
    _click(window, "nextDigitButton")
    window.numberSpin.setValue(17)
    go_on.set()
    settle()
    assert window.modeCombo.currentIndex() == 0 and window.numberSpin.value() == 17
    assert len(window.program.pages.experimenter.session.trials) == 1
    assert window.findChild(QLabel, "askedDigit").text() == "1"
    assert not window.canvas.array().any()  # the next digit begins on an empty field


def test_pictures_that_cannot_be_loaded_leave_nothing_waiting(window, settle, monkeypatch):
    settle()
    presenter = window.program.presenter
    pictures = presenter._pictures

    def fail():
        raise OSError("the disk is gone")

    monkeypatch.setattr(presenter, "_pictures", fail)
    window.drawButton.click()
    window.recognizeButton.click()  # it waits for the picture
    settle()
    assert "the disk is gone" in _told(window)
    monkeypatch.setattr(presenter, "_pictures", pictures)
    window.recognizeButton.click()
    settle()
    assert "No picture is shown yet" in _told(window)
