"""Nothing is lost: trained networks under names, experiments, what closing would give up."""

from __future__ import annotations

import errno
import threading

import numpy as np
import pytest
from PyQt5.QtWidgets import QComboBox, QInputDialog, QLabel, QMessageBox, QPushButton, QSpinBox

from fastcnn import load_network, paper_network
from fastcnn.gui import create_window
from fastcnn.gui.logic import experiments, learning
from fastcnn.gui.logic.collection import Collection, Sample
from fastcnn.gui.logic.folders import data_folder
from fastcnn.gui.program import pages as program_pages
from fastcnn.training.checkpoint import load_checkpoint
from tests.gui.mouse import ONE, SEVEN, draw
from tests.gui.widgets.test_pages import TIMEOUT_MS, _begin_experiment, _click, _told, small_training

__all__ = ["small_training"]


@pytest.fixture
def another(qtbot, later_start, no_plots):
    """Further windows, closed at the end."""
    made = []

    def end(window):
        window.program.close()
        window.may_close = lambda: True  # no question that nobody answers

    def make():
        made.append(create_window())
        made[-1].program.use_language("en")
        qtbot.addWidget(made[-1], before_close_func=end)
        made[-1].show()
        return made[-1]

    yield make
    for each in made:
        each.program.close()


@pytest.fixture
def asked(monkeypatch):
    """The questions of message boxes, answered with `asked.answer`."""

    class Asked(list):
        answer = QMessageBox.Cancel

    found = Asked()
    monkeypatch.setattr(QMessageBox, "question", lambda *args: found.append(args[2]) or found.answer)
    return found


def _collect(count):
    """Drawings of a five, as corrections keep them."""
    store = Collection(data_folder() / "drawings")
    for index in range(count):
        field = np.zeros((28, 28), np.uint8)
        field[4:24, 10 + index % 4] = 200 + index
        store.add(Sample(5, 7, field, ()))


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
    epochs = (folder / "trained-here.epochs").read_bytes()
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
    assert (folder / "class 7b.epochs").read_bytes() == epochs and not (folder / "trained-here.epochs").exists()
    assert "class 7b" in _told(trained)
    assert "class 7b" in _names(trained) and "trained-here" not in _names(trained)


def test_a_trained_network_replaces_only_the_one_that_the_user_names(qtbot, trained, settle, monkeypatch):
    training = trained.program.pages.training
    folder, weights = training.target().parent, training.target().read_bytes()
    _click(trained, "replaceTrainedButton")
    assert "no older network" in _told(trained)
    for name in ("best", "other"):
        paper_network(seed=1).save(folder / f"{name}.safetensors")
    epochs = (folder / "trained-here.epochs").read_bytes()
    (folder / "best.epochs").write_bytes(b"of the network that is replaced")
    other = (folder / "other.safetensors").read_bytes()
    trained.program.pages.networks.choose(str(folder / "best.safetensors"))
    settle()
    offered = []
    monkeypatch.setattr(QInputDialog, "getItem", lambda *args: offered.extend(args[3]) or ("best", True))
    _click(trained, "replaceTrainedButton")
    qtbot.waitUntil(lambda: training._jobs.idle)
    settle()
    assert offered == ["best", "other"]
    assert (folder / "best.epochs").read_bytes() == epochs and not (folder / "trained-here.epochs").exists()
    assert (folder / "best.safetensors").read_bytes() == weights and not training.target().exists()
    assert (folder / "other.safetensors").read_bytes() == other
    # The network in use was read again from its file.
    expected = load_network(folder / "best.safetensors").state_arrays()
    used = trained.program.engine.network.state_arrays()
    assert all((used[name] == values).all() for name, values in expected.items())
    assert trained.findChild(QPushButton, "nameTrainedButton").isEnabled()
    assert trained.findChild(QLabel, "trainingStatus").text() != ""


def test_a_new_experiment_takes_nothing_from_the_one_that_was_left(qtbot, window, settle, another, asked):
    settle()
    _begin_experiment(window, 1, 2, 2)
    draw(window.canvas, SEVEN)
    _click(window, "nextDigitButton")
    settle()
    _click(window, "leaveExperimentButton")
    left = window.program.pages.experimenter.session
    _begin_experiment(window, 0, 1, 3)
    settle()
    assert asked == [] and len(window.program.pages.experimenter.session.trials) == 3
    window.program.close()
    second = another()
    kept = second.findChild(QComboBox, "keptExperiments")
    assert kept.count() == 2 and "3 in all" in kept.currentText()
    kept.activated.emit(1)
    assert second.program.pages.experimenter.session == left
    second.tabs.setCurrentWidget(second.program.pages.experiment)
    _click(second, "resumeExperimentButton")
    draw(second.canvas, ONE)
    _click(second, "nextDigitButton")
    qtbot.waitUntil(lambda: len(second.program.pages.experimenter.session.trials) == 2, timeout=TIMEOUT_MS)
    kept.setCurrentIndex(0)
    assert second.program.pages.experimenter._kept[1][1].size == 3  # the other one is still there


def test_answers_of_before_a_break_are_not_counted_after_it(window, settle, monkeypatch):
    settle()
    _begin_experiment(window, 0, 3, 4)
    _click(window, "leaveExperimentButton")  # while its first group is read
    _click(window, "resumeExperimentButton")
    settle()
    assert len(window.program.pages.experimenter.session.trials) == 12


def test_a_drawing_that_was_just_corrected_is_kept_if_the_window_closes_now(window, settle):
    window.modeCombo.setCurrentIndex(1)
    draw(window.canvas, SEVEN)
    settle()
    busy = threading.Event()
    window.program.work.submit(busy.wait, lambda _: None)  # the files have to wait for it
    window.actions_by_name["correct_5"].trigger()
    window.program.work.drop()
    busy.set()
    assert window.close()
    assert [sample.label for sample in Collection(data_folder() / "drawings").samples()] == [5]


@pytest.mark.slow  # takes seconds
def test_closing_asks_one_question_and_one_button_keeps_all(
    qtbot, window, settle, small_training, another, asked, monkeypatch
):
    monkeypatch.setattr(learning, "STEPS", 30)
    _collect(8)
    pages = window.program.pages
    ready = threading.Event()
    monkeypatch.setattr(learning, "score", lambda *args, **more: ready.wait() and learning.Score(1, 2))
    _click(window, "learnButton")
    window.findChild(QSpinBox, "epochsSpin").setValue(100)
    _click(window, "startTrainingButton")
    qtbot.waitUntil(lambda: max(pages.training.curves.steps, default=0) > 1.1, timeout=TIMEOUT_MS)
    assert not window.close() and window.isVisible()
    assert len(asked) == 1 and "training" in asked[0] and "learning" in asked[0]
    asked.answer = QMessageBox.SaveAll
    assert not window.close() and len(asked) == 2
    assert window.isVisible() and "then the window closes" in _told(window)
    qtbot.waitUntil(lambda: pages.training.state.value == "stopped", timeout=TIMEOUT_MS)
    finished = len(pages.training.curves.epochs)
    ready.set()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=TIMEOUT_MS)
    assert len(asked) == 2 and finished >= 2
    assert load_checkpoint(pages.training.checkpoint()).epoch == finished  # nothing since then was given up
    assert load_network(pages.hand.file()).parameter_count > 0
    assert "Knows my writing" in _names(another())


def test_cancel_while_all_is_being_kept_leaves_the_window_open(qtbot, window, settle, asked, monkeypatch):
    monkeypatch.setattr(learning, "STEPS", 2)
    ready = threading.Event()
    monkeypatch.setattr(learning, "score", lambda *args, **more: ready.wait() and learning.Score(1, 2))
    _collect(8)
    pages = window.program.pages
    _click(window, "learnButton")
    asked.answer = QMessageBox.SaveAll
    assert not window.close()
    asked.answer = QMessageBox.Cancel
    assert not window.close() and len(asked) == 2
    ready.set()
    settle()
    qtbot.wait(3 * program_pages.KEEPING_MS)
    assert window.isVisible() and pages.hand.outcome is not None  # to be kept or discarded


@pytest.mark.parametrize(("answer", "kept"), [("SaveAll", True), ("Discard", False)])
def test_what_was_learned_and_not_kept_is_asked_about(qtbot, window, settle, asked, monkeypatch, answer, kept):
    monkeypatch.setattr(learning, "STEPS", 2)
    monkeypatch.setattr(learning, "score", lambda *args, **more: learning.Score(1, 2))
    _collect(8)
    hand = window.program.pages.hand
    paper_network(seed=1).save(hand.file())  # learned earlier
    earlier = hand.file().read_bytes()
    _click(window, "learnButton")
    settle()
    asked.answer = getattr(QMessageBox, answer)
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=TIMEOUT_MS)
    assert len(asked) == 1 and "neither kept nor discarded" in asked[0]
    assert hand.file().read_bytes() == earlier
    assert hand.file().with_name("my-hand-2.safetensors").exists() == kept


def test_answers_that_a_full_disk_refuses_are_asked_about_and_written_when_there_is_room(
    qtbot, window, settle, asked, monkeypatch
):
    settle()
    room, write = [], experiments.write

    def written(file, session):
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(file, session)

    monkeypatch.setattr(experiments, "write", written)
    experimenter = window.program.pages.experimenter
    _begin_experiment(window, 0, 1, 3)
    qtbot.waitUntil(lambda: experimenter.session.is_done, timeout=TIMEOUT_MS)
    settle()
    assert not window.close() and "could not be saved" in asked[0]  # Cancel
    asked.answer = QMessageBox.SaveAll
    window.close()
    settle()
    qtbot.wait(3 * program_pages.KEEPING_MS)
    assert window.isVisible() and len(asked) == 2 and "No space left" in _told(window)
    room.append(True)
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=TIMEOUT_MS)
    ((_, session),) = experiments.kept()
    assert session.is_done and len(session.trials) == 3 and len(asked) == 3


def test_a_later_answer_is_not_replaced_by_the_one_that_was_refused(qtbot, window, settle, asked, monkeypatch):
    settle()
    go_on, calls, write = threading.Event(), [], experiments.write

    def written(file, session):
        calls.append(session)
        if len(calls) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        go_on.wait(TIMEOUT_MS / 1000)
        write(file, session)

    monkeypatch.setattr(experiments, "write", written)
    experimenter = window.program.pages.experimenter
    _begin_experiment(window, 0, 2, 3)
    qtbot.waitUntil(lambda: len(calls) == 2 and experimenter.is_refused, timeout=TIMEOUT_MS)
    asked.answer = QMessageBox.SaveAll
    window.close()
    go_on.set()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=TIMEOUT_MS)
    ((_, session),) = experiments.kept()
    assert len(session.trials) == 6


def test_closing_with_nothing_unsaved_asks_nothing(window, settle, asked):
    settle()
    assert window.close() and asked == []


def test_what_a_second_window_has_left_is_found_by_the_next_first_one(qtbot, window, settle, small_training, another):
    settle()
    second = another()
    second.findChild(QSpinBox, "epochsSpin").setValue(100)
    _click(second, "startTrainingButton")
    training = second.program.pages.training
    qtbot.waitUntil(lambda: len(training.curves.epochs) >= 1, timeout=TIMEOUT_MS)
    _begin_experiment(second, 0, 1, 3)
    qtbot.waitUntil(lambda: second.program.pages.experimenter.session.is_done, timeout=TIMEOUT_MS)
    checkpoint = training.checkpoint()
    assert checkpoint.parent.name == "window-2"

    third = another()  # while the others are open, their work is theirs
    assert not third.findChild(QPushButton, "resumeTrainingButton").isEnabled()
    for each in (second, third, window):
        each.program.close()
    epoch = load_checkpoint(checkpoint).epoch
    checkpoint.with_suffix(".epochs").write_bytes(b"the kept epochs")
    first = another()
    assert first.findChild(QPushButton, "resumeTrainingButton").isEnabled()
    assert load_checkpoint(data_folder() / checkpoint.name).epoch == epoch and not checkpoint.exists()
    assert (data_folder() / "training.checkpoint.epochs").read_bytes() == b"the kept epochs"
    assert not checkpoint.with_suffix(".epochs").exists()
    assert first.findChild(QComboBox, "keptExperiments").count() == 1
