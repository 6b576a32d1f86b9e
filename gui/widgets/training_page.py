"""The page that trains the paper's network, with growing curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt5.QtCore import QTimer
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QHBoxLayout, QInputDialog, QLineEdit, QProgressBar, QVBoxLayout

from fastcnn.gui.logic.pace import Pace
from fastcnn.gui.logic.shelf import short_name
from fastcnn.gui.logic.training import State
from fastcnn.gui.text.language import tr
from fastcnn.gui.text.words import left_words
from fastcnn.gui.widgets.beside import beside
from fastcnn.gui.widgets.boxes import Check, Spin
from fastcnn.gui.widgets.page import Page, Words, ask
from fastcnn.gui.widgets.plots import Plot

if TYPE_CHECKING:
    from fastcnn.gui.logic.training import Training

REFRESH_MS = 250
MOST_POINTS = 500  # points of the loss curve; more are not visible and take time
DEFAULT_EPOCHS, MOST_EPOCHS = 12, 100


class TrainingPage(Page):
    """A `logic.training.TrainingView`."""

    def __init__(self) -> None:
        super().__init__()
        self.training: Training
        self._state = State.IDLE
        self.epochs = Spin(self)
        self.epochs.setObjectName("epochsSpin")
        self.epochs.setRange(1, MOST_EPOCHS)
        self.epochs.setValue(DEFAULT_EPOCHS)
        self.start = self._button("startTrainingButton", self._start)
        self.pause = self._button("pauseTrainingButton", lambda: self.training.pause())
        self.resume = self._button("resumeTrainingButton", lambda: self.training.resume())
        self.stop = self._button("stopTrainingButton", lambda: self.training.stop())
        self.save_as = self._button("nameTrainedButton", self._choose_name)
        self.replace = self._button("replaceTrainedButton", self._choose_replaced)
        self.try_it = Check(self)
        self.try_it.setObjectName("tryTrainingCheck")
        self.try_it.toggled.connect(lambda on: self.training.try_it(on))
        self.loss, self.accuracy = Plot(self), Plot(self, dots=True)
        self.loss.setObjectName("lossPlot")
        self.accuracy.setObjectName("accuracyPlot")
        self.progress = QProgressBar(self)
        self.progress.setObjectName("trainingProgress")
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 1000)
        self._pace = Pace()
        self.status = self._text("trainingStatus")
        self._painting = QTimer(self)
        self._painting.setSingleShot(True)
        self._painting.setInterval(REFRESH_MS // 2)
        self._painting.timeout.connect(self._show_accuracies)
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        self._arrange()
        self.show_state(State.IDLE)
        self.retranslate()

    def show_state(self, state: State) -> None:
        """Enable the buttons for this state."""
        self._state = state
        running = state in (State.RUNNING, State.PAUSED, State.STOPPING)
        self.start.setEnabled(not running)
        self.epochs.setEnabled(not running)
        self.pause.setEnabled(state is State.RUNNING)
        self.resume.setEnabled(state in (State.PAUSED, State.STOPPED))
        self.stop.setEnabled(state in (State.RUNNING, State.PAUSED))
        self.try_it.setEnabled(running or state in (State.STOPPED, State.DONE))
        self.save_as.setEnabled(state is State.DONE)
        self.replace.setEnabled(state is State.DONE)
        if running:
            self._timer.start()
        else:
            self._timer.stop()
            self.try_it.setChecked(False)
        self._word()
        if state is not State.IDLE:
            self._refresh()

    def retranslate(self) -> None:
        super().retranslate()
        self.loss.set_labels(tr("Loss of a batch"), tr("epoch"))
        self.accuracy.set_labels(tr("Accuracy on pictures not trained on, %"), tr("epoch"))
        self.status.setMinimumHeight(0)
        self._word()

    def _refresh(self) -> None:
        self.training.look()
        if self.isVisible():
            curves = self.training.curves
            # The other thread appends to the losses first and then to the steps, so cut both to the same length.
            count = len(curves.steps)
            stride = -(-count // MOST_POINTS) or 1
            self.loss.show_points(curves.steps[:count:stride], curves.losses[:count:stride])
            self._painting.start()  # a plot takes 8 ms to paint, and both at once held the pen
        self._word()

    def _show_accuracies(self) -> None:
        curves = self.training.curves
        known = len(curves.epochs)
        self.accuracy.show_points(curves.epochs[:known], [100 * share for share in curves.accuracies[:known]])

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        if self._state is not State.IDLE:
            self._refresh()

    def _word(self) -> None:
        words = {
            State.IDLE: tr("No training yet."),
            State.RUNNING: tr("Training …"),
            State.PAUSED: tr("Paused."),
            State.STOPPING: tr("Stopping …"),
            State.STOPPED: tr("Stopped; it can go on."),
            State.DONE: tr("Done; the network is in the list of networks."),
        }[self._state]
        if self._state is not State.IDLE:
            curves = self.training.curves
            if curves.of:
                progress = tr("Epoch {epoch} of {of}, {speed} pictures/s")
                words += " " + progress.format(
                    epoch=curves.epoch, of=curves.of, speed=f"{curves.images_per_second:,.0f}"
                )
                share = curves.share
                self.progress.setValue(1000 if self._state is State.DONE else round(1000 * share))
                left = left_words(self._pace.left_s(share, works=self._state is State.RUNNING))
                words += f"; {left}" if left else ""
        self.progress.setVisible(self._state is not State.IDLE)
        self.status.setText(words)
        if self.isVisible():  # fewer lines would resize and paint both plots at once: the pen would wait for 20 ms
            lines = self.status.heightForWidth(self.status.width())
            self.status.setMinimumHeight(max(lines, self.status.minimumHeight()))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if event is not None and event.oldSize().width() != event.size().width():
            self.status.setMinimumHeight(0)

    def _arrange(self) -> None:
        choices = QHBoxLayout()
        choices.addWidget(self._caption("epochsCaption", self.epochs))
        choices.addWidget(self.epochs)
        choices.addStretch(1)
        choices.addWidget(self.try_it)
        plots = QVBoxLayout()
        plots.addWidget(self.loss, 1)
        plots.addWidget(self.accuracy, 1)
        box = QVBoxLayout(self)
        box.addLayout(choices)
        box.addWidget(beside(self, (self.start, self.pause), (self.resume, self.stop)))
        box.addWidget(beside(self, self.save_as, self.replace))
        box.addLayout(plots, 1)
        box.addWidget(self.progress)
        box.addWidget(self.status)

    def _start(self) -> None:
        """Start from the beginning. A stopped training is deleted only if the user agrees."""
        question = tr("A training that was stopped can go on. Give it up and train a new network?")
        if not self.resume.isEnabled() or ask(self, tr("Training"), question):
            self.training.start(self.epochs.value())

    def _choose_name(self) -> None:
        """Ask for a name of the trained network, which has one already."""
        known = "" if self.training.network is None else short_name(str(self.training.network))
        name, chosen = QInputDialog.getText(
            self.window(), tr("Save as"), tr("Name of the trained network"), QLineEdit.EchoMode.Normal, known
        )
        if chosen:
            self.training.name_it(name)

    def _choose_replaced(self) -> None:
        """Ask which of the older networks the trained one should replace."""
        others = {short_name(str(path)): path for path in self.training.others()}
        if not others:
            self.training.tell_nothing_to_replace()
            return
        name, chosen = QInputDialog.getItem(
            self.window(), tr("Replace"), tr("Delete this network and put the trained one in its place"),
            list(others), 0, False,
        )  # fmt: skip
        if chosen:
            self.training.replace(others[name])

    def _words(self) -> Words:
        return {
            "epochsCaption": (tr("&Epochs"), ""),
            "epochsSpin": (tr("Epochs"), tr("How often the network sees each of the 55,000 training pictures")),
            "startTrainingButton": (tr("&Train"), tr("Train the paper's network from the beginning")),
            "pauseTrainingButton": (tr("P&ause"), tr("Hold; nothing is lost")),
            "resumeTrainingButton": (tr("Res&ume"), tr("Go on after a pause or a stop")),
            "stopTrainingButton": (tr("&Stop"), tr("End now; the last finished epoch is kept and can be resumed")),
            "nameTrainedButton": (tr("Sa&ve as …"), tr("Give the trained network a name in the list of networks")),
            "replaceTrainedButton": (
                tr("Rep&lace …"),
                tr("Put the trained network in the place of an older one, which is deleted"),
            ),
            "tryTrainingCheck": (tr("Tr&y it"), tr("Let the network in training answer, as it is now")),
            "lossPlot": (tr("Loss"), tr("The loss of single batches")),
            "accuracyPlot": (tr("Accuracy"), tr("After each epoch, on 5,000 pictures that it does not train on")),
            "trainingProgress": (tr("Progress of the training"), tr("How far the training is")),
            "trainingStatus": (tr("State of the training"), ""),
        }
