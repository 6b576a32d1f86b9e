"""Three hundred random actions in random order: nothing breaks, and the answer always belongs to the picture shown."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fastcnn.gui.logic.notices import Notice
from fastcnn.gui.program import crash
from fastcnn.network.calibration import calibrated
from tests.gui.mouse import draw

ACTIONS = 200


def _stroke(chance):
    return [(chance.uniform(0.1, 0.9), chance.uniform(0.1, 0.9)) for _ in range(chance.randint(1, 5))]


def _actions(window, chance):
    by_name, pages = window.actions_by_name, window.program.pages
    return {
        "stroke": lambda: draw(window.canvas, _stroke(chance)) if window.canvas.isVisible() else None,
        "mode": lambda: window.modeCombo.setCurrentIndex(chance.randint(0, 1)),
        "draw": window.drawButton.click,
        "clear": window.clearButton.click,
        "recognize": window.recognizeButton.click,
        "undo": window.undoButton.click,
        "redo": window.redoButton.click,
        "eraser": window.eraserButton.click,
        "width": lambda: window.widthSlider.setValue(chance.randint(0, 100)),
        "number": lambda: window.numberSpin.setValue(chance.randint(0, 9999)),
        "mistake": window.mistakeButton.click,
        "previous mistake": by_name["previous_mistake"].trigger,
        "page": lambda: window.tabs.setCurrentIndex(chance.randint(0, window.tabs.count() - 1)),
        "live": by_name["live"].trigger,
        "occlude": by_name["occlude"].trigger,
        "correct": by_name[f"correct_{chance.randint(0, 9)}"].trigger,
        "cell": lambda: pages.browser.choose(chance.randint(0, 9), chance.randint(0, 9)),
        "experiment": lambda: pages.experimenter.start(chance.choice(["mnist", "hand"]), 2, 3),
        "next digit": by_name["next_digit"].trigger,
        "interrupt": pages.experiment.leave.click,
        "go on": pages.experiment.resume.click,
        "language": lambda: window.program.use_language(chance.choice(["en", "zh_CN"])),
        "theme": lambda: window.program.use_theme(chance.choice(["light", "dark", "system"])),
        **_lesson(pages.classroom, chance),
        **_compare(pages.comparison, chance),
        **_hand(pages, chance),
        "resize": lambda: window.resize(chance.randint(800, 1400), chance.randint(600, 900)),
    }


def _lesson(classroom, chance):
    page, teacher = classroom.page, classroom.teacher
    return {
        "lesson station": lambda: teacher.open(chance.randint(0, 12)),
        "lesson unit": lambda: teacher.unit(chance.choice([-1, 1])),
        "lesson key": teacher.flip_here,
        "lesson place": lambda: teacher.move(chance.randint(0, 30), chance.randint(0, 30)),
        "lesson play": teacher.play,
        "lesson flip": lambda: teacher.flip(chance.randint(0, 27), chance.randint(0, 27)),
        "lesson undo": teacher.undo,
        "lesson fool": teacher.fool,
        "lesson section": lambda: page.sections.setCurrentIndex(chance.randint(0, 3)),
        "lesson start": page.card.start_button.click,
        "lesson next": page.card.next.click,
        "lesson end": page.card.stop.click,
    }


def _compare(comparison, chance):
    page = comparison.page
    return {
        "rival": lambda: page.compare.models.setCurrentIndex(
            chance.randint(0, max(0, page.compare.models.count() - 1))
        ),
        "compare": page.compare.start,
        "compared layer": lambda: page.strip.chosen.emit(chance.randint(0, 6)) if page.strip.buttons else None,
        "compared place": lambda: comparison.teacher.open(chance.randint(0, 12)),
    }


def _hand(pages, chance):
    page = pages.hand_page
    return {
        "choose drawings": page.drawings.selectAll,
        "choose none": page.drawings.clearSelection,
        "relabel": lambda: page.drawings.relabel_wanted.emit(chance.randint(0, 9)),
        "delete": page.drawings.delete_wanted.emit,
        "undo drawings": page.undo.click,
        "discard": page.discard.click,
        "keep": page.keep.click,
        "network": lambda: pages.networks.choose(chance.choice(["paper", "default"])),
        "try": pages.training_page.try_it.click,
        "zoom": chance.choice([pages._window.actions_by_name[name] for name in ("zoom_in", "zoom_out")]).trigger,
    }


def _check(window):
    """Recognize what is shown by another way, and compare with what the window says."""
    engine, presenter = window.program.engine, window.program.presenter
    mode = window.modeCombo.currentIndex()
    assert window.pictureStack.currentIndex() == window.toolStack.currentIndex() == mode == presenter.mode
    text = window.resultLabel.text()
    if presenter.answer is None:
        assert text == window.confidenceLabel.text() == ""
        assert window.bars.shares is None
        return
    if mode == 1:
        expected = engine.recognizer.recognize(window.canvas.array())
        digit, shares = expected.digit, expected.probabilities
        string = engine.recognizer.recognize_string(window.canvas.array())
        if expected.several and len(string) > 1 and "?" not in string.text:
            assert text == string.text or text[-1] == "…"
            return
    else:
        shares = calibrated(engine.network, window.imageLabel.pixels[np.newaxis, np.newaxis])[0]
        digit = int(shares.argmax())
    assert text == ("–" if digit is None else str(digit))
    assert np.allclose(window.bars.shares, shares, atol=1e-5)


@pytest.mark.slow
def test_random_actions_neither_crash_nor_leave_a_wrong_answer(window, settle, monkeypatch):
    monkeypatch.setattr(crash, "report", lambda error, tell: pytest.fail(repr(error)))
    told = []
    monkeypatch.setattr(window, "tell", lambda message, undo=None: told.append(message.notice))
    chance = random.Random(0)
    done = []
    for index in range(ACTIONS):
        name, action = chance.choice(sorted(_actions(window, chance).items()))
        done.append(name)
        action()
        if index % 5 == 4:
            settle()
            _check(window)
    assert len(set(done)) > 20
    assert Notice.UNEXPECTED not in told
