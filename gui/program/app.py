"""Build the program from its parts and connect them: actions of the user go to the presenters."""

from __future__ import annotations

import gc
import sys
from functools import cache

from PyQt5 import sip
from PyQt5.QtCore import QByteArray, QCoreApplication, QLockFile, QObject, Qt, QTimer
from PyQt5.QtGui import QGuiApplication
from PyQt5.QtWidgets import QApplication

from fastcnn.errors import FastcnnError
from fastcnn.gui.logic.drawing import PEN_WIDTHS
from fastcnn.gui.logic.engine import Engine, test_pictures
from fastcnn.gui.logic.folders import adopt, data_folder, other_sessions, settings_file, use_window, writable
from fastcnn.gui.logic.notices import Message, Notice, failure, message
from fastcnn.gui.logic.preparing import progress
from fastcnn.gui.logic.presenter import Mode, Presenter
from fastcnn.gui.logic.settings import ZOOMS, Settings
from fastcnn.gui.program import crash
from fastcnn.gui.program.memory import give_memory_back
from fastcnn.gui.program.pages import Pages
from fastcnn.gui.program.signals import Signals
from fastcnn.gui.program.worker import Worker, stop
from fastcnn.gui.text import language
from fastcnn.gui.widgets.plots import Plot
from fastcnn.gui.window import theme
from fastcnn.gui.window.pictures import Pictures
from fastcnn.gui.window.window import MainWindow
from fastcnn.zoo.networks import DEFAULT

PEN_STEP = 6
PLOT_EVERY_MS = 50
PREPARING_MS = 200  # between two looks at the preparation
LOADED_MS = 5_000  # after the start; normally everything is loaded long before
MOST_WINDOWS = 100
# After so long a thread gives the interpreter to one that waits for it. Qt calls Python for each event, and the window
# waits each time: with Python's 5 ms some events together took 50 ms while a kernel was compiled.
SWITCH_S = 0.0005
# Errors that the user can correct.
EXPECTED = (FastcnnError, OSError)


class Program(QObject):
    """All parts of the running program. The window owns it.

    `answers` runs jobs that the pen waits for, `work` all others: files, measuring, learning.
    """

    def __init__(self, window: MainWindow, model: str) -> None:
        super().__init__(window)
        self._lock = take_window()
        self.settings = Settings.load(settings_file())
        self.window = window
        self.answers = Worker("answers", self.failed, self)
        self.work = Worker("work", self.failed, self)
        self.engine = Engine(model or self.settings.model)
        self.presenter = Presenter(window, self.engine, self.answers, test_pictures)
        self.pictures = Pictures(
            window.canvas,
            self.work,
            window.tell,
            self.presenter.watch,
            lambda: self.presenter.set_mode(Mode.HAND),
            self.engine.check_target,
            lambda path: self.pages.networks.choose(path),
        )
        self.pages = Pages(self)
        window.may_close = self.may_close
        self._connect()
        self._apply_settings()
        self._preparing = QTimer(self)
        self._preparing.timeout.connect(self._show_preparing)
        self._preparing.start(PREPARING_MS)
        self._is_missing = False  # whether the network of the last session is: then that is the message, not the bar's
        self.answers.submit(self.engine.warm_up, self._network_loaded, self._network_missing)
        self.pages.start()

    def failed(self, error: Exception) -> None:
        """Show that a job failed, and note the error in the log."""
        if isinstance(error, EXPECTED):
            crash.record(error)
            self.window.tell(failure(error))
        else:
            crash.report(error, self.window.tell)

    def use_language(self, name: str) -> None:
        """Change the language, and remember it."""
        self.settings.language = name
        language.use(name)
        self._use_look()  # another script may need another font
        self.window.actions_by_name.languages[language.resolve(name)].setChecked(True)

    def use_theme(self, name: str) -> None:
        """Change the theme, and remember it."""
        self.settings.theme = name
        self._use_look()
        self.window.actions_by_name.themes[name].setChecked(True)

    def use_zoom(self, zoom: int) -> None:
        """Change the size of everything, in per cent, and remember it."""
        self.settings.zoom = zoom
        self._use_look()

    def _use_look(self) -> None:
        theme.use(self.settings.theme, self.window, self.settings.zoom)
        self.window.frame.fit()

    def _step_zoom(self, step: int) -> None:
        place = ZOOMS.index(self.settings.zoom) + step
        self.use_zoom(ZOOMS[min(max(place, 0), len(ZOOMS) - 1)])

    def may_close(self, *, asks: bool = True) -> bool:
        """Save the settings and end the work. Called when the window should close. False keeps it open."""
        if not self.pages.may_close(asks=asks):
            return False
        self.settings.model = self.engine.model
        self.settings.mode = int(self.presenter.mode)
        self.settings.geometry = bytes(self.window.saveGeometry().toHex()).decode()
        try:
            self.settings.save(settings_file())
        except EXPECTED as error:
            print(f"fastcnn: {error}", file=sys.stderr)
        self.window.hide()  # at once, because a job may need some time to end
        self.close()
        return True

    def end(self) -> None:
        """Close at once and without a question, after a signal."""
        self.window.may_close = lambda: self.may_close(asks=False)
        self.window.close()
        QCoreApplication.exit()  # ends dialogs too

    def close(self) -> None:
        """End all work. Nothing is called back afterwards."""
        self.pages.hand.cancel()
        self.pages.training.stop()
        self.engine.turns.closed = True
        pages = self.pages
        stop(
            pages.trainer, pages.learner, pages.searching, pages.teaching, pages.comparing, self.answers, self.work
        )  # fmt: skip
        if self._lock is not None:
            self._lock.unlock()

    def _network_loaded(self, _: None) -> None:
        """The network can answer: show what is known about it, then load what is needed later."""
        self.pages.networks.loaded()
        # After the facts about it. Only a first start prepares strings: it takes 40 MB, and kernels that are kept load
        # in an instant. A network that cannot read strings says so when it is asked to.
        strings = (lambda: None) if progress() is None else self.engine.warm_up_strings
        self.answers.submit(strings, lambda _: self._prepared(), self._prepared_without)

    def _prepared_without(self, _: Exception) -> bool:
        """The network cannot read strings. Returns that nothing is to tell."""
        self._prepared()
        return False

    def _prepared(self) -> None:
        self._preparing.stop()
        self.window.preparing.hide()
        self._load_rest()

    def _load_rest(self) -> None:
        # pyqtgraph imports these parts of Qt too. While another thread imports one, a conversion of a widget on this
        # thread may read its table of classes before it is filled, and end the program.
        import PyQt5.QtSvg
        import PyQt5.QtTest  # noqa: F401

        self.work.submit(test_pictures, lambda _: None)
        self.work.submit(import_plots, lambda _: self._make_plots())

    def _make_plots(self) -> None:
        """Make the plots before they are shown, a step in each turn of the event loop, so that no turn is long."""
        steps = [plot.make_step for plot in self.window.findChildren(Plot) for _ in range(plot.steps_left)]
        for number, turn in enumerate([*steps, keep_what_is_loaded]):
            QTimer.singleShot(number * PLOT_EVERY_MS, turn)

    def _network_missing(self, error: Exception) -> bool:
        """The network of the last session is gone: the default takes its place."""
        self._is_missing = True
        if self.engine.model != DEFAULT:
            self.engine.model = DEFAULT
            self.answers.submit(self.engine.warm_up, self._network_loaded)
        else:
            self._preparing.stop()
            self.window.preparing.hide()
        return True

    def _show_preparing(self) -> None:
        """Show how far the first start on this machine is, which compiles the kernels."""
        found = progress()
        if found is None:
            return
        if not (self.window.preparing.isVisible() or self._is_missing):
            self.window.tell(message(Notice.PREPARING if found.is_kept else Notice.PREPARING_EACH_TIME))
        self.window.preparing.show_share(found.share)

    def _connect(self) -> None:
        window, presenter, actions = self.window, self.presenter, self.window.actions_by_name
        window.modeCombo.activated.connect(lambda index: presenter.set_mode(Mode(index)))
        window.modeCombo.currentIndexChanged.connect(lambda index: presenter.set_mode(Mode(index)))
        window.drawButton.clicked.connect(presenter.draw_random)
        window.clearButton.clicked.connect(self._clear)
        window.recognizeButton.clicked.connect(presenter.recognize)
        window.numberSpin.valueChanged.connect(presenter.go_to)
        window.canvas.changed.connect(presenter.drawing_changed)
        window.canvas.changed.connect(window.show_history)
        window.dropped.connect(self.pictures.take)
        window.undoButton.clicked.connect(window.canvas.undo)
        window.redoButton.clicked.connect(window.canvas.redo)
        window.eraserButton.toggled.connect(actions["eraser"].setChecked)
        window.widthSlider.valueChanged.connect(self._set_pen_width)
        handlers = {
            "open": self.pictures.choose,
            "paste": self.pictures.paste,
            "save": self.pictures.choose_target,
            "quit": window.close,
            "undo": window.canvas.undo,
            "redo": window.canvas.redo,
            "thinner": lambda: self._change_pen_width(-PEN_STEP),
            "thicker": lambda: self._change_pen_width(PEN_STEP),
            "clear": self._clear,
            "focus_canvas": self._focus_canvas,
            "switch_mode": lambda: presenter.set_mode(Mode(1 - presenter.mode)),
            "draw": presenter.draw_random,
            "recognize": presenter.recognize,
            "zoom_in": lambda: self._step_zoom(1),
            "zoom_out": lambda: self._step_zoom(-1),
            "zoom_reset": lambda: self.use_zoom(ZOOMS[0]),
        }
        for name, handler in handlers.items():
            actions[name].triggered.connect(lambda _=False, handler=handler: handler())
        actions["eraser"].toggled.connect(self._set_eraser)
        actions["live"].toggled.connect(self._set_live)
        for name, action in actions.languages.items():
            action.triggered.connect(lambda _=False, name=name: self.use_language(name))
        for name, action in actions.themes.items():
            action.triggered.connect(lambda _=False, name=name: self.use_theme(name))

    def _apply_settings(self) -> None:
        settings, window = self.settings, self.window
        window.actions_by_name.themes[settings.theme].setChecked(True)
        self.use_language(settings.language)  # and the theme
        window.actions_by_name["live"].setChecked(settings.live)
        self._set_live(settings.live)
        window.widthSlider.setValue(settings.pen_width)
        self._set_pen_width(settings.pen_width)
        if settings.geometry:
            window.restoreGeometry(QByteArray.fromHex(settings.geometry.encode(errors="replace")))
        window.keep_on_screen()
        self.presenter.set_mode(Mode(settings.mode))

    def _clear(self) -> None:
        """Clear the field, and offer to take that back."""
        presenter, canvas, number = self.presenter, self.window.canvas, self.presenter.number
        hand, drawn = presenter.mode is Mode.HAND, not canvas.is_blank
        presenter.clear()
        if hand and drawn:
            self.window.tell(message(Notice.CLEARED), canvas.undo)
        elif not hand and number is not None:
            self.window.tell(message(Notice.CLEARED), lambda: presenter.go_to(number))

    def _set_eraser(self, erases: bool) -> None:
        self.window.canvas.erases = erases
        self.window.eraserButton.setChecked(erases)

    def _set_live(self, live: bool) -> None:
        self.settings.live = live
        self.presenter.set_live(live)

    def _set_pen_width(self, width: int) -> None:
        self.settings.pen_width = self.window.canvas.pen_width = width

    def _change_pen_width(self, step: int) -> None:
        width = min(max(self.settings.pen_width + step, PEN_WIDTHS[0]), PEN_WIDTHS[1])
        self.window.widthSlider.setValue(width)

    def _focus_canvas(self) -> None:
        self.presenter.set_mode(Mode.HAND)
        self.window.canvas.setFocus(Qt.FocusReason.ShortcutFocusReason)


def take_window() -> QLockFile | None:
    """Find out how many windows of this user are open, and give this one separate sessions.

    Returns a lock that must be held while the window is open; None if nothing can be written, so nothing is mixed up.
    """
    for number in range(1, MOST_WINDOWS + 1):
        try:
            path = writable(data_folder() / f"window-{number}.lock")
        except FastcnnError:
            break
        lock = QLockFile(str(path))
        lock.setStaleLockTime(0)  # a lock ends with its process, not after some time
        if lock.tryLock(0):
            use_window(number)
            adopt_sessions()
            return lock
        if lock.error() != QLockFile.LockError.LockFailedError:
            break
    return None


def adopt_sessions() -> None:
    """Take over what windows that are closed have left, so that it is found whichever window is opened next."""
    for number in other_sessions():
        lock = QLockFile(str(data_folder() / f"window-{number}.lock"))
        lock.setStaleLockTime(0)
        if lock.tryLock(0):
            adopt(number)
            lock.unlock()


def import_plots() -> None:
    """Import pyqtgraph, which takes 0.4 s, the lesson and the comparison, before a page needs them."""
    import pyqtgraph  # noqa: F401

    import fastcnn.gui.program.comparison  # noqa: F401


def keep_what_is_loaded() -> None:
    """Keep imported objects out of garbage collections, which held every thread for 0.1 s at a time.

    Garbage collections begin now; `run` has switched them off.
    """
    _freeze()
    gc.enable()


@cache
def _freeze() -> None:
    """Once in a process. To ask whether it was done is slow: gc.get_freeze_count counts all objects, for 12 ms."""
    gc.freeze()


def create_window(model: str = "") -> MainWindow:
    """See `fastcnn.gui.create_window`."""
    made: list[Program] = []

    def tell(told: Message) -> None:
        program = made[0]  # if it does not exist yet, the console has the error
        program.work.post(lambda: program.window.tell(told))  # errors come from any thread

    # Every place where the pen was seen counts; X11's queue would leave only the last one of a burst.
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_CompressHighFrequencyEvents, False)
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_CompressTabletEvents, False)
    sys.setswitchinterval(SWITCH_S)
    give_memory_back()
    crash.install(tell)  # first, because making the window calls slots, and an error in a slot ends the process
    window = MainWindow()
    window.program = Program(window, model)
    made.append(window.program)
    return window


def run(model: str = "", signals: Signals | None = None) -> int:
    """Show the window until it is closed, by the user or by a signal. Signals may be watched for from before."""
    if signals is None:
        with Signals() as own:
            return run(model, own)
    if model:
        from fastcnn.zoo.bundled import find_model

        find_model(model)  # a wrong name is an error of the command line
    signals.check()
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_EnableHighDpiScaling)
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_UseHighDpiPixmaps)
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = QApplication(["fastcnn"])
    application.setApplicationName("fastcnn")
    gc.disable()
    QTimer.singleShot(LOADED_MS, keep_what_is_loaded)  # needed if something cannot be loaded
    window = create_window(model)
    signals.watch(window.program.end)
    window.show()
    status = application.exec()
    # Qt wants widgets to end before the application. Otherwise PyQt ends them one by one, in the order of its table,
    # and reads some that their parents have ended: one run in ten ended by a segmentation fault, after all was saved.
    sip.delete(window)
    signals.check()
    return status
