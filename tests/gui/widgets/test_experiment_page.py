"""The page of the experiment: the digit to draw stands in large type, and what was not asked is empty."""

from __future__ import annotations

from PyQt5.QtWidgets import QLabel, QWidget

from fastcnn.gui.logic.notices import Notice, message
from tests.gui.mouse import SEVEN, draw
from tests.gui.widgets.test_pages import _begin_experiment, _click


def test_the_digit_to_draw_stands_large_in_the_page_whatever_else_is_told(window, settle):
    settle()
    _begin_experiment(window, 1, 2, 2)
    settle()
    asked, place = window.findChild(QLabel, "askedDigit"), window.findChild(QLabel, "askedPlace")
    assert asked.isVisible() and asked.text() == "0" and "1 of 4" in place.text()
    assert asked.fontMetrics().height() > 3 * place.fontMetrics().height()
    window.tell(message(Notice.DISCARDED))  # another message takes nothing from it
    draw(window.canvas, SEVEN)
    settle()
    assert asked.isVisible() and asked.text() == "0"
    _click(window, "nextDigitButton")
    settle()
    assert asked.text() == "1" and "2 of 4" in place.text()
    window.program.use_language("zh_CN")
    settle()
    assert asked.isVisible() and asked.text() == "1" and "2" in place.text()
    _click(window, "leaveExperimentButton")
    assert not asked.isVisible() and not place.isVisible()


def test_boxes_that_are_off_show_the_experiment_that_goes_on(window, settle):
    settle()
    page = window.program.pages.experiment
    _begin_experiment(window, 1, 2, 3)
    settle()
    _click(window, "leaveExperimentButton")
    page.mode.setCurrentIndex(0)
    page.groups.setValue(7)
    page.size_.setValue(9)
    _click(window, "resumeExperimentButton")
    settle()
    assert not page.groups.isEnabled()
    assert (page.mode.currentIndex(), page.groups.value(), page.size_.value()) == (1, 2, 3)
    _click(window, "leaveExperimentButton")


def test_what_stands_in_the_page_is_not_said_a_second_time(window, settle):
    settle()
    _begin_experiment(window, 1, 2, 2)
    settle()
    toast, place = window.frame.toast, window.findChild(QLabel, "askedPlace")
    assert place.isVisible() and not toast.isVisible()
    window.tabs.setCurrentIndex(0)  # where the page is not seen, the message is needed
    draw(window.canvas, SEVEN)
    settle()
    window.program.pages.experimenter.take()
    settle()
    assert toast.isVisible() and "2 of 4" in toast.label.text()


def test_groups_and_digits_that_were_never_asked_have_no_bar(window, settle):
    settle()
    _begin_experiment(window, 1, 3, 2)
    settle()
    draw(window.canvas, SEVEN)  # it is no 0
    _click(window, "nextDigitButton")
    settle()
    groups, digits = window.findChild(QWidget, "groupChart"), window.findChild(QWidget, "digitChart")
    assert groups.accessibleDescription() == "1: 0%" and digits.accessibleDescription() == "0: 0%"
    assert [list(chart._item.opts["x"]) for chart in (groups, digits)] == [[1], [0]]
    assert 0 < groups._item.opts["height"][0] < 0.05  # asked and wrong: a thin line
    low, high = groups._plot.viewRange()[0]
    assert low <= 1 and high >= 3  # the places of the others are there
    assert groups._plot.getAxis("bottom")._tickLevels == [[(1, "1"), (2, "2"), (3, "3")]]  # there is no group 1.5
