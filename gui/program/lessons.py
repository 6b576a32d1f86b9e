"""Build the lesson's page, and connect it with its teacher, its guide and the rest of the program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PyQt5.QtCore import QObject
from PyQt5.QtWidgets import QFileDialog

from fastcnn.errors import FastcnnError
from fastcnn.gui.logic.engine import Engine, test_pictures
from fastcnn.gui.logic.folders import data_folder
from fastcnn.gui.logic.lesson.guide import Guide
from fastcnn.gui.logic.lesson.offers import Offers
from fastcnn.gui.logic.lesson.teacher import Teacher, epochs_file
from fastcnn.gui.logic.networks import Networks, available
from fastcnn.gui.logic.notices import Notice, failure, message
from fastcnn.gui.logic.presenter import Presenter
from fastcnn.gui.logic.results import Results
from fastcnn.gui.program.worker import Worker
from fastcnn.gui.text import language
from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.lesson.page import LessonPage
from fastcnn.gui.widgets.lesson.worksheet import write_worksheet
from fastcnn.gui.widgets.page import choose_target
from fastcnn.gui.window.window import MainWindow

if TYPE_CHECKING:
    from fastcnn.gui.logic.browser import Browser
    from fastcnn.gui.logic.training import Training
    from fastcnn.network.committee import Network
    from fastcnn.training.epochs import Epochs

LESSON_SUFFIX, PDF_SUFFIX = ".json", ".pdf"


class Host(Protocol):
    """The functions of the program that the lesson needs."""

    window: MainWindow
    engine: Engine
    presenter: Presenter


class Classroom(QObject):
    """The page works only while it is visible; it looks again when it is shown."""

    def __init__(
        self, program: Host, worker: Worker, networks: Networks, browser: Browser, training: Training, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._program, self._window, self._networks, self._worker = program, program.window, networks, worker
        self._stale = True  # whether another network is in use since the page was shown
        self.offers = Offers(training, self._use, networks.in_use)
        self.page = LessonPage(
            measure=browser.measure,
            pictures=test_pictures,
            go_to=program.presenter.go_to,
            start=self._start,
            open_=self._open,
            print_=self._print,
            offer=self.offers.offer,
            take=self.offers.take,
        )
        self.teacher = Teacher(
            self.page, worker, program.engine.snapshot, load_network_of_digits,
            tell=self._window.tell, ready=networks.ready, turns=program.engine.turns,
        )  # fmt: skip
        self.guide = Guide(self.page, go_to=program.presenter.go_to, use=self._use, want=self.teacher.want)
        self.page.teacher, self.page.guide = self.teacher, self.guide
        self.page.became_visible.connect(self._look)
        self._window.answer_changed.connect(self._look)

    def network_changed(self) -> None:
        """Another network is in use."""
        self._stale = True
        self.page.gallery.show_results(None)
        self._look()

    def measured(self, results: Results) -> None:
        """The network in use has read all test pictures."""
        self.page.gallery.show_results(results)

    def _look(self) -> None:
        """Show the picture of the window, in the network in use."""
        if not self.page.isVisible():
            return
        if not self._stale:
            presenter = self._program.presenter
            self.teacher.show(presenter.seen, presenter.truth)
            return
        self._stale = False
        self.teacher.wait()
        self.page.compare.list_models(available(), self._networks.in_use())
        engine = self._program.engine

        def read() -> Epochs | None:
            from fastcnn.training.epochs import read_epochs
            from fastcnn.zoo.bundled import find_model

            model, file = find_model(engine.word)
            found = None if engine.is_trying else epochs_file(model, file, data_folder())
            return None if found is None else read_epochs(found)

        def done(epochs: Epochs | None) -> None:
            self.teacher.network_changed(epochs)
            self._look()

        def failed(error: Exception) -> bool:
            done(None)
            return True

        self._worker.submit(read, done, failed)

    def _use(self, model: str) -> None:
        self._networks.choose(model)

    def _start(self, path: Path) -> None:
        try:
            self.guide.start(path)
        except (FastcnnError, OSError) as error:
            self._window.tell(failure(error))

    def _open(self) -> None:
        kind = tr("Lessons ({pattern})").format(pattern=f"*{LESSON_SUFFIX}")
        path, _ = QFileDialog.getOpenFileName(self._window, tr("Open lesson"), "", kind)
        if path:
            self._start(Path(path))

    def _print(self) -> None:
        lesson = self.guide.lesson
        if lesson is None:
            return
        words = language.in_use()
        kind = tr("PDF ({pattern})").format(pattern=f"*{PDF_SUFFIX}")
        proposed = f"{lesson.title[words]}{PDF_SUFFIX}".replace("/", "-")
        path = choose_target(self.page, tr("Worksheet"), kind, PDF_SUFFIX, proposed)
        if not path:
            return
        try:
            write_worksheet(Path(path), lesson, words, test_pictures()[0], self.teacher.shown)
        except (FastcnnError, OSError) as error:
            self._window.tell(failure(error))
        else:
            self._window.tell(message(Notice.SAVED, path=path))


def load_network_of_digits(model: str) -> Network:
    """A network by its name or path, as the recognizer takes it."""
    from fastcnn.zoo.bundled import bundled, load_classifier
    from fastcnn.zoo.networks import BUNDLED

    return load_classifier(bundled(model) if model in BUNDLED else model)
