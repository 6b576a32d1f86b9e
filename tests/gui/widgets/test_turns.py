"""Answers come first: what works in the background begins nothing while an answer is wanted."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PyQt5.QtWidgets import QSpinBox

from fastcnn.data import load
from fastcnn.gui.logic import insight, learning, turns
from fastcnn.gui.logic.engine import test_pictures as load_pictures
from fastcnn.gui.logic.results import read_all
from fastcnn.network.calibration import calibrated
from fastcnn.network.sequential import Sequential
from fastcnn.training.trainer import Trainer
from tests.gui.mouse import SEVEN, draw
from tests.gui.widgets.test_kept import _collect
from tests.gui.widgets.test_pages import TIMEOUT_MS, _click, small_training

__all__ = ["small_training"]


class Watch:
    """Counts the pieces of work in the background, and how many run at the same time."""

    def __init__(self, monkeypatch):
        self._lock = threading.Lock()
        self.begun = self.running = self.most = 0
        self.longest = 0  # pictures that one call of a network reads
        for owner, name in ((Trainer, "step"), (Sequential, "forward")):
            monkeypatch.setattr(owner, name, self._watched(getattr(owner, name)))

    def _watched(self, function):
        def watched(owner, images, *args, **more):
            if not threading.current_thread().name.startswith(("training", "learning", "searching")):
                return function(owner, images, *args, **more)
            with self._lock:
                self.begun += 1
                self.running += 1
                self.most = max(self.most, self.running)
                self.longest = max(self.longest, len(images))
            try:
                return function(owner, images, *args, **more)
            finally:
                with self._lock:
                    self.running -= 1

        return watched


@pytest.fixture
def answering(window, settle, monkeypatch):
    """The window, drawing; the answer lasts until the event is set."""
    monkeypatch.setattr(turns, "MOST_WAIT_S", 1000.0)
    window.modeCombo.setCurrentIndex(1)
    settle()
    go_on, begun = threading.Event(), threading.Event()
    recognize = window.program.engine.recognizer.recognize
    monkeypatch.setattr(
        window.program.engine.recognizer, "recognize", lambda plane: begun.set() or (go_on.wait() and recognize(plane))
    )
    yield begun, go_on
    go_on.set()


@pytest.mark.parametrize("work", ["training and learning", "measuring"])
def test_nothing_begins_while_an_answer_is_made(qtbot, window, settle, small_training, answering, monkeypatch, work):
    begun, go_on = answering
    watch = Watch(monkeypatch)
    monkeypatch.setattr(learning, "STEPS", 10**9)
    _collect(8)
    if work == "measuring":
        window.actions_by_name["measure"].trigger()
    else:
        window.findChild(QSpinBox, "epochsSpin").setValue(100)
        _click(window, "startTrainingButton")
        _click(window, "learnButton")
    qtbot.waitUntil(lambda: watch.begun > 8, timeout=TIMEOUT_MS)
    draw(window.canvas, SEVEN)
    assert begun.wait(TIMEOUT_MS / 1000)
    qtbot.waitUntil(lambda: watch.running == 0, timeout=TIMEOUT_MS)
    count = watch.begun
    qtbot.wait(200)
    assert watch.begun - count <= 1  # one may have been about to begin when the answer was asked for
    go_on.set()
    qtbot.waitUntil(lambda: window.resultLabel.text() == "7", timeout=TIMEOUT_MS)
    qtbot.waitUntil(lambda: watch.begun > count + 4, timeout=TIMEOUT_MS)  # then it goes on
    assert watch.most == 1
    window.program.pages.hand.cancel()
    window.program.pages.training.stop()


@pytest.fixture(scope="module", autouse=True)
def unpacked_once():
    """Unpack as the program does; see the fixture of this name in tests/conftest.py."""


@pytest.fixture
def unpacked(monkeypatch):
    """The files of MNIST that are unpacked."""
    found = []

    def watched(read):
        def watching(path, *args):
            found.append(path.name)
            return read(path, *args)

        return watching

    for name in ("read_idx", "read_idx_pieces"):
        monkeypatch.setattr(load, name, watched(getattr(load, name)))
    return found


@pytest.mark.parametrize("button", ["startTrainingButton", "learnButton"])
def test_no_picture_is_unpacked_while_an_answer_is_made(qtbot, window, settle, answering, unpacked, button):
    """Unpacking the 60,000 pictures takes 0.4 s, and slowed a third of a drawing's answers down."""
    begun, go_on = answering
    _collect(8)
    draw(window.canvas, SEVEN)
    assert begun.wait(TIMEOUT_MS / 1000)
    unpacked.clear()
    _click(window, button)
    qtbot.wait(200)
    assert unpacked == []
    go_on.set()
    qtbot.waitUntil(lambda: len(unpacked) >= 2, timeout=TIMEOUT_MS)
    window.program.pages.hand.cancel()
    window.program.pages.training.stop()


def test_the_test_pictures_are_unpacked_alone(unpacked):
    load_pictures.__wrapped__()
    assert len(unpacked) == 2 and all("t10k" in name for name in unpacked)


def test_what_is_read_in_pieces_has_the_same_numbers(window, settle):
    settle()
    network = window.program.engine.network
    images, labels = load_pictures()
    images, labels = images[:100], labels[:100]
    between = []
    results = read_all(network, (images, labels), lambda _: between.append(1))
    assert (results.probabilities.argmax(axis=1) == calibrated(network, images).argmax(axis=1)).all()
    assert len(between) >= 3
    assert learning.score(network, images, labels).right == (results.probabilities.argmax(axis=1) == labels).sum()
    field = images[0, 0].astype(np.float32) / 255
    heat = insight.occlusion(network, field, 7, lambda _: between.append(2))
    assert heat.shape == (28, 28) and between.count(2) > 20


def test_work_goes_on_although_somebody_draws_all_the_time(monkeypatch):
    monkeypatch.setattr(turns, "MOST_WAIT_S", 0.05)
    shared = turns.Turns()
    with shared.answer(), shared.background() as turn:
        turn.next_piece()
