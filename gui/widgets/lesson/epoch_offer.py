"""Says that the network in use kept no epochs, and offers one that does: a click trains it, or uses it."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QTimer
from PyQt5.QtGui import QHideEvent, QShowEvent
from PyQt5.QtWidgets import QProgressBar, QSizePolicy, QWidget

from fastcnn.gui.logic.lesson.offers import Offer
from fastcnn.gui.logic.pace import Pace
from fastcnn.gui.logic.training import State
from fastcnn.gui.text.language import tr
from fastcnn.gui.text.words import left_words, model_words
from fastcnn.gui.widgets.beside import Beside
from fastcnn.gui.widgets.label import Label
from fastcnn.gui.widgets.wrapping import WrappingButton

REFRESH_MS = 250
WORKING = State.RUNNING, State.STOPPING


class EpochOffer(Beside):
    """One row. It looks at the training while it is visible and the training works.

    Parameters
    ----------
    ask : gives what can be offered now
    take : accepts it
    """

    def __init__(self, ask: Callable[[], Offer], take: Callable[[], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("epochOffer")
        self._ask, self._take, self._pace = ask, take, Pace()
        self.words = Label(self)
        self.words.setObjectName("epochOfferWords")
        self.words.setWordWrap(True)
        self.words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.words.setProperty("role", "soft")
        self.progress = QProgressBar(self)
        self.progress.setObjectName("epochOfferProgress")
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 1000)
        self.button = WrappingButton(self)
        self.button.setObjectName("epochOfferButton")
        self.button.clicked.connect(self._clicked)
        for widget, stretch in ((self.words, 3), (self.progress, 1), (self.button, 0)):
            self.add(widget, stretch)
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.retranslate)

    def retranslate(self) -> None:
        """Show what is offered now."""
        offer = self._ask()
        works = offer.state in WORKING
        waits = offer.state in (State.PAUSED, State.STOPPED)
        if works:
            words, press = tr("Training: the slider comes when it is done."), tr("Training …")
            left = left_words(self._pace.left_s(offer.share, works=True))
            words += f" {left}" if left else ""
        elif waits:
            words, press = tr("A training waits: let it go on, and the slider comes when it is done."), tr("Go on")
        elif offer.name:
            words = tr("This network kept no epochs; “{name}” did.").format(name=model_words(offer.name))
            press = tr("Use that one")
        else:
            words = tr("This network kept no epochs.")
            press = tr("Train, and keep the epochs")
        self.words.setText(words)
        self.button.setText(press)
        self.button.setAccessibleName(press)
        self.button.setToolTip(
            tr("Train the paper's network in the background; the command fastcnn train --keep-epochs does the same")
        )
        self.button.setEnabled(not works)
        self.progress.setVisible(works or waits)
        self.progress.setValue(round(1000 * offer.share))
        self.progress.setAccessibleName(tr("Progress of the training"))
        if works and self.isVisible():
            self._timer.start()
        else:
            self._timer.stop()

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self.retranslate()

    def hideEvent(self, event: QHideEvent | None) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def _clicked(self, _: bool = False) -> None:
        self._take()
        self.retranslate()
