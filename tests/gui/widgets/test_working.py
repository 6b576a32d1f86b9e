"""Searches that read many pictures show in their page that they work, and end when the user goes on."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from fastcnn.gui.logic import insight
from fastcnn.gui.program import pages as program_pages
from tests.gui.mouse import SEVEN, draw
from tests.gui.widgets.test_pages import _click, _told
from tests.gui.widgets.test_stale import few_pictures  # noqa: F401


@pytest.fixture
def inside(window, settle):
    """The page of the network's inside, with a picture."""
    window.numberSpin.setValue(17)
    window.tabs.setCurrentWidget(window.program.pages.inside)
    settle()
    return window.program.pages.inside


@pytest.fixture
def held(window, inside):
    """Searches wait until this is set."""
    go_on = threading.Event()
    window.program.pages.searching.submit(go_on.wait, lambda _: None)
    yield go_on
    go_on.set()


def _note_results(monkeypatch, module, name):
    """What a function returns from now on, as a list that grows."""
    results, function = [], getattr(module, name)

    def note(*args):
        results.append(function(*args))
        return results[-1]

    monkeypatch.setattr(module, name, note)
    return results


@pytest.fixture
def searches(monkeypatch):
    """Those that came to an end."""
    return _note_results(monkeypatch, insight, "occlusion")


def test_the_search_for_where_it_looked_shows_how_far_it_is(window, settle, held, inside, monkeypatch):
    shares, show = [], inside.show_progress
    monkeypatch.setattr(inside, "show_progress", lambda share: (shares.append(share), show(share)))
    assert not inside.working.isVisible()
    _click(window, "occlusionButton")
    assert inside.working.bar.isVisible() and inside.working.bar.value() == 0
    assert inside.working.left.text() == "Working …"
    held.set()
    settle()
    assert shares[0] == 0 and shares[-1] is None and not inside.working.isVisible()
    assert shares[:-1] == sorted(shares[:-1]) and 0.9 < shares[-2] < 1 and len(shares) > 20
    assert inside.heat.pixels is not None


def _next_picture(window):
    window.numberSpin.setValue(18)


def _there_and_back(window):
    window.modeCombo.setCurrentIndex(1)
    window.modeCombo.setCurrentIndex(0)


def _draw(window):
    window.modeCombo.setCurrentIndex(1)
    draw(window.canvas, SEVEN)


def _other_network(window):
    window.program.pages.networks.choose("paper")


@pytest.mark.parametrize("go_on", [_next_picture, _there_and_back, _draw, _other_network])
def test_a_search_that_is_late_shows_nothing_and_ends(window, settle, held, inside, searches, qtbot, go_on):
    _click(window, "occlusionButton")
    go_on(window)
    qtbot.waitUntil(lambda: window.program.answers.idle)
    assert not inside.working.isVisible()
    held.set()
    settle()
    assert inside.heat.pixels is None and searches == [] and not inside.working.isVisible()
    assert "did not work" not in _told(window)


def test_a_late_search_does_not_touch_the_bar_of_the_next_one(window, settle, qtbot, held, inside, searches):
    _click(window, "occlusionButton")
    _there_and_back(window)
    window.recognizeButton.click()
    qtbot.waitUntil(lambda: window.program.answers.idle)
    _click(window, "occlusionButton")
    assert inside.working.isVisible()
    held.set()
    settle()
    assert len(searches) == 1 and inside.heat.pixels is not None and not inside.working.isVisible()


def test_asked_twice_it_searches_once(window, settle, held, inside, searches):
    _click(window, "occlusionButton")
    window.actions_by_name["occlude"].trigger()
    held.set()
    settle()
    assert len(searches) == 1 and inside.heat.pixels is not None


def test_a_search_that_fails_is_told_and_ends(window, settle, held, inside, monkeypatch):
    def fail(*args):
        raise OSError("the memory is gone")

    monkeypatch.setattr(insight, "occlusion", fail)
    _click(window, "occlusionButton")
    held.set()
    settle()
    assert "the memory is gone" in _told(window) and not inside.working.isVisible()


def test_the_key_opens_the_page_that_shows_it(window, settle, inside):
    window.tabs.setCurrentIndex(0)
    window.actions_by_name["occlude"].trigger()
    assert inside.isVisible() and inside.working.isVisible()
    settle()
    assert inside.heat.pixels is not None


def test_reading_all_pictures_shows_how_far_it_is(window, settle, held, few_pictures):  # noqa: F811
    mistakes = window.program.pages.mistakes
    window.tabs.setCurrentWidget(mistakes)
    _click(window, "measureButton")
    assert mistakes.working.bar.isVisible() and mistakes.working.bar.value() == 0
    held.set()
    settle()
    assert not mistakes.working.isVisible() and mistakes.matrix.counts.sum() == 50


def test_reading_all_pictures_ends_with_another_network(window, settle, qtbot, held, few_pictures):  # noqa: F811
    mistakes = window.program.pages.mistakes
    window.tabs.setCurrentWidget(mistakes)
    _click(window, "measureButton")
    _other_network(window)
    qtbot.waitUntil(lambda: window.program.answers.idle)
    assert not mistakes.working.isVisible()
    held.set()
    settle()
    assert not mistakes.working.isVisible() and mistakes.matrix.counts is None


def test_reading_all_pictures_ends_early_if_another_network_is_chosen(window, settle, qtbot, monkeypatch):
    settle()
    finished = _note_results(monkeypatch, program_pages, "read_all")
    for name in ("paper", "default", "paper"):
        window.program.pages.browser.measure()
        window.program.pages.networks.choose(name)
        qtbot.waitUntil(lambda: window.program.answers.idle)
    settle()
    assert finished == [] and "did not work" not in _told(window)


def test_closing_ends_a_search(window, settle, qtbot, monkeypatch):
    settle()
    pages, finished = window.program.pages, _note_results(monkeypatch, program_pages, "read_all")
    pages.browser.measure()
    qtbot.waitUntil(lambda: pages.mistakes.working.bar.value() > 0)
    window.program.close()
    assert finished == [] and not pages.searching._thread.is_alive()


def test_the_lessons_gallery_shows_how_far_reading_is(window, settle, held, few_pictures):  # noqa: F811
    window.tabs.setCurrentWidget(window.program.pages.lesson)
    page = window.program.pages.classroom.page
    page.gallery.measure.click()
    assert not page.gallery.measure.isEnabled() and not page.gallery.working.isHidden()
    held.set()
    settle()
    assert page.gallery.measure.isEnabled() and page.gallery.working.isHidden()


def test_the_search_for_one_pixel_shows_how_far_it_is(window, settle, inside, monkeypatch):
    window.program.pages.networks.choose("paper")
    window.tabs.setCurrentWidget(window.program.pages.lesson)
    settle()
    page, teacher = window.program.pages.classroom.page, window.program.pages.classroom.teacher
    teacher.open(0)
    shares, show = [], page.show_search
    monkeypatch.setattr(page, "show_search", lambda share: (shares.append(share), show(share)))
    teacher.fool()
    picture = page.look.picture
    assert picture.working.isVisible() and not picture.fool.isEnabled()
    settle()
    assert len([share for share in shares if share]) == 27 and shares[-1] is None  # between 28 rows
    assert not picture.working.isVisible() and picture.fool.isEnabled()
    assert np.count_nonzero(teacher.shown.flips.field != teacher.shown.flips.original) == 1
