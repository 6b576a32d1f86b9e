"""A window for each test, with folders of its own, a network that was trained in seconds, and no display."""

from __future__ import annotations

import sys
import threading

import pytest

pytest.importorskip("PyQt5.QtWidgets", exc_type=ImportError)
pytest.importorskip("pytestqt", exc_type=ImportError)

from fastcnn.gui.text import language

TIMEOUT_MS = 300_000  # learning a hand takes 30 s, and a minute and more on a busy core


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """The user's folders, empty."""
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        if name != "CACHE":  # the kernels' cache is shared, or each test would compile them
            monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    return tmp_path


@pytest.fixture
def later_start(monkeypatch):
    """No window says that it prepares the network: a test before it may have compiled a kernel in this process.

    None is ready for 300 drawings either, which takes 0.2 s for each window.
    """
    from fastcnn.gui.logic.engine import Engine
    from fastcnn.gui.program import app

    monkeypatch.setattr(app, "progress", lambda: None)
    monkeypatch.setattr(Engine, "prepare", lambda engine: None)


@pytest.fixture
def open_window(qtbot, folders, later_start):
    """Makes and shows the program's window, in English."""
    from fastcnn.gui import create_window

    def end(window):
        window.program.close()
        window.may_close = lambda: True  # no question that nobody answers

    def made():
        window = create_window()
        window.program.use_language("en")
        qtbot.addWidget(window, before_close_func=end)
        window.show()
        return window

    yield made
    language.use("en")
    sys.excepthook, threading.excepthook = sys.__excepthook__, threading.__excepthook__


@pytest.fixture
def no_plots(monkeypatch):
    """Windows make no plot before that is shown: all take 60 ms, and few tests look at one."""
    from fastcnn.gui.program import app

    monkeypatch.setattr(app.Program, "_make_plots", lambda program: None)


@pytest.fixture
def window(open_window, no_plots):
    """The program's window."""
    return open_window()


@pytest.fixture
def settle(qtbot, window):
    """Wait until nothing is being worked on and all answers have arrived.

    turns : how often; 3 where rooms change, as a scroll area gives the new room in a second turn
    """

    program = window.program
    pages = program.pages
    workers = (program.answers, program.work, pages.learner, pages.searching, pages.teaching, pages.comparing)

    def wait(turns: int = 1) -> None:
        for _ in range(turns):
            qtbot.wait(1)  # what Qt has posted, such as a change of language
            qtbot.waitUntil(lambda: all(worker.idle for worker in workers), timeout=TIMEOUT_MS)

    return wait


@pytest.fixture
def paper_in(window, settle):
    """A function of zoom, size and language, which shows so a picture and the paper's network: all its layers fit."""

    def show(zoom, size, language):
        settle()
        program = window.program
        program.pages.networks.choose("paper")
        window.numberSpin.setValue(247)
        program.use_language(language)
        program.use_zoom(zoom)
        window.resize(*size)

    return show
