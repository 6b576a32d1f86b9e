"""What is asked for while a network is being loaded, or while all pictures are read, is done all the same."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image

from fastcnn.gui.logic import hand
from fastcnn.gui.logic.engine import Engine
from fastcnn.gui.logic.learning import CancelledError
from fastcnn.gui.logic.lesson import teacher as lesson_teacher
from fastcnn.gui.program import pages as program_pages
from tests.gui.conftest import TIMEOUT_MS
from tests.gui.widgets.test_kept import _collect
from tests.gui.widgets.test_pages import _click
from tests.gui.widgets.test_stale import few_pictures  # noqa: F401


@pytest.fixture
def pages(window, settle):
    """The pages of a window that shows a picture, answered by the default network."""
    window.numberSpin.setValue(17)
    settle()
    return window.program.pages


@pytest.fixture
def loading(window, pages):
    """The paper's network is chosen, and comes when this is set."""
    go_on = threading.Event()
    window.program.answers.submit(go_on.wait, lambda _: None)
    pages.networks.choose("paper")
    yield go_on
    go_on.set()


def _come(loading, settle):
    loading.set()
    for _ in range(3):  # what waits is begun when the network has come
        settle()


def test_measure_measures_the_network_that_comes(window, settle, loading, pages, few_pictures, monkeypatch):  # noqa: F811
    read, read_all = [], program_pages.read_all
    monkeypatch.setattr(
        program_pages, "read_all", lambda network, *rest: read.append(network) or read_all(network, *rest)
    )
    window.tabs.setCurrentWidget(pages.mistakes)
    _click(window, "measureButton")
    _come(loading, settle)
    assert read == [window.program.engine.network] and window.networkCombo.currentData() == "paper"
    assert pages.mistakes.matrix.counts.sum() == 50


def test_the_hand_is_learned_by_the_network_that_comes(qtbot, window, settle, loading, pages, monkeypatch):
    learned = []

    def learn(network, *args, **more):
        learned.append(network)
        raise CancelledError

    monkeypatch.setattr(hand, "learn", learn)
    _collect(8)
    _click(window, "learnButton")
    assert pages.hand.is_learning
    qtbot.wait(100)  # the other thread may begin
    assert learned == []
    _come(loading, settle)
    assert learned == [window.program.engine.network] and window.networkCombo.currentData() == "paper"
    assert not pages.hand.is_learning


def test_the_next_mistake_is_that_of_the_network_that_comes(window, settle, loading, few_pictures):  # noqa: F811
    window.mistakeButton.click()
    _come(loading, settle)
    assert window.numberSpin.value() == 7


def test_where_the_network_that_comes_looks_is_found_out(window, settle, loading, pages):
    window.actions_by_name["occlude"].trigger()
    _come(loading, settle)
    assert pages.inside.heat.pixels is not None and not pages.inside.working.isVisible()


def test_where_it_looks_is_not_found_out_for_another_picture(window, settle, loading, pages):
    window.actions_by_name["occlude"].trigger()
    window.numberSpin.setValue(18)
    _come(loading, settle)
    assert window.resultLabel.text() and pages.inside.heat.pixels is None


def test_a_network_that_cannot_be_loaded_holds_nothing_up(window, settle, pages, few_pictures):  # noqa: F811
    go_on = threading.Event()
    window.program.answers.submit(go_on.wait, lambda _: None)
    pages.networks.choose("gone.safetensors")
    window.mistakeButton.click()
    _come(go_on, settle)
    assert window.numberSpin.value() == 7


def test_of_two_networks_the_one_that_is_chosen_last_is_used(window, settle, loading, pages):
    pages.networks.choose("default")
    _come(loading, settle)
    assert window.networkCombo.currentData() == window.program.engine.model == "default"


def test_the_pixel_is_that_of_the_network_that_comes(window, settle, pages, monkeypatch):
    sought, find = [], lesson_teacher.find_fooling
    monkeypatch.setattr(lesson_teacher, "find_fooling", lambda *args: sought.append(args[0]) or find(*args))
    pages.networks.choose("committee")
    window.tabs.setCurrentWidget(pages.lesson)
    settle()
    go_on = threading.Event()
    window.program.answers.submit(go_on.wait, lambda _: None)
    pages.networks.choose("paper")
    teacher = pages.classroom.teacher
    teacher.open(0)
    pages.classroom.page.look.picture.fool.click()
    _come(go_on, settle)
    assert [each.parameter_count for each in sought] == [window.program.engine.network.parameter_count]
    assert np.count_nonzero(teacher.shown.flips.field != teacher.shown.flips.original) == 1


def test_the_pixel_is_searched_for_after_the_look_at_another_epoch(window, settle, pages):
    pages.networks.choose("paper")
    window.tabs.setCurrentWidget(pages.lesson)
    settle()
    teacher = pages.classroom.teacher
    teacher.open(0)
    teacher.use_epochs(None)  # looks again
    pages.classroom.page.look.picture.fool.click()
    settle()
    assert np.count_nonzero(teacher.shown.flips.field != teacher.shown.flips.original) == 1


def test_a_picture_opens_while_all_pictures_are_read(window, settle, pages, monkeypatch, qtbot, tmp_path):
    go_on = threading.Event()
    monkeypatch.setattr(program_pages, "read_all", lambda *_: go_on.wait())
    Image.fromarray(np.eye(40, dtype=np.uint8) * 200).save(tmp_path / "line.png")
    pages.browser.measure()
    window.program.pictures.open(tmp_path / "line.png")
    try:
        qtbot.waitUntil(lambda: not window.canvas.is_blank)
    finally:
        pages.browser.network_changed()  # nothing is shown of what was read
        go_on.set()
        settle()


def test_each_network_that_comes_is_prepared_for_many_drawings(open_window, qtbot, monkeypatch):
    prepared = []
    monkeypatch.setattr(Engine, "prepare", lambda engine: prepared.append(engine.model))
    window = open_window()
    qtbot.waitUntil(lambda: prepared == ["default"], timeout=TIMEOUT_MS)
    window.program.pages.networks.choose("paper")
    qtbot.waitUntil(lambda: prepared == ["default", "paper"], timeout=TIMEOUT_MS)
