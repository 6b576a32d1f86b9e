"""Thumbnails of test pictures: the mistakes by kind, and the look-alikes. A click takes a picture into the lesson."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QEvent, QSize, Qt
from PyQt5.QtGui import QIcon, QPixmap
from PyQt5.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fastcnn.gui.logic.engine import Set
from fastcnn.gui.logic.lesson.gallery import Group, look_alikes, mistakes
from fastcnn.gui.logic.results import Results
from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.boxes import Combo
from fastcnn.gui.widgets.canvas import to_image
from fastcnn.gui.widgets.label import Label
from fastcnn.gui.widgets.scale import scale_of
from fastcnn.gui.widgets.working import Working

THUMBNAIL_PX, LABEL_PX = 56, 40
MOST = 200  # thumbnails of a group
NUMBER = Qt.ItemDataRole.UserRole


class GalleryView(QWidget):
    """Shows what was measured; before that, a button that measures.

    Parameters
    ----------
    measure : reads all test pictures
    pictures : gives the test pictures; they are loaded when something was measured
    open_ : takes a test picture by its number
    """

    def __init__(
        self,
        measure: Callable[[], None],
        pictures: Callable[[], Set],
        open_: Callable[[int], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("lessonGallery")
        self._pictures = pictures
        self._groups: list[Group] = []
        self._results: Results | None = None
        self.kinds = Combo(self)
        self.kinds.setObjectName("galleryKind")
        self.groups = Combo(self)
        self.groups.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.groups.setMinimumContentsLength(8)
        self.groups.setObjectName("galleryGroup")
        self.measure = QPushButton(self)
        self.measure.setObjectName("galleryMeasureButton")
        self.measure.clicked.connect(lambda _=False: measure())
        self.working = Working("gallery", self)
        self.empty = Label(self)
        self.empty.setObjectName("galleryCaption")
        self.empty.setWordWrap(True)
        self.list = QListWidget(self)
        self.list.setObjectName("galleryList")
        self.list.setViewMode(QListWidget.ViewMode.IconMode)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.setMovement(QListWidget.Movement.Static)
        row = QHBoxLayout()
        row.addWidget(self.kinds)
        row.addWidget(self.groups, 1)
        box = QVBoxLayout(self)
        box.addLayout(row)
        box.addWidget(self.empty)
        box.addWidget(self.measure, 0, Qt.AlignmentFlag.AlignLeft)
        box.addWidget(self.working)
        box.addWidget(self.list, 1)
        self.kinds.addItems(["", ""])
        self.kinds.currentIndexChanged.connect(lambda _: self._list_groups())
        self.groups.currentIndexChanged.connect(lambda _: self._show_group())
        self.list.itemClicked.connect(lambda item: open_(item.data(NUMBER)))
        self.list.itemActivated.connect(lambda item: open_(item.data(NUMBER)))
        self.show_results(None)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.FontChange:
            self._show_group()  # the pictures follow the zoom

    def show_results(self, results: Results | None) -> None:
        """Show the answers of the network in use, or that they are not known."""
        self._results = results
        for widget in (self.kinds, self.groups, self.list):
            widget.setVisible(results is not None)
        for other in (self.measure, self.empty):
            other.setVisible(results is None)
        self._list_groups()

    def show_progress(self, share: float | None) -> None:
        """Show how far the reading of the test pictures is, or that none are read."""
        self.measure.setEnabled(share is None)
        self.working.show_share(share)

    def retranslate(self) -> None:
        """Set the texts again."""
        for index, words in enumerate((tr("Mistakes"), tr("Look-alikes"))):
            self.kinds.setItemText(index, words)
        for index, group in enumerate(self._groups):
            self.groups.setItemText(index, self._group_words(group))

    def _list_groups(self) -> None:
        results = self._results
        find = (mistakes, look_alikes)[max(0, self.kinds.currentIndex())]
        self._groups = [] if results is None else find(results)
        self.groups.blockSignals(True)
        self.groups.clear()
        self.groups.addItems(list(map(self._group_words, self._groups)))
        self.groups.blockSignals(False)
        self._show_group()

    def _group_words(self, group: Group) -> str:
        words = (tr("{first} read as {second}"), tr("{first} or {second}?"))[max(0, self.kinds.currentIndex())]
        return f"{words.format(first=group.first, second=group.second)} ({len(group.numbers)})"

    def _show_group(self) -> None:
        side = round(THUMBNAIL_PX * scale_of(self))
        self.list.setIconSize(QSize(side, side))
        self.list.setMinimumHeight(side + round(LABEL_PX * scale_of(self)))
        self.list.clear()
        index = self.groups.currentIndex()
        if not 0 <= index < len(self._groups):
            return
        images = self._pictures()[0]
        for number in self._groups[index].numbers[:MOST]:
            picture = QPixmap.fromImage(to_image(images[number, 0])).scaled(side, side)
            item = QListWidgetItem(QIcon(picture), str(number))
            item.setData(NUMBER, number)
            item.setToolTip(tr("Test picture {number}").format(number=number))
            self.list.addItem(item)
