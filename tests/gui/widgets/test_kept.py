"""Nothing is lost: trained networks under names, experiments, what closing would give up."""

from __future__ import annotations

import pytest
from PyQt5.QtWidgets import QInputDialog, QLabel, QPushButton, QSpinBox

from fastcnn import load_network, paper_network
from tests.gui.widgets.test_pages import TIMEOUT_MS, _click, _told, small_training

__all__ = ["small_training"]


@pytest.fixture
def trained(qtbot, window, settle, small_training):
    """The window after a training of one epoch."""
    settle()
    window.findChild(QSpinBox, "epochsSpin").setValue(1)
    _click(window, "startTrainingButton")
    qtbot.waitUntil(lambda: window.program.pages.training.state.value == "done", timeout=TIMEOUT_MS)
    settle()
    return window


def _names(window):
    return [window.networkCombo.itemText(index) for index in range(window.networkCombo.count())]


def test_a_trained_network_gets_a_name_and_never_that_of_another(qtbot, trained, settle, monkeypatch):
    training = trained.program.pages.training
    folder, weights = training.target().parent, training.target().read_bytes()
    paper_network(seed=1).save(folder / "best.safetensors")
    best = (folder / "best.safetensors").read_bytes()

    def call_it(name):
        monkeypatch.setattr(QInputDialog, "getText", lambda *args: (name, True))
        _click(trained, "nameTrainedButton")
        qtbot.waitUntil(lambda: training._jobs.idle)

    for name, words in (("best", "already"), ("a/b", "cannot be"), ("paper", "cannot be"), (" ", "cannot be")):
        call_it(name)
        assert words in _told(trained)
        assert training.target().read_bytes() == weights and (folder / "best.safetensors").read_bytes() == best
    call_it("class 7b")
    assert (folder / "class 7b.safetensors").read_bytes() == weights and not training.target().exists()
    assert "class 7b" in _told(trained)
    assert "class 7b" in _names(trained) and "trained-here" not in _names(trained)


def test_a_trained_network_replaces_only_the_one_that_the_user_names(qtbot, trained, settle, monkeypatch):
    training = trained.program.pages.training
    folder, weights = training.target().parent, training.target().read_bytes()
    _click(trained, "replaceTrainedButton")
    assert "no older network" in _told(trained)
    for name in ("best", "other"):
        paper_network(seed=1).save(folder / f"{name}.safetensors")
    other = (folder / "other.safetensors").read_bytes()
    trained.program.pages.networks.choose(str(folder / "best.safetensors"))
    settle()
    offered = []
    monkeypatch.setattr(QInputDialog, "getItem", lambda *args: offered.extend(args[3]) or ("best", True))
    _click(trained, "replaceTrainedButton")
    qtbot.waitUntil(lambda: training._jobs.idle)
    settle()
    assert offered == ["best", "other"]
    assert (folder / "best.safetensors").read_bytes() == weights and not training.target().exists()
    assert (folder / "other.safetensors").read_bytes() == other
    # The network in use was read again from its file.
    expected = load_network(folder / "best.safetensors").state_arrays()
    used = trained.program.engine.network.state_arrays()
    assert all((used[name] == values).all() for name, values in expected.items())
    assert trained.findChild(QPushButton, "nameTrainedButton").isEnabled()
    assert trained.findChild(QLabel, "trainingStatus").text() != ""
