"""The page where the network learns the user's handwriting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QFileDialog, QMenu, QSizePolicy, QVBoxLayout

from fastcnn.gui.logic.collection import Entry
from fastcnn.gui.logic.learning import Outcome, Score
from fastcnn.gui.text.language import tr
from fastcnn.gui.text.words import percent
from fastcnn.gui.widgets.beside import beside
from fastcnn.gui.widgets.drawings import Drawings
from fastcnn.gui.widgets.page import Page, Words, ask, choose_target
from fastcnn.gui.widgets.working import Working

if TYPE_CHECKING:
    from fastcnn.gui.logic.hand import Hand


class HandPage(Page):
    """A `logic.hand.HandView`."""

    def __init__(self) -> None:
        super().__init__()
        self.hand: Hand
        self._entries: list[Entry] = []
        self._can_undo = False
        self._outcome: Outcome | None = None
        self.count = self._text("drawingsCount")
        self.drawings = Drawings(self)
        self.drawings.setObjectName("drawingsList")
        self.relabel = self._button("relabelButton", lambda: None)
        self.labels = QMenu(self)
        for digit in range(10):
            action = self.labels.addAction(str(digit))
            assert action is not None
            action.triggered.connect(lambda _=False, digit=digit: self.hand.relabel(self.drawings.chosen(), digit))
        self.relabel.setMenu(self.labels)
        self.delete = self._button("deleteDrawingsButton", lambda: self.hand.delete(self.drawings.chosen()))
        self.undo = self._button("undoDrawingsButton", lambda: self.hand.undo())
        self.drawings.relabel_wanted.connect(lambda digit: self.hand.relabel(self.drawings.chosen(), digit))
        self.drawings.delete_wanted.connect(lambda: self.hand.delete(self.drawings.chosen()))
        self.drawings.chosen_changed.connect(self._enable)
        self.working = Working("learning", self)
        self.outcome = self._text("learningOutcome")
        self.learn = self._button("learnButton", lambda: self.hand.learn())
        self.cancel = self._button("cancelLearningButton", lambda: self.hand.cancel())
        self.keep = self._button("keepButton", lambda: self.hand.keep())
        self.discard = self._button("discardButton", lambda: self.hand.discard())
        self.export = self._button("exportDrawingsButton", self._choose_export)
        self.take_in = self._button("importDrawingsButton", self._choose_import)
        self.reset = self._button("resetHandButton", self._ask_reset)
        self._arrange()
        self.retranslate()
        self.show_progress(None)
        self.show_outcome(None)
        self._enable()

    def show_drawings(self, entries: list[Entry], *, can_undo: bool) -> None:
        """Show the collection, and whether its last change can be undone."""
        self._entries, self._can_undo = entries, can_undo
        self.drawings.show_entries(entries)
        self.retranslate()

    def show_progress(self, share: float | None) -> None:
        """Show the progress of learning, or that it does not run."""
        running = share is not None
        self.working.show_share(share)
        self.learn.setEnabled(not running)
        self.reset.setEnabled(not running)
        self.cancel.setEnabled(running)

    def show_outcome(self, outcome: Outcome | None) -> None:
        """Show the result of learning, with buttons to keep or discard it; or that there is no result."""
        self._outcome = outcome
        self.keep.setEnabled(outcome is not None)
        self.discard.setEnabled(outcome is not None)
        self.retranslate()

    def retranslate(self) -> None:
        super().retranslate()
        self.count.setText(tr("Drawings in your collection: {count}").format(count=len(self._entries)))
        self.outcome.setTextFormat(Qt.TextFormat.RichText)
        self.outcome.setText(self._outcome_words())

    def _enable(self) -> None:
        chosen = bool(self.drawings.chosen())
        self.relabel.setEnabled(chosen)
        self.delete.setEnabled(chosen)
        self.undo.setEnabled(self._can_undo)

    def _outcome_words(self) -> str:
        found = self._outcome
        if found is None:
            return ""
        rows = (
            (tr("your drawings, held back"), found.hand_before, found.hand_after),
            (tr("MNIST's test pictures"), found.mnist_before, found.mnist_after),
        )
        head = "".join(f"<th align='left'>{words}&nbsp;&nbsp;</th>" for words in ("", tr("before"), tr("after")))
        body = "".join(
            f"<tr><td>{name}&nbsp;&nbsp;</td><td>{_score(before)}&nbsp;&nbsp;</td><td>{_score(after)}</td></tr>"
            for name, before, after in rows
        )
        worse = "".join(
            tr("<p><b>Worse than before:</b> {name}, {count} fewer right.</p>").format(
                name=name, count=before.right - after.right
            )
            for name, before, after in rows
            if after.right < before.right
        )
        return f"<table><tr>{head}</tr>{body}</table>{worse}"

    def _choose_export(self) -> None:
        filters = tr("Collection of drawings (*.json)")
        path = choose_target(self, tr("Export drawings"), filters, ".json", "drawings.json")
        if path:
            self.hand.export(path)

    def _choose_import(self) -> None:
        filters = tr("Collection of drawings (*.json)")
        path, _ = QFileDialog.getOpenFileName(self.window(), tr("Import drawings"), "", filters)
        if path:
            self.hand.import_from(path)

    def _ask_reset(self) -> None:
        question = tr("Delete all your drawings and the network that learned from them?")
        if ask(self, tr("Delete"), question):
            self.hand.reset()

    def _arrange(self) -> None:
        self.count.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        box = QVBoxLayout(self)
        box.addWidget(self._caption("handCaption"))
        box.addWidget(beside(self, self.count, (self.relabel, self.delete, self.undo)))
        box.addWidget(self.drawings, 1)
        box.addWidget(beside(self, (self.learn, self.cancel), (self.keep, self.discard)))
        box.addWidget(self.working)
        box.addWidget(self.outcome)
        box.addWidget(beside(self, self.export, self.take_in, self.reset))

    def _words(self) -> Words:
        caption = tr(
            "When an answer is wrong, press the right digit under the result, or its key. The drawing is kept, and the "
            "network can learn from it. It learns better from many. Every fourth one is held back to measure that."
        )
        return {
            "handCaption": (caption, ""),
            "drawingsCount": (tr("Number of drawings"), ""),
            "drawingsList": (
                tr("Your drawings"),
                tr("Choose drawings; a digit key gives them that label, Delete deletes them"),
            ),
            "noDrawingsCaption": (
                tr("No drawings yet. Draw a digit at the left, then press the right digit under the result."),
                "",
            ),
            "relabelButton": (tr("La&bel"), tr("Give the chosen drawings another label")),
            "deleteDrawingsButton": (tr("Dele&te"), tr("Delete the chosen drawings")),
            "undoDrawingsButton": (tr("&Undo"), tr("Take back the last change of the collection")),
            "learnButton": (tr("&Learn from my drawings"), tr("Train a copy of the network in use, in the background")),
            "cancelLearningButton": (tr("C&ancel"), tr("Stop learning; the network stays as it was")),
            "keepButton": (tr("&Keep"), tr("Use the network that learned from now on")),
            "discardButton": (tr("Di&scard"), tr("Forget what was learned; the drawings stay")),
            "exportDrawingsButton": (tr("E&xport …"), tr("Save all your drawings to one file")),
            "importDrawingsButton": (tr("&Import …"), tr("Add the drawings of such a file")),
            "resetHandButton": (tr("D&elete …"), tr("Delete all your drawings and the network that learned from them")),
            "learningOutcome": (tr("Accuracy before and after learning"), ""),
        }


def _score(score: Score) -> str:
    if not score.count:
        return tr("none yet")
    return f"{percent(score.right / score.count)} ({score.right}/{score.count})"
