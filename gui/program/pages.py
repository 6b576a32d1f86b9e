"""Build the pages next to the answer, and connect each with the class that decides for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from PyQt5.QtCore import QObject, QTimer
from PyQt5.QtWidgets import QFileDialog, QInputDialog, QSpinBox

from fastcnn.gui.logic.browser import Browser
from fastcnn.gui.logic.closing import Choice, Closing
from fastcnn.gui.logic.collection import Collection
from fastcnn.gui.logic.engine import Engine, test_pictures
from fastcnn.gui.logic.experiment import HAND
from fastcnn.gui.logic.experimenter import Experimenter
from fastcnn.gui.logic.folders import data_folder
from fastcnn.gui.logic.hand import Hand
from fastcnn.gui.logic.inspector import Inspector
from fastcnn.gui.logic.networks import Networks
from fastcnn.gui.logic.presenter import Mode, Presenter
from fastcnn.gui.logic.results import Results, read_all
from fastcnn.gui.logic.settings import Settings
from fastcnn.gui.logic.shelf import SUFFIX
from fastcnn.gui.logic.training import Training
from fastcnn.gui.logic.turns import Between
from fastcnn.gui.program.worker import Worker
from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.closing import ask_to_keep
from fastcnn.gui.widgets.experiment_page import ExperimentPage
from fastcnn.gui.widgets.hand_page import HandPage
from fastcnn.gui.widgets.inside_page import InsidePage
from fastcnn.gui.widgets.later import Later
from fastcnn.gui.widgets.mistakes_page import MistakesPage
from fastcnn.gui.widgets.training_page import TrainingPage
from fastcnn.gui.window.window import MainWindow

if TYPE_CHECKING:
    from fastcnn.gui.program.comparison import Comparison
    from fastcnn.gui.program.lessons import Classroom

KEEPING_MS = 100  # between two looks at what must be kept before the window closes


class Host(Protocol):
    """The functions of the program that the pages need."""

    settings: Settings
    window: MainWindow
    engine: Engine
    presenter: Presenter
    answers: Worker
    work: Worker

    def failed(self, error: Exception) -> None:
        """Show that a job failed."""


class Pages(QObject):
    """Builds the pages into the program's window."""

    def __init__(self, program: Host) -> None:
        super().__init__(program.window)
        self._program, self._window = program, program.window
        self.trainer = Worker("training", program.failed, self, polite=True)
        self.learner = Worker("learning", program.failed, self, polite=True)
        # Searches take seconds, and what is written or opened meanwhile does not wait for them.
        self.searching, self.teaching, self.comparing = (
            Worker(name, program.failed, self) for name in ("searching", "lesson", "compare")
        )
        self._classroom: Classroom | None = None
        self._comparison: Comparison | None = None
        self._results: Results | None = None  # of the network in use, once they are measured
        self._remembered: dict[str, QSpinBox] = {}
        self._add_networks()
        self._add_lesson()
        self._add_inside()
        self._add_mistakes()
        self._add_experiment()
        self._add_hand()
        self._add_training()
        self._add_compare()
        self._window.frame.order()
        self.closing = Closing(
            self.training, self.hand, self.experimenter, tell=self._window.tell, close=self._window.close
        )
        self._keeping = QTimer(self)
        self._keeping.timeout.connect(self._look_at_closing)
        self._connect()

    def start(self) -> None:
        """Restore earlier sessions. Called when the window is ready."""
        self.networks.refresh()
        self.hand.refresh()
        self.experimenter.restore()
        self.training.restore()

    def network_changed(self) -> None:
        """Another network answers, so results of the old one are not valid."""
        self._program.presenter.network_changed()
        self.browser.network_changed()
        self._results = None
        if self._classroom is not None:
            self._classroom.network_changed()
        if self._comparison is not None:
            self._comparison.network_changed()
        self.inspector.network_changed()

    def may_close(self, *, asks: bool) -> bool:
        """Ask the user once about everything unsaved. Save the settings of the pages."""
        unsaved = self.closing.unsaved()
        choice = ask_to_keep(self._window, unsaved) if asks and unsaved else Choice.DISCARD
        if choice is Choice.KEEP:
            self.closing.keep_all()
            self._keeping.start(KEEPING_MS)
            return False  # it closes when all is kept
        if choice is Choice.CANCEL:
            self.closing.stay()
            return False
        if not asks:
            self.hand.keep()  # nobody was asked, so nothing is given up
        self._program.settings.numbers |= {name: box.value() for name, box in self._remembered.items()}
        return True

    def _look_at_closing(self) -> None:
        self.closing.look()
        if not self.closing.is_waiting:
            self._keeping.stop()

    def _remember(self, name: str, box: QSpinBox) -> None:
        """Show the number that the session before left in a box, and leave it to the next one."""
        box.setValue(self._program.settings.numbers.get(name, box.value()))
        self._remembered[name] = box

    def _add_networks(self) -> None:
        program, window = self._program, self._window
        self.networks = Networks(
            window, program.engine, program.answers, tell=window.tell, changed=self.network_changed
        )
        window.networkCombo.activated.connect(lambda index: self._choose_network(window.networkCombo.itemData(index)))

    def _add_inside(self) -> None:
        presenter = self._program.presenter
        self.inside = InsidePage(lambda: self.inspector.look())
        self.inspector = Inspector(
            self.inside,
            self._program.engine,
            self._program.work,
            self.searching,
            answer=lambda: presenter.answer,
            watch=presenter.watch,
            ready=self.networks.ready,
            is_open=self.inside.isVisible,
            tell=self._window.tell,
        )
        self.inside.became_visible.connect(self.inspector.show)
        self._window.answer_changed.connect(self.inspector.show)
        self._window.add_page(self.inside, lambda: (tr("Inside"), tr("Inside")), "inside")

    def _add_mistakes(self) -> None:
        program = self._program
        self.mistakes = MistakesPage()

        def read(between: Between) -> Results:
            return read_all(program.engine.snapshot(), test_pictures(), between)

        self.browser = Browser(
            self.mistakes,
            self.searching,
            program.engine.turns,
            read,
            watch=program.presenter.watch,
            ready=self.networks.ready,
            go_to=program.presenter.go_to,
            tell=self._window.tell,
            measuring=self._measuring,
            measured=self._measured,
        )
        self.mistakes.browser = self.browser
        self._window.add_page(self.mistakes, lambda: (tr("Mistakes"), tr("Mistakes")), "mistakes")

    def _add_experiment(self) -> None:
        program = self._program
        self.experiment = ExperimentPage()
        self._remember("experiment_groups", self.experiment.groups)
        self._remember("experiment_size", self.experiment.size_)
        self.experimenter = Experimenter(
            self.experiment,
            program.engine,
            program.answers,
            program.work,
            test_pictures,
            drawing=self._window.drawing,
            prepare=self._prepare_digit,
            watch=program.presenter.watch,
            tell=self._window.tell,
        )
        self.experiment.experimenter = self.experimenter
        self._window.modeCombo.currentIndexChanged.connect(self.experiment.follow)
        self._window.add_page(self.experiment, lambda: (tr("Experiment"), tr("Trials")), "experiment")

    def _add_hand(self) -> None:
        program, window = self._program, self._window
        self.hand_page = HandPage()
        self.hand = Hand(
            self.hand_page,
            program.engine,
            program.work,
            self.learner,
            Collection(data_folder() / "drawings"),
            strokes=window.canvas.drawing.strokes,
            ready=self.networks.ready,
            use=lambda model: self.networks.choose(model, again=True),
            tell=window.tell,
        )
        self.hand_page.hand = self.hand
        window.add_page(self.hand_page, lambda: (tr("My writing"), tr("Writing")), "hand")

    def _add_training(self) -> None:
        program = self._program
        self.training_page = TrainingPage()
        self._remember("epochs", self.training_page.epochs)
        self.training = Training(
            self.training_page,
            program.engine,
            self.trainer,
            tell=self._window.tell,
            saved=self._trained,
            changed=self.network_changed,
            improved=program.presenter.network_improved,
            tried=self.networks.tried,
        )
        self.training_page.training = self.training
        self._window.add_page(self.training_page, lambda: (tr("Training"), tr("Train")), "training")

    def _add_lesson(self) -> None:
        self.lesson = Later(lambda: self.classroom.page)
        self._window.add_page(self.lesson, lambda: (tr("Lesson"), tr("Lesson")), "lesson")

    @property
    def classroom(self) -> Classroom:
        """The parts of the lesson's page, made at their first use."""
        if self._classroom is None:
            from fastcnn.gui.program.lessons import Classroom

            self._classroom = Classroom(self._program, self.teaching, self.networks, self.browser, self.training, self)
            if self._results is not None:
                self._classroom.measured(self._results)
        return self._classroom

    def _trained(self, old: str, new: str) -> None:
        self.networks.moved(old, new)
        if self._classroom is not None:
            self._classroom.offers.trained(new)

    def _add_compare(self) -> None:
        self.compare = Later(lambda: self.comparison.page)
        self._window.add_page(self.compare, lambda: (tr("Compare"), tr("Compare")), "compare")

    @property
    def comparison(self) -> Comparison:
        """The parts of the page that compares two networks, made at their first use."""
        if self._comparison is None:
            from fastcnn.gui.program.comparison import Comparison

            self._comparison = Comparison(self._program, self.comparing, self.networks, self._open_station, self)
        return self._comparison

    def _open_station(self, index: int) -> None:
        self.classroom.teacher.open(index)
        self._window.tabs.setCurrentWidget(self.lesson)

    def _measuring(self, share: float | None) -> None:
        self.mistakes.show_progress(share)
        if self._classroom is not None:
            self._classroom.page.gallery.show_progress(share)

    def _measured(self, results: Results) -> None:
        self._results = results
        self.networks.measured(results)
        if self._classroom is not None:
            self._classroom.measured(results)

    def _connect(self) -> None:
        window, actions = self._window, self._window.actions_by_name
        window.mistakeButton.clicked.connect(lambda: self.browser.step(1))
        handlers: dict[str, Callable[[], None]] = {
            "open_network": self._open_network,
            "next_mistake": lambda: self.browser.step(1),
            "previous_mistake": lambda: self.browser.step(-1),
            "go_to": self._ask_number,
            "measure": self.browser.measure,
            "next_digit": self.experimenter.take,
            "occlude": self._occlude,
        }
        for digit in range(10):
            handlers[f"correct_{digit}"] = partial(self._correct, digit)
        for name, handler in handlers.items():
            actions[name].triggered.connect(lambda _=False, handler=handler: handler())

    def _correct(self, digit: int) -> None:
        presenter = self._program.presenter
        self.hand.correct(digit, presenter.answer if presenter.mode is Mode.HAND else None)

    def _prepare_digit(self, show: bool) -> None:
        """Before each digit that is drawn by hand: clear the field, and show it if the user has not gone elsewhere."""
        session, presenter = self.experimenter.session, self._program.presenter
        if session is not None and session.mode == HAND:
            if show:
                presenter.set_mode(Mode.HAND)
            if presenter.mode is Mode.HAND:
                presenter.clear()
            else:
                self._window.canvas.wipe()

    def _occlude(self) -> None:
        """Go to the page that shows where the network looked, and find it out."""
        if self._program.presenter.answer is not None:
            self._window.tabs.setCurrentWidget(self.inside)
        self.inspector.look()

    def _choose_network(self, model: str) -> None:
        if model:
            self.networks.choose(model)
        else:
            self._open_network()

    def _open_network(self) -> None:
        filters = tr("Weights ({pattern})").format(pattern=f"*{SUFFIX}")
        path, _ = QFileDialog.getOpenFileName(self._window, tr("Open network"), "", filters)
        if path:
            self.networks.choose(path)
        else:
            self.networks.refresh()  # so that the box shows the network in use again

    def _ask_number(self) -> None:
        number, chosen = QInputDialog.getInt(
            self._window, tr("Go to picture"), tr("Number of the test picture, 0 to 9,999"), 0, 0, 9999
        )
        if chosen:
            self._program.presenter.go_to(number)
