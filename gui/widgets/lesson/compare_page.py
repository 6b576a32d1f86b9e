"""Two networks on one picture: the bars of both, side by side, and their strips, one below the other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QShowEvent
from PyQt5.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from fastcnn.gui.logic.lesson.backward import Learned
from fastcnn.gui.logic.lesson.shown import Shown
from fastcnn.gui.text.language import tr
from fastcnn.gui.text.words import model_words
from fastcnn.gui.widgets.bars import Bars
from fastcnn.gui.widgets.holder import Card
from fastcnn.gui.widgets.lesson.compare_view import CompareView
from fastcnn.gui.widgets.lesson.scroll import Scroll
from fastcnn.gui.widgets.lesson.strip import Strip
from fastcnn.gui.widgets.lesson.words import network_words
from fastcnn.gui.widgets.order import set_order
from fastcnn.gui.widgets.page import GRID, Page, Words, card

BARS_PX = 120  # five bars


class ComparePage(Page):
    """A `logic.lesson.shown.LessonView` that shows a look, and nothing of epochs, learning and playing.

    Parameters
    ----------
    compare : compares with a network, by its name or path
    open_ : opens a station of the network in use on the lesson's page
    """

    became_visible = pyqtSignal()

    def __init__(self, compare: Callable[[str], None], open_: Callable[[int], None]) -> None:
        super().__init__()
        self._shown: Shown | None = None
        self._network = ""
        self.name = self._text("comparedName")
        self.name.setProperty("role", "heading")
        self.strip = Strip(self, name="comparedStrip")
        self.strip.chosen.connect(open_)
        self.strip.grown.connect(lambda: set_order(self))
        self.compare = CompareView(compare, self)
        self.bars, self.rival_bars = Bars(self), Bars(self)
        self.bars.setObjectName("comparedBars")
        self.rival_bars.setObjectName("rivalBars")
        self.note = self._text("comparedNote")
        self.note.setProperty("role", "small")
        self.empty = self._caption("noComparisonCaption")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lay_out()
        self.show_lesson(None)
        self.retranslate()

    def list_models(self, models: list[str], in_use: str, name: str) -> None:
        """Offer these networks for the comparison; `name` is that of the network in use."""
        self._network = name
        self.compare.list_models(models, in_use)
        self.show_lesson(self._shown)

    def show_lesson(self, shown: Shown | None) -> None:
        """Show a look, or that there is no picture."""
        self._shown = shown
        for each in self._cards:
            each.setVisible(shown is not None)
        self.empty.setVisible(shown is None)
        self.strip.show_lesson(shown)
        self.compare.show_lesson(shown)
        self.name.setText(model_words(self._network))
        if shown is None:
            return
        for bars, stages in ((self.bars, shown.stages), (self.rival_bars, shown.rival)):
            bars.show_shares(stages[-1].out.astype(np.float32) if stages else None, shown.truth)
        self.note.setText(network_words(shown.network, calibrated=True))
        self.note.setVisible(bool(self.note.text()))

    def show_epochs(self, epochs: tuple[int, ...], accuracies: tuple[float | None, ...], position: int) -> None:
        """Nothing: epochs are on the lesson's page."""

    def show_learned(self, learned: Learned | None) -> None:
        """Nothing: the step of learning is on the lesson's page."""

    def show_playing(self, plays: bool) -> None:
        """Nothing: nothing plays here."""

    def show_search(self, share: float | None) -> None:
        """Nothing: no pixel is sought here."""

    def retranslate(self) -> None:
        super().retranslate()
        self.compare.retranslate()
        self.show_lesson(self._shown)

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self.became_visible.emit()

    def _lay_out(self) -> None:
        inside = QWidget()
        inside.setObjectName("compareInside")
        box = QVBoxLayout(inside)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2 * GRID)
        title = self._caption("compareTitleCaption")
        title.setProperty("role", "title")
        box.addWidget(title)
        self._cards = card(inside), card(inside), card(inside)
        first, second, third = (QVBoxLayout(each) for each in self._cards)
        for part in (first, second, third):
            part.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        bars_of_both = Card(inside)  # its wrapped name would make its preferred height the smallest one
        grid = QGridLayout(bars_of_both)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * GRID)
        grid.addWidget(self.name, 0, 0)
        grid.addWidget(self.compare.models, 0, 1)
        for column, bars in enumerate((self.bars, self.rival_bars)):
            bars.setMinimumHeight(BARS_PX)
            grid.addWidget(bars, 1, column)
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(1, 1)
        first.addWidget(bars_of_both, 1)
        first.addWidget(self.note)
        caption = self._caption("comparedCaption")
        caption.setProperty("role", "soft")
        second.addWidget(caption)
        second.addWidget(self.strip)
        third.addWidget(self.compare)
        for strip in (self.strip, self.compare.strip):  # a little lower before the page scrolls
            strip.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        for said in (self.compare.caption, self.compare.answers):  # the place and the bars say it
            said.hide()
        for each, stretch in zip(self._cards, (1, 0, 0), strict=True):
            box.addWidget(each, stretch)
        box.addWidget(self.empty, 1)
        scroll = Scroll(self)
        scroll.setObjectName("compareScroll")
        scroll.fill(inside)

    def _words(self) -> Words:
        return {
            "compareTitleCaption": (tr("Two networks on one picture"), ""),
            "comparedCaption": (tr("The network in use; a click on a layer opens it in the lesson"), ""),
            "rivalCombo": (tr("Second network"), tr("The network to compare with")),
            "rivalCaption": (tr("Compare with"), ""),
            "comparedBars": (tr("Probabilities of the network in use"), tr("How sure it is of each digit")),
            "rivalBars": (tr("Probabilities of the second network"), tr("How sure it is of each digit")),
            "comparedNote": (tr("About these probabilities"), ""),
            "noComparisonCaption": (
                tr("Show a picture or draw a digit: both networks read it here."),
                "",
            ),
        }
