"""Two networks on the same picture: the second one's strip below the first one's, and both answers."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtWidgets import QComboBox, QGridLayout, QWidget

from fastcnn.gui.logic.lesson.shown import Place, Shown
from fastcnn.gui.text.language import tr
from fastcnn.gui.text.words import model_words
from fastcnn.gui.widgets.boxes import Combo
from fastcnn.gui.widgets.label import Label
from fastcnn.gui.widgets.lesson.picture_view import answer_words
from fastcnn.gui.widgets.lesson.strip import Strip


class CompareView(QWidget):
    """Chooses the second network and shows it."""

    def __init__(self, compare: Callable[[str], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lessonCompare")
        self._compare = compare
        self._shown: Shown | None = None
        self.models = Combo(self)
        self.models.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.models.setMinimumContentsLength(4)
        self.models.setObjectName("rivalCombo")
        self.caption = Label(self)
        self.caption.setObjectName("rivalCaption")
        self.caption.setBuddy(self.models)
        self.strip = Strip(self, name="rivalStrip", opens=False)
        self.answers = Label(self)
        self.answers.setObjectName("rivalAnswers")
        self.answers.setWordWrap(True)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self.caption, 0, 0)
        grid.addWidget(self.models, 0, 1)
        grid.addWidget(self.strip, 1, 0, 1, 2)
        grid.addWidget(self.answers, 2, 0, 1, 2)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(1, 1)
        self.models.activated.connect(lambda _: self.start())

    def list_models(self, models: list[str], in_use: str) -> None:
        """Offer these networks. The chosen one stays chosen, unless it is the one in use now."""
        before = chosen = self.models.currentData()
        if chosen in (None, in_use):
            chosen = next((model for model in models if model != in_use), None)
        self.models.clear()
        for model in models:
            self.models.addItem(model_words(model), model)
        self.models.setCurrentIndex(max(0, self.models.findData(chosen)))
        if self._shown is not None and self._shown.rival and self.models.currentData() != before:
            self.start()  # the file of the second network is gone, or it is in use

    def start(self) -> None:
        """Compare with the chosen network."""
        if self.models.currentIndex() >= 0:
            self._compare(self.models.currentData())

    def show_lesson(self, shown: Shown | None) -> None:
        """Show the second network of a look."""
        self._shown = shown
        if shown is None or not shown.rival:
            self.strip.show_lesson(None)
            self.answers.clear()
            return
        rival = Shown(shown.rival, Place(), shown.flips, shown.truth, shown.scale, None, shown.network, [])
        self.strip.show_lesson(rival)
        first, second = answer_words(shown.stages[-1]), answer_words(shown.rival[-1])
        words = tr("Above: {first}. Below: {second}.").format(first=first, second=second)
        self.answers.setText(words)

    def retranslate(self) -> None:
        """Set the texts again."""
        for index in range(self.models.count()):
            self.models.setItemText(index, model_words(self.models.itemData(index)))
        self.show_lesson(self._shown)
