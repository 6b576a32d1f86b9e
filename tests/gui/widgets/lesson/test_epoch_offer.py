"""The lesson offers to train a network that keeps its epochs, in one click, and shows how far that is."""

from __future__ import annotations

import pytest
from PyQt5.QtWidgets import QLabel, QProgressBar, QPushButton

from fastcnn.gui.logic import training as training_module
from fastcnn.gui.logic.engine import test_pictures as load_pictures
from fastcnn.gui.logic.packed import Packed
from fastcnn.gui.logic.training import State
from fastcnn.training import samples
from fastcnn.zoo import recipes
from fastcnn.zoo.networks import PAPER

TIMEOUT_MS = 300_000


@pytest.fixture
def page(window, settle, monkeypatch):
    """The lesson's page with a picture; the paper's recipe takes two epochs of few pictures."""
    from dataclasses import replace

    images, labels = load_pictures()
    monkeypatch.setattr(samples, "VALIDATION_PICTURES", 200)
    monkeypatch.setattr(training_module, "training_pictures", lambda _between: Packed([(images[:600], labels[:600])]))
    monkeypatch.setitem(recipes.RECIPES, PAPER, replace(recipes.RECIPES[PAPER], epochs=2))
    settle()
    window.program.pages.networks.choose("paper")
    window.numberSpin.setValue(7)
    window.tabs.setCurrentWidget(window.program.pages.lesson)
    settle()
    return window.program.pages.classroom.page


def _button(page):
    return page.findChild(QPushButton, "epochOfferButton")


def _words(page):
    return page.findChild(QLabel, "epochOfferWords").text()


def _press(page):
    assert _button(page).isVisible() and _button(page).isEnabled()
    _button(page).click()


def test_one_click_trains_a_network_and_then_its_epochs_are_there(qtbot, page, window, settle):
    pages = window.program.pages
    assert not page.epochs.isVisible() and "kept no epochs" in _words(page)
    assert not page.findChild(QProgressBar, "epochOfferProgress").isVisible()
    _press(page)
    assert pages.training.state is State.RUNNING
    assert page.findChild(QProgressBar, "epochOfferProgress").isVisible() and not _button(page).isEnabled()
    qtbot.waitUntil(lambda: page.epochs.isVisible(), timeout=TIMEOUT_MS)
    settle()
    assert page.epochs.slider.maximum() == 2 and not page.offer.isVisible()
    assert window.networkCombo.currentData() == str(pages.training.target())
    page.epochs.slider.setValue(0)
    settle()
    assert page.findChild(QLabel, "epochNumber").text().startswith("0 of 2")


def test_a_network_whose_epochs_are_kept_is_offered_instead_of_another_training(qtbot, page, window, settle):
    _press(page)
    qtbot.waitUntil(lambda: page.epochs.isVisible(), timeout=TIMEOUT_MS)
    window.program.pages.networks.choose("paper")
    settle()
    assert not page.epochs.isVisible() and "“trained-here” did" in _words(page)
    _press(page)
    settle()
    assert page.epochs.isVisible() and window.program.pages.training.state is State.DONE


def test_a_stopped_training_goes_on_and_is_not_lost(qtbot, page, window, settle):
    pages = window.program.pages
    pages.training.start(3)
    qtbot.waitUntil(lambda: len(pages.training.curves.epochs) >= 1, timeout=TIMEOUT_MS)
    pages.training.finish_epoch()
    qtbot.waitUntil(lambda: not pages.training.is_active, timeout=TIMEOUT_MS)
    assert pages.training.state is State.STOPPED
    page.offer.retranslate()
    assert "waits" in _words(page)
    _press(page)
    qtbot.waitUntil(lambda: page.epochs.isVisible(), timeout=TIMEOUT_MS)
    assert page.epochs.slider.maximum() == 3


def test_a_training_that_nobody_asked_for_here_changes_no_network(qtbot, page, window, settle):
    pages = window.program.pages
    pages.training.start(2)
    qtbot.waitUntil(lambda: pages.training.state is State.DONE, timeout=TIMEOUT_MS)
    settle()
    assert window.networkCombo.currentData() == "paper"


def test_no_timer_runs_while_nothing_is_trained(page, window):
    assert not page.offer._timer.isActive()
    window.tabs.setCurrentIndex(0)
    assert not page.offer._timer.isActive()
