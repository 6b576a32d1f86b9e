"""The first start on a machine: the kernels are compiled, and the window says so and answers then."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest
from PyQt5.QtWidgets import QLabel, QProgressBar

from fastcnn.gui.logic.engine import Engine
from fastcnn.kernels.cpu.toolchain.cache import store
from tests.conftest import ROOT
from tests.gui.mouse import SEVEN, draw

SENTENCE = "Preparing the network, about 10 s, only once"


@pytest.fixture
def later_start():
    """Here windows say how far they are."""


@pytest.fixture
def compiling(monkeypatch):
    """The network is not ready until this is set."""
    ready, warm_up = threading.Event(), Engine.warm_up
    monkeypatch.setattr(Engine, "warm_up", lambda engine: ready.wait() and warm_up(engine))
    monkeypatch.setattr(store, "compiles", True)
    monkeypatch.setattr(store, "compiled", 0)
    yield ready
    ready.set()


def _bar(window):
    return window.findChild(QProgressBar, "preparingBar")


def _words(window):
    return window.findChild(QLabel, "preparingLabel")


def test_what_is_prepared_is_said_with_progress_and_the_drawing_is_answered_then(
    compiling, qtbot, window, settle, monkeypatch
):
    window.modeCombo.setCurrentIndex(1)
    qtbot.waitUntil(lambda: _bar(window).isVisible())
    assert SENTENCE in window.findChild(QLabel, "messageLabel").text()
    seen = []
    for compiled in (4, 8, 100):
        monkeypatch.setattr(store, "compiled", compiled)
        qtbot.waitUntil(lambda: _bar(window).value() not in [0, *seen])
        seen.append(_bar(window).value())
    assert seen == sorted(seen) and seen[-1] < 100  # it is not done before it answers
    draw(window.canvas, SEVEN)
    assert window.resultLabel.text() == ""
    compiling.set()
    settle()
    assert window.resultLabel.text() == "7"
    assert not _bar(window).isVisible() and not window.program._preparing.isActive()


@pytest.mark.parametrize("first", [True, False])
def test_only_a_first_start_prepares_strings(open_window, qtbot, monkeypatch, first):
    begun, ended = threading.Event(), threading.Event()

    def prepare(_):  # on the thread of the answers, which must not touch a widget
        begun.set()
        ended.wait(60)

    monkeypatch.setattr(Engine, "warm_up_strings", prepare)
    monkeypatch.setattr(store, "compiles", first)
    window = open_window()
    if first:
        qtbot.waitUntil(begun.is_set, timeout=60_000)
        qtbot.waitUntil(lambda: _bar(window).isVisible())
    ended.set()
    qtbot.waitUntil(lambda: not window.program._preparing.isActive(), timeout=60_000)
    assert begun.is_set() == first and not _bar(window).isVisible()


def test_what_is_prepared_is_said_in_the_other_mode_too(compiling, qtbot, window):
    qtbot.waitUntil(lambda: _bar(window).isVisible())
    for mode in (1, 0):
        window.modeCombo.setCurrentIndex(mode)
        assert SENTENCE in window.findChild(QLabel, "messageLabel").text()
    compiling.set()  # or closing the window waits for it


@pytest.fixture
def nothing_kept(monkeypatch):
    monkeypatch.setattr(store, "writable", False)


def test_where_nothing_can_be_kept_it_does_not_say_once(nothing_kept, compiling, qtbot, window):
    qtbot.waitUntil(lambda: _bar(window).isVisible())
    assert "each start" in window.findChild(QLabel, "messageLabel").text()
    compiling.set()


def test_a_message_about_the_network_of_the_last_session_stays(compiling, qtbot, window):
    window.program.engine.model = "gone.safetensors"
    window.program.failed(OSError("no such file"))
    assert window.program._network_missing(OSError("no such file"))
    qtbot.waitUntil(lambda: _bar(window).isVisible())
    assert window.findChild(QLabel, "messageLabel").text().startswith("That did not work")
    compiling.set()


def test_a_later_start_shows_nothing(window, settle, monkeypatch):
    monkeypatch.setattr(store, "compiles", False)
    settle()
    assert not _bar(window).isVisible()


def test_the_store_counts_what_it_compiles():
    """Numba calls `save_overload` after each compilation."""
    from fastcnn.kernels.cpu.toolchain.cache import KernelCache

    class Data:
        class library:  # noqa: N801
            has_dynamic_globals = True

    before = store.compiled
    cache = KernelCache.__new__(KernelCache)
    cache._store, cache._enabled = store, True
    cache.save_overload(None, Data)
    assert store.compiled == before + 1


def test_the_preparation_is_named_in_the_language_in_use(window, settle):
    settle()
    window.preparing.show_share(0.4)
    window.program.use_language("zh_CN")
    settle()
    assert _bar(window).accessibleName() == "准备进度"
    assert "准备" in _words(window).text() and "40" in _words(window).text()


@pytest.mark.parametrize("zoom", [100, 200])
def test_how_far_it_is_stands_whole_where_the_answer_will_be(window, settle, zoom):
    settle()
    window.program.use_zoom(zoom)
    window.preparing.show_share(1)
    settle()
    words, result = _words(window), window.resultCard.rect()
    assert words.height() >= words.heightForWidth(words.width()) >= words.fontMetrics().height()
    assert result.contains(window.preparing.geometry())


NEEDED = """
from PyQt5.QtWidgets import QApplication
from fastcnn.bench.window.window import SEVEN, draw
from fastcnn.gui.logic.engine import Engine
from fastcnn.gui.widgets.canvas import Canvas
from fastcnn.kernels.cpu.toolchain.cache import KernelCache
from fastcnn.network import plan
ZIGZAG = [(0.14, 0.36), (0.36, 0.75), (0.46, 0.27), (0.6, 0.75), (0.86, 0.32)]
application = QApplication([])
found, load = [], KernelCache.load_overload
KernelCache.load_overload = lambda cache, *args: found.append(args[0]) or load(cache, *args)
plan.JOIN_AFTER = 50
engine = Engine()
engine.warm_up()
engine.prepare()
engine.warm_up_strings()
print(len(found) > 5)
found.clear()
canvas = Canvas()
canvas.resize(400, 400)
# The beginning of a stroke is no digit yet, and is looked at in several widths. Later other kernels answer.
for points in (SEVEN[:2], *[SEVEN] * plan.JOIN_AFTER):
    canvas.wipe()
    draw(canvas, points)
    engine.recognize(canvas.array())
canvas.wipe()
draw(canvas, ZIGZAG)  # in several ways a string of digits
engine.read_string(canvas.array())
print(found)
"""


@pytest.mark.slow  # compiles the kernels with threads: with one thread, the later answers need no others than the first
def test_no_drawing_needs_a_kernel_that_was_not_prepared():
    settings = {"PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen", "FASTCNN_NUM_THREADS": "2"}
    environment = {**os.environ, **settings}
    done = subprocess.run([sys.executable, "-c", NEEDED], env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.split("\n")[:2] == ["True", "[]"], done.stderr
