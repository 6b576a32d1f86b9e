"""Plots paint only what is new, and never two in one turn: each takes 8 ms, and the pen waits for both."""

from __future__ import annotations

import pytest
from PyQt5.QtCore import QEvent
from PyQt5.QtWidgets import QApplication

from fastcnn.gui.logic.training import State
from fastcnn.gui.widgets import training_page
from fastcnn.gui.widgets.plots import Plot
from fastcnn.gui.widgets.training_page import MOST_POINTS
from tests.gui.conftest import TIMEOUT_MS


@pytest.fixture
def page(window, settle):
    """The page of a training that has two epochs behind it."""
    settle()
    page = window.program.pages.training_page
    window.tabs.setCurrentWidget(page)
    settle()
    curves = page.training.curves
    curves.of, curves.epoch = 5, 3
    curves.steps[:], curves.losses[:] = [0.1, 0.2, 0.3], [2.0, 1.0, 0.5]
    curves.epochs[:], curves.accuracies[:] = [1, 2], [0.9, 0.95]
    return page


@pytest.fixture
def drawn(page, monkeypatch):
    """The plots that were given points, by their names, in turn."""
    names = []
    for plot in (page.loss, page.accuracy):
        plot.make()
        name, original = plot.objectName(), plot._item.setData

        def give(x, y, *, name=name, original=original):
            names.append(name)
            return original(x, y)

        monkeypatch.setattr(plot._item, "setData", give)
    return names


def test_plots_are_made_before_they_are_shown(open_window, qtbot):
    window = open_window()
    plots = window.findChildren(Plot)
    qtbot.waitUntil(lambda: not any(plot.steps_left for plot in plots), timeout=TIMEOUT_MS)
    assert len(plots) >= 4 and not any(plot.isVisible() for plot in plots)


def test_axes_are_at_the_left_and_below_alone(qtbot):
    plot = Plot()
    qtbot.addWidget(plot)
    plot.show()
    sides = {side: plot._content.getAxis(side).isVisible() for side in ("left", "bottom", "right", "top")}
    assert sides == {"left": True, "bottom": True, "right": False, "top": False}


def test_a_plot_is_made_in_steps_between_which_all_may_happen(qtbot):
    """The whole held the window's thread for 16 ms."""
    plot = Plot(dots=True)
    qtbot.addWidget(plot)
    steps = plot.steps_left
    assert steps >= 3
    for done in range(steps):
        assert plot.steps_left == steps - done
        plot.set_labels("title", "below")
        for kind in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):  # of another theme or zoom
            QApplication.sendEvent(plot, QEvent(kind))
        plot.make_step()
    assert plot.steps_left == 0 and plot._plot.accessibleName() == "title"


def test_a_plot_that_is_filled_or_shown_early_does_the_rest_at_once(qtbot):
    for early in (Plot.show, lambda plot: plot.show_points([1, 2], [0.5, 0.7])):
        plot = Plot()
        qtbot.addWidget(plot)
        plot.make_step()
        early(plot)
        assert plot.steps_left == 0
        plot.make_step()  # the program's turn, which finds nothing to do


def test_an_empty_plot_has_no_numbers_under_it(window, settle):
    settle()
    for plot in window.findChildren(Plot):
        plot.make()
        assert plot._plot.getAxis("bottom")._tickLevels == [[]]  # pyqtgraph would write 0.2, 0.4 and so on


def test_a_refresh_paints_one_plot_and_the_other_one_later(page, drawn, qtbot):
    page.show_state(State.RUNNING)
    page._timer.stop()
    assert drawn == ["lossPlot"]
    qtbot.waitUntil(lambda: drawn == ["lossPlot", "accuracyPlot"])


def test_points_that_are_shown_are_not_painted_again(page, drawn, qtbot):
    page.show_state(State.RUNNING)
    page._timer.stop()
    qtbot.waitUntil(lambda: len(drawn) == 2)
    page._refresh()
    page._show_accuracies()
    assert len(drawn) == 2
    page.training.curves.accuracies[:] = [0.9, 0.96]
    page._show_accuracies()
    assert drawn[2:] == ["accuracyPlot"]


def test_a_long_training_has_no_more_points_than_can_be_seen(page, drawn):
    curves = page.training.curves
    curves.steps[:] = [number / 1000 for number in range(3001)]
    curves.losses[:] = [1.0] * 3001
    page._refresh()
    x, _ = page.loss._item.getData()
    assert 100 < len(x) <= MOST_POINTS


def test_under_a_curve_stand_whole_epochs(page):
    curves = page.training.curves
    for epochs, expected in [(1, range(2)), (2, range(3)), (12, range(0, 13, 2)), (55, range(0, 56, 10))]:
        curves.steps[:] = [epochs * share / 10 for share in range(11)]
        curves.losses[:] = [1.0] * 11
        curves.epochs[:], curves.accuracies[:] = [*range(1, epochs + 1)], [0.9] * epochs
        page._refresh()
        page._show_accuracies()
        for plot in (page.loss, page.accuracy):
            levels = plot._plot.getAxis("bottom")._tickLevels
            assert levels == [[(place, str(place)) for place in expected]]


def test_fewer_lines_under_the_plots_resize_none(page, window, settle, monkeypatch):
    window.resize(800, 600)
    settle(3)
    left = ["about 12 min left, and these words need lines of their own"]
    monkeypatch.setattr(training_page, "left_words", lambda seconds: left[0])
    page.show_state(State.STOPPED)
    settle(3)
    heights = page.loss.height(), page.accuracy.height(), page.status.height()
    assert heights[2] >= 2 * page.status.fontMetrics().height()
    left[0] = ""
    page.show_state(State.STOPPED)
    settle(3)
    assert (page.loss.height(), page.accuracy.height(), page.status.height()) == heights
    window.resize(1280, 600)
    settle(3)
    assert page.status.height() < heights[2]  # one line is enough there, and the plots have the room
