"""What works shows in its page how far it is, and how long it still takes."""

from __future__ import annotations

import pytest

from fastcnn.gui.logic.pace import Pace
from fastcnn.gui.logic.training import State
from fastcnn.gui.text.words import left_words


@pytest.fixture
def clock(window):
    now, pages = [0.0], window.program.pages
    pages.training_page._pace = Pace(lambda: now[0])
    for working in (pages.hand_page.working, pages.inside.working):
        working.pace = Pace(lambda: now[0])
    return now


def test_the_time_left_is_rounded_up(window):
    seconds = (None, 1, 41, 56, 61)
    words = ["", "about 5 s left", "about 45 s left", "about 1 min left", "about 2 min left"]
    assert [left_words(each) for each in seconds] == words


def test_a_training_says_how_far_it_is_and_how_long_it_takes(window, settle, clock):
    page = window.program.pages.training_page
    window.tabs.setCurrentWidget(page)
    settle()
    assert not page.progress.isVisible()
    curves = page.training.curves
    curves.of = 4
    page.show_state(State.RUNNING)
    clock[0] = 30
    curves.epoch, curves.steps, curves.losses = 2, [0.5, 1.0], [1.0, 0.5]
    page._refresh()
    assert page.progress.isVisible() and page.progress.value() == 250
    assert "about 2 min left" in page.status.text()  # a quarter took 30 s
    page.show_state(State.PAUSED)
    assert "left" not in page.status.text() and page.progress.value() == 250
    page.show_state(State.STOPPED)


def test_learning_says_how_far_it_is_and_how_long_it_takes(window, settle, clock):
    page = window.program.pages.hand_page
    window.tabs.setCurrentWidget(page)
    settle()
    assert not page.working.isVisible()
    page.show_progress(0.0)
    clock[0] = 10
    page.show_progress(0.5)
    assert page.working.bar.isVisible() and page.working.bar.value() == 50
    assert page.working.left.text() == "about 10 s left"
    page.show_progress(None)
    assert page.working.left.text() == "" and not page.working.isVisible()
