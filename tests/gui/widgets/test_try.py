"""Trying the network in training: its own facts are shown, and occlusion and measuring work."""

from __future__ import annotations

import re

import pytest
from PyQt5.QtWidgets import QCheckBox, QSpinBox

from fastcnn.gui.program import pages as program_pages
from fastcnn.network.calibration import calibrated
from tests.gui.widgets.test_pages import TIMEOUT_MS, _begin_experiment, _click, _told, load_pictures, small_training

__all__ = ["small_training"]
COMMITTEE = "777,490 parameters"  # five times 155,498
PAPER = "433,890 parameters"


@pytest.fixture
def trying(qtbot, window, settle, small_training, monkeypatch):
    """The committee is chosen; the paper's network trains, and answers. Two hundred test pictures are measured."""
    images, labels = load_pictures()
    monkeypatch.setattr(program_pages, "test_pictures", lambda: (images[:200], labels[:200]))
    settle()
    window.program.pages.networks.choose("committee")
    settle()
    window.findChild(QSpinBox, "epochsSpin").setValue(100)
    _click(window, "startTrainingButton")
    training = window.program.pages.training
    qtbot.waitUntil(lambda: len(training.curves.epochs) >= 2, timeout=TIMEOUT_MS)
    window.findChild(QCheckBox, "tryTrainingCheck").setChecked(True)
    settle()
    return window


def test_name_size_and_accuracy_of_the_network_that_is_tried_are_shown(qtbot, trying):
    facts = trying.networkInfoLabel
    assert "trained-here" in facts.text() and PAPER in facts.text() and "not trained on" in facts.text()
    curves = trying.program.pages.training.curves
    more = len(curves.epochs) + 2

    def shown() -> int:
        return int(re.search(r"after (\d+) epochs", facts.text())[1])  # it may pass over epochs that are short

    qtbot.waitUntil(lambda: shown() >= more, timeout=TIMEOUT_MS)
    assert f"{100 * curves.accuracies[shown() - 1]:.2f}%" in facts.text()


@pytest.mark.slow  # takes seconds
def test_measuring_measures_the_network_that_is_tried(qtbot, trying, settle):
    trying.actions_by_name["measure"].trigger()
    settle()
    counts = trying.program.pages.mistakes.matrix.counts
    assert counts.sum() == 200
    assert f"{counts.trace() / 2:.2f}% right on MNIST" in trying.networkInfoLabel.text()
    images, labels = load_pictures()
    committee = calibrated(trying.program.engine._recognizer.network, images[:200]).argmax(axis=1)
    assert counts.trace() < (committee == labels[:200]).sum()  # the committee is better than two epochs
    _click(trying, "stopTrainingButton")
    qtbot.waitUntil(lambda: not trying.program.pages.training.is_active, timeout=TIMEOUT_MS)
    settle()
    assert COMMITTEE in trying.networkInfoLabel.text()  # its facts are its own
    shown = trying.networkInfoLabel.text()
    assert "99.75% right on MNIST; Ctrl+I measures it" in shown  # as is known of it; it was not measured


@pytest.mark.slow  # takes seconds
def test_occlusion_shows_where_the_network_that_is_tried_looked(qtbot, trying, settle):
    trying.numberSpin.setValue(17)
    trying.tabs.setCurrentWidget(trying.program.pages.inside)
    settle()
    _click(trying, "occlusionButton")
    heat = trying.program.pages.inside.heat
    qtbot.waitUntil(lambda: heat.pixels is not None, timeout=TIMEOUT_MS)
    training = trying.program.pages.training
    more = len(training.curves.epochs) + 1
    qtbot.waitUntil(lambda: len(training.curves.epochs) > more, timeout=TIMEOUT_MS)
    assert heat.pixels is not None  # the network goes on, and the picture is the same
    trying.numberSpin.setValue(18)
    qtbot.waitUntil(lambda: heat.pixels is None, timeout=TIMEOUT_MS)


def test_an_experiment_names_the_network_that_is_tried(trying, settle):
    _begin_experiment(trying, 0, 1, 3)
    settle()
    assert {trial.network for trial in trying.program.pages.experimenter.session.trials} == {"trained-here"}


def test_without_a_training_nothing_is_tried_and_that_is_said(qtbot, window, settle, small_training):
    settle()
    training = window.program.pages.training
    window.findChild(QSpinBox, "epochsSpin").setValue(100)
    _click(window, "startTrainingButton")
    qtbot.waitUntil(lambda: len(training.curves.epochs) >= 1, timeout=TIMEOUT_MS)
    _click(window, "stopTrainingButton")
    qtbot.waitUntil(lambda: training.state.value == "stopped", timeout=TIMEOUT_MS)
    training._run = None  # as after a start of the program
    before = window.networkInfoLabel.text()
    window.findChild(QCheckBox, "tryTrainingCheck").setChecked(True)
    settle()
    assert "no network in training" in _told(window)
    assert window.networkInfoLabel.text() == before
