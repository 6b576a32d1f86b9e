"""Starting: what is missing on a machine is one sentence, and what nobody caught does not end the program."""

from __future__ import annotations

import gc
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial

import pytest
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QLabel

from fastcnn.errors import FastcnnError
from fastcnn.gui import create_window
from fastcnn.gui.logic.folders import log_file, settings_file
from fastcnn.gui.logic.notices import Notice
from fastcnn.gui.logic.settings import Settings
from fastcnn.gui.program import app, crash, launch
from fastcnn.gui.program.signals import Signals
from fastcnn.gui.program.worker import NICE, Worker, stop
from tests.conftest import ROOT


def _gui(**env):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **env}
    environment = {name: value for name, value in environment.items() if value is not None}
    return subprocess.run(
        [sys.executable, "-m", "fastcnn", "gui"], env=environment, capture_output=True, text=True, timeout=60
    )


def _one_line(done):
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    return line


def test_without_a_display_it_says_so():
    line = _one_line(_gui(QT_QPA_PLATFORM=None, DISPLAY=None, WAYLAND_DISPLAY=None))
    assert "there is no display" in line


def test_a_frozen_program_without_qt_has_to_be_built_again(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert runpy.run_path(launch.__file__)["EXTRA"].endswith("`, and build this program again")
    assert "build" not in launch.EXTRA


def test_a_display_that_does_not_answer_is_named():
    line = _one_line(_gui(QT_QPA_PLATFORM=None, DISPLAY=":987", WAYLAND_DISPLAY=None))
    assert "display :987 cannot be opened" in line


# A display or a plugin that is not there: Qt would end the process, a notebook's too. And what the sentence names.
BROKEN = {
    "WAYLAND_DISPLAY=wayland-987": {"WAYLAND_DISPLAY": "wayland-987", "DISPLAY": ":987", "QT_QPA_PLATFORM": None},
    "WAYLAND_DISPLAY=wayland-986": {"WAYLAND_DISPLAY": "wayland-986", "DISPLAY": None, "QT_QPA_PLATFORM": None},
    "QT_QPA_PLATFORM=wayland": {"QT_QPA_PLATFORM": "wayland", "WAYLAND_DISPLAY": None},
    "QT_QPA_PLATFORM=xcb": {"QT_QPA_PLATFORM": "xcb", "DISPLAY": None},
    "QT_QPA_PLATFORM=nonsense": {"QT_QPA_PLATFORM": "nonsense"},
}
ALIVE = """
from fastcnn.errors import FastcnnError
from fastcnn.gui import create_window
try:
    create_window()
except (FastcnnError, RuntimeError) as error:
    print(type(error).__name__, error)
"""


def _notebook(**env):
    environment = {name: value for name, value in {**os.environ, "PYTHONPATH": str(ROOT), **env}.items() if value}
    return subprocess.run([sys.executable, "-c", ALIVE], env=environment, capture_output=True, text=True, timeout=60)


def _first_is_quick(*cases, ids=None):
    """The first case, and the others among the slow tests: each starts the program."""
    ids = ids or [None] * len(cases)
    marks = [(), *[pytest.mark.slow] * (len(cases) - 1)]
    return [pytest.param(*case, id=name, marks=mark) for case, name, mark in zip(cases, ids, marks, strict=True)]


@pytest.mark.parametrize(("named", "env"), _first_is_quick(*BROKEN.items(), ids=list(BROKEN)))
def test_a_stale_display_or_a_missing_plugin_is_a_sentence_and_no_abort(named, env):
    environment = {"XDG_RUNTIME_DIR": "/nowhere", "XDG_SESSION_TYPE": None, **env}
    line = _one_line(_gui(**environment))
    assert f"cannot open a window with {named} (" in line and len(line) <= 200
    alive = _notebook(**environment)
    assert alive.returncode == 0 and alive.stdout == f"FastcnnError {line.removeprefix('fastcnn: ')}\n"


def test_a_python_that_lacks_what_this_one_has_says_nothing_of_qt(monkeypatch):
    monkeypatch.setattr(launch, "TRIAL", "import no_such_module")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    launch.check()
    monkeypatch.setattr(launch, "TRIAL", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(FastcnnError, match="QT_QPA_PLATFORM=offscreen"):
        launch.check()


def test_a_window_without_an_application_is_a_sentence_and_no_abort():
    alive = _notebook(QT_QPA_PLATFORM="offscreen")
    assert alive.returncode == 0 and alive.stdout.startswith("RuntimeError the window needs a QApplication; make one")


def test_a_window_in_another_thread_is_refused(qapp):
    found = []

    def make():
        with pytest.raises(RuntimeError) as refused:
            create_window()
        found.append(str(refused.value))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    assert "thread of the QApplication" in found[0]


STARTED = """
import signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup, where the tests run by it, lets it be ignored
from PyQt5.QtCore import QTimer
from fastcnn.__main__ import main
from fastcnn.gui.program import app, launch
from fastcnn.gui.window import window
from fastcnn.gui.logic.training import Training
Training.is_active = property(lambda self: True)  # the window asks before it closes, where it may
def strike(owner, name):
    former = getattr(owner, name)
    def struck(*args, **more):
        signal.raise_signal(signal.SIGINT)
        return former(*args, **more)
    setattr(owner, name, struck)
where = sys.argv[1]
if where == "check":
    strike(launch, "_check_imports")
elif where == "window":
    strike(window.MainWindow, "changeEvent")
elif where == "lock":
    strike(app, "take_window")
else:
    former = app.create_window
    def create(model):
        made = former(model)
        if where == "close":
            made.may_close = lambda: made.program.may_close(asks=False)
            QTimer.singleShot(0, made.close)
        else:
            QTimer.singleShot(0, lambda: print("up", flush=True))
        return made
    app.create_window = create
sys.exit(main(["gui"]))
"""


@contextmanager
def _started(where):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", STARTED, where]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()  # where it did not end


@pytest.mark.parametrize("where", _first_is_quick(("window",), ("check",), ("lock",)))
def test_ctrl_c_while_it_starts_ends_it_without_a_traceback(folders, where):
    with _started(where) as process:
        _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert told.splitlines()[-1] == "fastcnn: interrupted" and "Traceback" not in told


IMPORTED = """
import runpy, signal, sys
class Strike:
    def find_spec(self, name, path=None, target=None):
        if name == "fastcnn.commands.run":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Strike())
sys.argv = ["fastcnn", "gui"]
runpy.run_module("fastcnn", run_name="__main__")
"""


def test_ctrl_c_while_the_command_is_imported_ends_it_without_a_traceback():
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED], env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.parametrize(
    ("number", "status"),
    _first_is_quick((signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 1), (signal.SIGHUP, -signal.SIGHUP)),
)
def test_a_signal_closes_the_window_without_a_question_and_saves_as_on_closing(folders, number, status):
    with _started("run") as process:
        assert process.stdout.readline() == "up\n"
        assert not settings_file().exists()
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    assert process.returncode == status
    assert "Traceback" not in told
    assert number != signal.SIGINT or told.splitlines()[-1] == "fastcnn: interrupted"
    assert Settings.load(settings_file()).geometry != ""


def test_closing_ends_the_program_with_status_0(folders):
    with _started("close") as process:
        _, told = process.communicate(timeout=60)
    assert process.returncode == 0 and "Traceback" not in told and "fastcnn:" not in told


def test_signals_are_handled_as_before_once_the_window_is_closed():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with Signals() as signals:
        assert signal.getsignal(signal.SIGTERM) != before[1]
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signals.check()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_a_wrong_model_is_a_wrong_argument():
    done = subprocess.run(
        [sys.executable, "-m", "fastcnn", "gui", "--model", "nonsense"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2 and "nonsense" in done.stderr


@pytest.mark.parametrize("module", ["PyQt5", "pyqtgraph"])
def test_a_missing_package_is_named_with_what_to_install(monkeypatch, module):
    for name in [name for name in sys.modules if name.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(FastcnnError, match=rf"needs {module}; .*fastcnn\[gui\]"):
        launch.check()


LIGHT = """
import sys
from fastcnn.gui.program import launch
launch.check()
print("pyqtgraph" in sys.modules)
"""


def test_the_start_does_not_wait_for_the_plots():
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", LIGHT], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n", done.stderr


IMPORTS = """
import sys, threading, time
threads = {}
class Finder:
    def find_spec(self, name, path=None, target=None):
        threads[name] = threading.current_thread() is threading.main_thread()
sys.meta_path.insert(0, Finder())
from PyQt5.QtWidgets import QApplication
application = QApplication([])
from fastcnn.gui import create_window
window = create_window()
window.show()
end = time.monotonic() + 60
while "pyqtgraph.graphicsItems.PlotItem" not in sys.modules and time.monotonic() < end:
    application.processEvents()
    time.sleep(0.005)
time.sleep(1)
window.close()
print(threads["pyqtgraph"], sorted(name for name in threads if name.startswith("PyQt5") and not threads[name]))
"""


@pytest.mark.slow
def test_no_part_of_qt_is_imported_by_another_thread(folders):
    """It ended the program: sip reads its table of classes at each conversion, and an import fills it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", IMPORTS], env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout == "False []\n", done.stderr  # pyqtgraph itself is imported by another


def test_a_thread_gives_the_interpreter_to_the_window_soon(window):
    assert sys.getswitchinterval() <= 0.001  # Qt asks for it at each event; Python's own 5 ms add up


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("libGL.so.1: cannot open shared object file: No such file or directory", "libgl1"),
        ("libxcb-icccm.so.4: cannot open shared object file", "libxcb-icccm4"),
        ("libxkbcommon-x11.so.0: cannot open shared object file", "libxkbcommon-x11-0"),
        ("libX11-xcb.so.1: cannot open shared object file", "libx11-xcb1"),
    ],
)
def test_a_missing_library_is_named_with_its_package(text, package):
    assert f"`apt install {package}`" in launch.missing_library(text)


def test_an_unknown_library_is_named():
    assert "libstrange.so.7" in launch.missing_library("libstrange.so.7: cannot open shared object file")


@pytest.fixture
def hooks(monkeypatch):
    """Python's own hooks, as in a program that was started."""
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)


def test_an_exception_in_a_slot_is_logged_and_shown_and_the_program_goes_on(qtbot, window, settle, hooks):
    crash.install(window.tell)

    def fail():
        raise ZeroDivisionError("in a slot")

    QTimer.singleShot(0, fail)
    qtbot.waitUntil(lambda: "in a slot" in window.findChild(QLabel, "messageLabel").text())
    logged = log_file().read_text()
    assert "ZeroDivisionError: in a slot" in logged and "in fail" in logged
    window.drawButton.click()
    window.recognizeButton.click()
    settle()
    assert window.resultLabel.text() != ""


IN_A_SLOT = """
from PyQt5.QtWidgets import QApplication
from fastcnn.gui import create_window
from fastcnn.gui.program import app
application = QApplication([])
former, widths = app.Program._set_pen_width, []
def fail_once(self, width):
    widths.append(width)
    return former(self, width) if len(widths) > 1 else 1 / 0
app.Program._set_pen_width = fail_once
window = create_window()
print(widths)
window.close()
"""


@pytest.mark.slow
def test_an_exception_in_a_slot_while_the_window_is_made_does_not_end_the_process(folders):
    settings_file().parent.mkdir(parents=True)
    settings_file().write_text('{"pen_width": 60}')  # the slider moves, and calls the slot
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", IN_A_SLOT], env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "[60, 60]\n")
    assert "ZeroDivisionError" in log_file().read_text()


def test_an_exception_in_a_thread_is_logged_and_shown(hooks, folders):
    told = []
    crash.install(told.append)

    def fail():
        raise ZeroDivisionError("in a thread")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    assert [message.notice for message in told] == [Notice.UNEXPECTED]
    assert "in a thread" in log_file().read_text()


def test_somebody_elses_hook_is_left_alone(monkeypatch):
    mine = lambda *args: None  # noqa: E731
    monkeypatch.setattr(sys, "excepthook", mine)
    crash.install(lambda message: None)
    assert sys.excepthook is mine


def test_the_log_is_begun_anew_when_it_has_grown(folders, monkeypatch):
    monkeypatch.setattr(crash, "MAX_LOG_BYTES", 100)
    for _ in range(3):
        crash.record(ValueError("x" * 200))
    assert log_file().read_text().count("ValueError") == 1


def test_an_error_with_a_name_that_is_no_unicode_is_logged(folders):
    assert crash.record(FileNotFoundError(os.fsdecode(b"n\xff.png"))) == log_file()
    assert r"n\udcff.png" in log_file().read_text()


def test_a_polite_worker_lets_the_window_go_first_and_is_busy_until_its_answer_is_taken(qtbot):
    worker, other = Worker("training", pytest.fail, polite=True), Worker("answers", pytest.fail)
    found = {}
    for each, name in ((worker, "polite"), (other, "other")):
        each.submit(lambda: os.getpriority(os.PRIO_PROCESS, 0), partial(found.__setitem__, name))
        time.sleep(0.1)  # its job is long done, and nobody has taken the answer
        assert not each.idle
        qtbot.waitUntil(lambda each=each: each.idle)
        stop(each)
    assert found == {"polite": min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICE), "other": found["other"]}


def test_garbage_is_collected_once_all_is_loaded():
    gc.disable()
    try:
        app.keep_what_is_loaded()
        assert gc.isenabled() and gc.get_freeze_count()
    finally:
        gc.enable()


def test_objects_are_frozen_once_and_never_counted(monkeypatch):
    def count():
        pytest.fail("it takes 12 ms")

    frozen = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(1))
    monkeypatch.setattr(gc, "get_freeze_count", count)
    app._freeze.cache_clear()
    try:
        app.keep_what_is_loaded()
        app.keep_what_is_loaded()  # a second window
    finally:
        app._freeze.cache_clear()
    assert frozen == [1]
