"""The page with the paper's experiments: the numbers of groups and digits, charts, and the results."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PyQt5.QtCore import QBuffer
from PyQt5.QtGui import QImage
from PyQt5.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from fastcnn.gui.logic.experiment import DEFAULT_SIDE, HAND, MAX_SIDE, MNIST, Session
from fastcnn.gui.text.language import tr
from fastcnn.gui.text.words import accuracy_words, percent
from fastcnn.gui.widgets.beside import beside
from fastcnn.gui.widgets.boxes import Combo, Spin
from fastcnn.gui.widgets.page import Page, Words, choose_target
from fastcnn.gui.widgets.plots import Plot
from fastcnn.recognition.experiment import by_digit, by_group, rates

if TYPE_CHECKING:
    from fastcnn.gui.logic.experimenter import Experimenter

MODES = (MNIST, HAND)


def _png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


class ExperimentPage(Page):
    """A `logic.experimenter.ExperimentView`."""

    def __init__(self) -> None:
        super().__init__()
        self.experimenter: Experimenter
        self._session: Session | None = None
        self.mode = Combo(self)
        self.mode.setObjectName("experimentMode")
        self.mode.addItems(["", ""])
        self.mode.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.groups, self.size_ = Spin(self), Spin(self)
        for spin, name in ((self.groups, "groupsSpin"), (self.size_, "sizeSpin")):
            spin.setObjectName(name)
            spin.setRange(1, MAX_SIDE)
            spin.setValue(DEFAULT_SIDE)
        self.start = self._button("startExperimentButton", self._start)
        self.next = self._button("nextDigitButton", lambda: self.experimenter.take())
        self.resume = self._button("resumeExperimentButton", lambda: self.experimenter.resume())
        self.leave = self._button("leaveExperimentButton", lambda: self.experimenter.interrupt())
        self.csv = self._button("exportCsvButton", self._choose_csv)
        self.png = self._button("exportPngButton", self._choose_png)
        self.by_group, self.by_digit = Plot(self, bars=True), Plot(self, bars=True)
        self.by_group.setObjectName("groupChart")
        self.by_digit.setObjectName("digitChart")
        self.summary = self._text("experimentSummary")
        self.kept = Combo(self)
        self.kept.setObjectName("keptExperiments")
        self.kept.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.kept.activated.connect(lambda row: self.experimenter.open(self.kept.itemData(row)))
        self._kept: list[Session] = []
        self._chosen: int | None = None
        self.asked_digit, self.asked_place = self._text("askedDigit"), self._text("askedPlace")
        self._asked: tuple[int, int, int] | None = None  # the digit, its number, and of how many
        self._arrange()
        self.show_session(None, running=False)

    def show_session(self, session: Session | None, *, running: bool) -> None:
        """Show the results of a session so far, or that there is none."""
        self._session = session
        done = session is None or session.is_done
        has_trials = session is not None and bool(session.trials)
        for widget in (self.mode, self.groups, self.size_, self.start):
            widget.setEnabled(not running)
        if running and session is not None:  # the boxes are off, and show how it was begun
            self.mode.setCurrentIndex(MODES.index(session.mode))
            self.groups.setValue(session.groups)
            self.size_.setValue(session.size)
        self.next.setEnabled(running and session is not None and session.mode == HAND)
        self.resume.setEnabled(not running and not done)
        self.leave.setEnabled(running)
        self.csv.setEnabled(has_trials)
        self.png.setEnabled(has_trials)
        asks = running and session is not None and session.mode == HAND and not done
        self._asked = (session.asked_digit, len(session.trials) + 1, session.total) if asks and session else None
        if session is not None and (self.isVisible() or has_trials):
            groups = by_group(session.trials, session.groups, session.size)
            self.by_group.show_shares(1, [each.accuracy for each in groups])
            self.by_digit.show_shares(0, [each.accuracy for each in by_digit(session.trials)])
        self.retranslate()

    def follow(self, mode: int) -> None:
        """The window is in another mode: propose its kind of experiment, unless one is shown."""
        if self._session is None:
            self.mode.setCurrentIndex(mode)

    def show_kept(self, sessions: list[Session], chosen: int | None) -> None:
        """List the experiments that are kept, the newest first."""
        self._kept, self._chosen = sessions, chosen
        self._list_kept()

    def retranslate(self) -> None:
        super().retranslate()
        self.mode.setItemText(0, tr("MNIST pictures"))
        self.mode.setItemText(1, tr("Handwriting"))
        self.by_group.set_labels(tr("Accuracy in each group"), tr("group"))
        self.by_digit.set_labels(tr("Accuracy of each digit"), tr("digit"))
        self.summary.setText(self._summary())
        self._list_kept()
        self.asked_digit.setVisible(self._asked is not None)
        self.asked_place.setVisible(self._asked is not None)
        if self._asked is not None:
            digit, number, count = self._asked
            self.asked_digit.setText(str(digit))
            words = tr("Draw this digit, then press “Next” ({number} of {count}).")
            self.asked_place.setText(words.format(number=number, count=count))

    def _list_kept(self) -> None:
        self.kept.clear()
        for row in reversed(range(len(self._kept))):
            session = self._kept[row]
            kind = tr("MNIST pictures") if session.mode == MNIST else tr("Handwriting")
            words = tr("{number}: {kind}, {right} right of {count} done, {total} in all").format(
                number=row + 1, kind=kind, right=sum(trial.right for trial in session.trials),
                count=len(session.trials), total=session.total,
            )  # fmt: skip
            self.kept.addItem(words, row)
        self.kept.setCurrentIndex(self.kept.findData(self._chosen))
        self.kept.setEnabled(self.kept.count() > 0 and not self.leave.isEnabled())

    def _summary(self) -> str:
        session = self._session
        found = None if session is None else rates("all", session.trials)
        if session is None or found is None or found.interval is None or found.mean_confidence is None:
            return tr("No digit has been recognized in an experiment yet.")
        lines = [
            tr("{count} of {total} digits done.").format(count=found.count, total=session.total),
            accuracy_words(found.right, found.count, found.interval),
            tr("Mean confidence {share}: how sure the network is, not how often it is right").format(
                share=percent(found.mean_confidence)
            ),
        ]
        return "\n".join(lines)

    def _start(self) -> None:
        self.experimenter.start(MODES[self.mode.currentIndex()], self.groups.value(), self.size_.value())

    def _choose_csv(self) -> None:
        path = choose_target(self, tr("Export as CSV"), tr("CSV table (*.csv)"), ".csv")
        if path:
            self.experimenter.export(path)

    def _choose_png(self) -> None:
        path = choose_target(self, tr("Export as PNG"), tr("PNG picture (*.png)"), ".png")
        if path:
            self.experimenter.save(path, partial(_png, self.grab().toImage()))

    def _arrange(self) -> None:
        counts = (
            (self._caption("groupsCaption", self.groups), self.groups),
            (self._caption("sizeCaption", self.size_), self.size_),
        )
        named = QWidget(self)
        row = QHBoxLayout(named)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self._caption("keptCaption", self.kept), self.kept):
            row.addWidget(widget)
        for part in (self.mode, self.kept, named):
            part.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        asked = QHBoxLayout()
        asked.addWidget(self.asked_digit)
        asked.addWidget(self.asked_place, 1)
        box = QVBoxLayout(self)
        box.addWidget(beside(self, self.mode, counts))
        box.addWidget(beside(self, (self.start, self.next), (self.leave, self.resume)))
        box.addLayout(asked)
        box.addWidget(beside(self, self.by_group, self.by_digit), 1)
        box.addWidget(beside(self, named, (self.csv, self.png)))
        box.addWidget(self.summary)

    def _words(self) -> Words:
        return {
            "experimentMode": (tr("Kind of experiment"), tr("Test pictures drawn at random, or digits that you draw")),
            "groupsCaption": (tr("Gro&ups"), ""),
            "groupsSpin": (tr("Number of groups"), tr("How many groups")),
            "sizeCaption": (tr("o&f"), ""),
            "sizeSpin": (tr("Digits in a group"), tr("How many digits each group has")),
            "startExperimentButton": (tr("&Start"), tr("Begin a new experiment; the one before is kept")),
            "nextDigitButton": (tr("Ne&xt"), tr("Recognize and note this drawing, then go to the next digit (F4)")),
            "resumeExperimentButton": (tr("&Go on"), tr("Go on with the experiment that was interrupted")),
            "leaveExperimentButton": (tr("&Interrupt"), tr("Leave the experiment; it is kept and can go on later")),
            "exportCsvButton": (tr("CS&V …"), tr("Save every answer as a table")),
            "exportPngButton": (tr("P&NG …"), tr("Save charts and figures as a picture")),
            "keptCaption": (tr("Kep&t"), ""),
            "keptExperiments": (tr("Kept experiments"), tr("Show an earlier experiment; one that was left can go on")),
            "askedDigit": (tr("Digit to draw"), tr("Draw this digit on the black field")),
            "askedPlace": (tr("Which digit of the experiment it is"), ""),
            "groupChart": (tr("Accuracy in each group"), tr("Accuracy in each group")),
            "digitChart": (tr("Accuracy of each digit"), tr("Accuracy of each digit")),
            "experimentSummary": (tr("Figures of the experiment"), ""),
        }
