"""The page with the confusion matrix: click a cell to see its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt5.QtWidgets import QSizePolicy, QVBoxLayout

from fastcnn.gui.logic.results import Results
from fastcnn.gui.text.language import tr
from fastcnn.gui.text.words import accuracy_words
from fastcnn.gui.widgets.beside import beside
from fastcnn.gui.widgets.matrix import Matrix
from fastcnn.gui.widgets.page import Page, Words
from fastcnn.gui.widgets.working import Working

if TYPE_CHECKING:
    from fastcnn.gui.logic.browser import Browser


class MistakesPage(Page):
    """A `logic.browser.BrowserView`."""

    def __init__(self) -> None:
        super().__init__()
        self.browser: Browser
        self._results: Results | None = None
        self._position: tuple[int, int] | None = None
        self.matrix = Matrix(self)
        self.matrix.setObjectName("confusionMatrix")
        self.matrix.chosen.connect(lambda true, answer: self.browser.choose(true, answer))
        self.summary = self._text("mistakesSummary")
        self.position = self._text("mistakesPosition")
        self.position.setWordWrap(False)
        self.position.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.working = Working("measuring", self)
        measure = self._button("measureButton", lambda: self.browser.measure())
        every = self._button("allMistakesButton", lambda: self.browser.choose_all())
        back = self._button("previousMistakeButton", lambda: self.browser.step(-1))
        on = self._button("nextMistakeButton", lambda: self.browser.step(1))
        box = QVBoxLayout(self)
        box.addWidget(self._caption("mistakesCaption"))
        box.addWidget(self.matrix, 1)
        box.addWidget(self.working)
        box.addWidget(self.summary)
        box.addWidget(beside(self, (measure, every), (back, on, self.position)))
        self.retranslate()

    def show_results(self, results: Results | None) -> None:
        """Show a network's confusions, or none."""
        self._results, self._position = results, None
        self.matrix.show_counts(None if results is None else results.evaluation.confusion)
        self._word()

    def show_progress(self, share: float | None) -> None:
        """Show how far the reading of the test pictures is, or that none are read."""
        self.working.show_share(share)

    def show_position(self, position: int, count: int) -> None:
        """Show the position of the shown picture among the chosen ones, from 1."""
        self._position = position, count
        self._word()

    def retranslate(self) -> None:
        super().retranslate()
        self._word()

    def _word(self) -> None:
        if self._results is None:
            self.summary.setText(tr("Not measured yet."))
        else:
            evaluation = self._results.evaluation
            right = int(evaluation.confusion.trace())
            self.summary.setText(accuracy_words(right, evaluation.count, evaluation.interval))
        position = self._position
        self.position.setText("" if position is None else f"{position[0]} / {position[1]}")

    def _words(self) -> Words:
        return {
            "mistakesCaption": (
                tr("Rows: the true digit. Columns: the answer. Click a cell to see its pictures."),
                "",
            ),
            "confusionMatrix": (
                tr("Confusion matrix"),
                tr("How often each digit got each answer; by keyboard, arrow keys and Return choose a cell"),
            ),
            "measureButton": (tr("Mea&sure"), tr("Let the network read all 10,000 test pictures")),
            "allMistakesButton": (tr("&All mistakes"), tr("Browse all mistakes again")),
            "previousMistakeButton": ("◀", tr("The previous mistake (Shift+F8)")),
            "nextMistakeButton": ("▶", tr("The next mistake (F8)")),
            "mistakesSummary": (tr("Accuracy on the test pictures"), ""),
        }
