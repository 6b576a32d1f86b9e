"""What users, files, other windows and a kill may do to the program: nothing is lost, and it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PyQt5.QtCore import QMimeData, Qt, QUrl
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QFileDialog, QLabel, QMessageBox, QPushButton

from fastcnn import paper_network
from fastcnn.gui import create_window
from fastcnn.gui.logic import folders, learning
from fastcnn.gui.program import app
from fastcnn.gui.program.worker import STOP_TIMEOUT_S, stop
from tests.conftest import ROOT
from tests.gui.mouse import ONE, SEVEN, draw
from tests.gui.widgets.test_drawing import drop

TIMEOUT_MS = 300_000


def _told(window):
    return window.findChild(QLabel, "messageLabel").text()


@pytest.fixture
def hand(window, settle):
    window.modeCombo.setCurrentIndex(1)
    settle()
    return window


@pytest.fixture
def another(qtbot, later_start, no_plots):
    """Further windows, closed at the end."""
    made = []

    def make():
        made.append(create_window())
        made[-1].program.use_language("en")
        qtbot.addWidget(made[-1])
        made[-1].show()
        qtbot.waitUntil(lambda: bool(made[-1].networkInfoLabel.text()), timeout=TIMEOUT_MS)
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize("blocked", ["data", "config", "state"])
def test_a_folder_that_cannot_be_made_does_not_keep_the_program_from_recognizing(folders, another, qtbot, blocked):
    (folders / blocked).write_text("a file is in the way")
    window = another()
    window.modeCombo.setCurrentIndex(1)
    draw(window.canvas, SEVEN)
    qtbot.waitUntil(lambda: window.resultLabel.text() == "7", timeout=TIMEOUT_MS)
    window.actions_by_name["correct_5"].trigger()
    expected = "cannot make the folder" if blocked == "data" else "Kept as a 5"
    qtbot.waitUntil(lambda: expected in _told(window), timeout=TIMEOUT_MS)
    assert window.resultLabel.text() == "7"
    assert window.close()


@pytest.mark.parametrize("model", ["nonsense", "", "a\0b", "/media/stick/gone.safetensors"])
def test_the_network_of_the_last_session_may_be_gone(folders, another, qtbot, model):
    (folders / "config" / "fastcnn").mkdir(parents=True)
    (folders / "config" / "fastcnn" / "window.json").write_text(json.dumps({"model": model}))
    window = another()
    assert _told(window).startswith("That did not work")
    window.numberSpin.setValue(17)
    qtbot.waitUntil(lambda: window.resultLabel.text() != "", timeout=TIMEOUT_MS)
    assert window.networkCombo.currentData() in ("paper", "default")


DAMAGED_EXPERIMENT = """{"mode": "mnist", "groups": 2, "size": 2, "trials":
    [{"truth": 3, "answer": 3, "confidence": %s, "network": "paper"}]}"""


@pytest.mark.parametrize(
    ("place", "content"),
    [
        ("config/fastcnn/window.json", r'{"geometry": "\ud800"}'),
        ("data/fastcnn/experiments/0001.json", DAMAGED_EXPERIMENT % ("9" * 400)),
        ("data/fastcnn/experiments/0001.json", (DAMAGED_EXPERIMENT % 1).replace('"groups": 2', '"groups": 2.5')),
    ],
)
def test_the_window_opens_with_damaged_files_of_an_earlier_session(folders, another, place, content):
    path = folders / place
    path.parent.mkdir(parents=True)
    path.write_text(content)
    window = another()
    assert window.program.pages.experimenter.session is None
    assert window.close()


def test_a_network_on_a_stick_that_was_pulled_out_goes_on_answering(window, settle, tmp_path, monkeypatch):
    path = tmp_path / "stick" / "mine.safetensors"
    path.parent.mkdir()
    paper_network(seed=1).save(path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(path), ""))
    settle()
    window.actions_by_name["open_network"].trigger()
    settle()
    assert window.networkCombo.currentText() == "mine"
    path.unlink()
    path.parent.rmdir()
    window.numberSpin.setValue(17)
    window.actions_by_name["measure"].trigger()
    settle()
    assert window.resultLabel.text() != "" and "right on MNIST" in window.networkInfoLabel.text()
    window.networkCombo.activated.emit(window.networkCombo.findData("paper"))
    settle()
    assert window.networkCombo.currentData() == "paper"


def test_a_network_whose_answers_are_no_numbers_is_refused_in_a_sentence(window, settle, tmp_path, monkeypatch):
    path = tmp_path / "huge.safetensors"
    network = paper_network(seed=1)
    network.values[:] = 1e30
    network.save(path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(path), ""))
    settle()
    window.actions_by_name["open_network"].trigger()
    for ask in (lambda: window.numberSpin.setValue(17), window.actions_by_name["measure"].trigger):
        ask()
        settle()
        assert "no numbers" in _told(window)
        assert window.resultLabel.text() == window.confidenceLabel.text() == ""


def test_a_name_that_looks_like_html_is_shown_as_it_is(hand, settle, tmp_path, monkeypatch):
    path = tmp_path / "<b>bold<b>{0}.png"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(path), ""))
    hand.actions_by_name["open"].trigger()
    settle()
    assert "<b>bold<b>{0}.png does not exist" in _told(hand)
    assert hand.findChild(QLabel, "messageLabel").textFormat() == Qt.PlainText


def test_a_picture_dropped_in_mnist_mode_goes_to_the_drawing_field(window, settle, tmp_path):
    from PIL import Image

    picture = np.zeros((28, 28), np.uint8)
    picture[4:24, 13:16] = 255
    Image.fromarray(picture).save(tmp_path / "one.png")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "one.png"))])
    drop(window.imageLabel, mime)
    settle()
    assert window.modeCombo.currentIndex() == 1 and window.resultLabel.text() == "1"


def test_a_dropped_address_of_the_web_is_no_picture(hand, settle):
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/seven.png")])
    drop(hand.canvas, mime)
    settle()
    assert "no picture" in _told(hand)


def _double_click(widget):
    """What Qt sends for one: the second press is an event of another kind."""
    at = widget.rect().center()
    QTest.mouseClick(widget, Qt.LeftButton, pos=at)
    QTest.mouseDClick(widget, Qt.LeftButton, pos=at)
    QTest.mouseRelease(widget, Qt.LeftButton, pos=at)


def test_double_clicks_break_nothing(hand, settle):
    for widget in (hand.recognizeButton, hand.clearButton, hand.recognizeButton, hand.canvas):
        _double_click(widget)
    settle()
    assert len(hand.canvas.drawing.done) == 2
    assert hand.canvas.array().any() and hand.resultLabel.text() != ""
    hand.modeCombo.setCurrentIndex(0)
    _double_click(hand.drawButton)
    settle()
    assert hand.imageLabel.pixels is not None


def test_learning_is_started_once_by_two_clicks(hand, settle, monkeypatch):
    started = []
    monkeypatch.setattr("fastcnn.gui.logic.hand.learn", lambda *args, **more: started.append(1) or pytest.skip)
    button = hand.findChild(QPushButton, "learnButton")
    _double_click(button)
    hand.program.pages.hand.learn()
    assert not button.isEnabled()
    hand.program.pages.hand.cancel()
    settle()
    assert started == [1]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["start", "measure", "experiment", "stroke", "learn"])
def test_the_window_can_be_closed_in_the_middle_of_everything(window, settle, qtbot, monkeypatch, what):
    monkeypatch.setattr(learning, "STEPS", 10**9)
    if what != "start":
        settle()
    window.modeCombo.setCurrentIndex(1)
    pages = window.program.pages
    if what == "measure":
        pages.browser.measure()
    elif what == "experiment":
        pages.experimenter.start("mnist", 100, 100)
    elif what == "stroke":
        window.canvas.pen_down(window.canvas._key_pen)
    elif what == "learn":
        draw(window.canvas, SEVEN)
        settle()
        window.actions_by_name["correct_5"].trigger()
        settle()
        pages.hand.learn()
    hidden = []
    monkeypatch.setattr(QMessageBox, "question", lambda *args: QMessageBox.Discard)
    monkeypatch.setattr(app, "stop", lambda *workers: hidden.append(not window.isVisible()) or stop(*workers))
    start = time.perf_counter()
    assert window.close()
    assert time.perf_counter() - start < STOP_TIMEOUT_S + 1
    assert hidden == [True]  # nobody looks at a frozen window
    qtbot.wait(50)
    assert not window.isVisible()


@pytest.mark.slow  # takes seconds
def test_two_windows_share_drawings_and_keep_their_own_sessions(another, qtbot):
    first, second = another(), another()
    assert folders.session_folder().name == "window-2"
    for window, points in ((first, SEVEN), (second, ONE)):
        window.modeCombo.setCurrentIndex(1)
        draw(window.canvas, points)
        qtbot.waitUntil(lambda window=window: window.resultLabel.text() != "", timeout=TIMEOUT_MS)
        window.actions_by_name["correct_5"].trigger()
        qtbot.waitUntil(lambda window=window: "Kept as a 5" in _told(window), timeout=TIMEOUT_MS)
    assert "2 drawings" in _told(second)
    first.close()
    third = another()
    assert folders.session_folder() == folders.data_folder()
    third.close()


KILLED = """
import sys
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication
from fastcnn.training import samples
from fastcnn.gui import create_window
from fastcnn.gui.logic import engine, training
from fastcnn.gui.logic.packed import Packed
from fastcnn.gui.widgets.page import QMessageBox
images, labels = engine.test_pictures()
samples.VALIDATION_PICTURES = 1000
training.training_pictures = lambda _between: Packed([(images[:2000], labels[:2000])])
application = QApplication([])
window = create_window()
window.program.pages.training.start(100)
def tell():
    if len(window.program.pages.training.curves.epochs) >= 2:
        print("two epochs", flush=True)
timer = QTimer()
timer.timeout.connect(tell)
timer.start(5)
application.exec()
"""


@pytest.mark.slow
def test_a_kill_in_the_middle_of_training_loses_no_finished_epoch(folders, another, qtbot):
    program = [sys.executable, "-c", KILLED]
    with subprocess.Popen(program, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"two epochs\n"
        process.send_signal(signal.SIGKILL)
    window = another()
    assert window.program.pages.training.checkpoint().parent.name == "fastcnn"  # its lock is not in the way
    assert window.findChild(QPushButton, "resumeTrainingButton").isEnabled()
    from fastcnn.training.checkpoint import load_checkpoint

    assert load_checkpoint(window.program.pages.training.checkpoint()).epoch >= 2


def test_windows_of_this_process_are_all_gone(qapp):
    assert [each for each in QApplication.topLevelWidgets() if each.isVisible()] == []
