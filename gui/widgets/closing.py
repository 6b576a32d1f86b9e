"""The one question before the window closes."""

from __future__ import annotations

from PyQt5.QtWidgets import QMessageBox, QWidget

from fastcnn.gui.logic.closing import Choice, Unsaved
from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.label import question

_Button = QMessageBox.StandardButton


def ask_to_keep(parent: QWidget, unsaved: list[Unsaved]) -> Choice:
    """Ask about all of it at once. Closing the dialog keeps the window open."""
    words = {
        Unsaved.TRAINING: tr("A training is running: it would stop, and go on later from its last finished epoch."),
        Unsaved.LEARNING: tr("The network is learning your writing: that would be given up."),
        Unsaved.LEARNED: tr("What the network learned of your writing is neither kept nor discarded."),
        Unsaved.EXPERIMENT: tr("Answers of an experiment could not be saved."),
    }
    lines = [
        *(words[each] for each in unsaved),
        "",
        tr("“Save all” finishes the epoch and the learning, keeps every network and answer, and then closes."),
    ]
    buttons = QMessageBox.StandardButtons(_Button.SaveAll) | _Button.Discard | _Button.Cancel
    answer = question(parent, tr("Close"), "\n".join(lines), buttons, _Button.SaveAll)
    return {_Button.SaveAll: Choice.KEEP, _Button.Discard: Choice.DISCARD}.get(answer, Choice.CANCEL)
