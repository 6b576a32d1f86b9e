"""The list of the user's drawings: small pictures with their labels. Digit keys relabel, Delete deletes."""

from __future__ import annotations

from typing import Any

from PyQt5.QtCore import QAbstractListModel, QEvent, QModelIndex, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QIcon, QKeyEvent, QPixmap, QResizeEvent
from PyQt5.QtWidgets import QAbstractItemView, QListView, QWidget

from fastcnn.gui.logic.collection import Entry
from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.canvas import to_image
from fastcnn.gui.widgets.label import Label
from fastcnn.gui.widgets.scale import scale_of

SIDE_PX = 56  # twice the field's
LABEL_PX = 44  # below it, with the list's own margins
MARGIN_PX = 16
DIGITS = "0123456789"


class _Model(QAbstractListModel):
    """Makes the pictures when they come into sight: a collection may have thousands."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []
        self.side = SIDE_PX  # of a picture, at the zoom in use

    def show(self, entries: list[Entry]) -> None:
        self.beginResetModel()
        self.entries = entries
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.entries)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        sample = self.entries[index.row()].sample
        if role == Qt.ItemDataRole.DecorationRole:
            return QIcon(QPixmap.fromImage(to_image(sample.field)).scaled(self.side, self.side))
        if role == Qt.ItemDataRole.DisplayRole:
            return str(sample.label)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            if sample.answer is None:
                return tr("Labelled {label}; taken for no digit").format(label=sample.label)
            return tr("Labelled {label}; read as {answer}").format(label=sample.label, answer=sample.answer)
        return None


class Drawings(QListView):
    """Shows a collection, or while it is empty how to fill it. Several drawings can be chosen."""

    relabel_wanted = pyqtSignal(int)  # the chosen drawings get this label
    delete_wanted = pyqtSignal()
    chosen_changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hint = Label(self.viewport())
        self._hint.setObjectName("noDrawingsCaption")
        self._hint.setProperty("role", "soft")
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint.setWordWrap(True)
        self._hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._model = _Model()
        self.setModel(self._model)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self._zoom()
        self.setSpacing(4)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        chosen = self.selectionModel()
        assert chosen is not None
        chosen.selectionChanged.connect(lambda *_: self.chosen_changed.emit())

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), round((SIDE_PX + LABEL_PX) * scale_of(self)))

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.FontChange:
            self._zoom()

    def _zoom(self) -> None:
        self._model.side = round(SIDE_PX * scale_of(self))
        self.setIconSize(QSize(self._model.side, self._model.side))

    def show_entries(self, entries: list[Entry]) -> None:
        """Show these drawings."""
        self._model.show(entries)
        self._hint.setVisible(not entries)
        self.chosen_changed.emit()

    def chosen(self) -> list[str]:
        """The names of the chosen drawings."""
        return [self._model.entries[index.row()].name for index in self.selectedIndexes()]

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        viewport = self.viewport()
        assert viewport is not None
        self._hint.setGeometry(viewport.rect().adjusted(MARGIN_PX, 0, -MARGIN_PX, 0))

    def event(self, event: QEvent | None) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and self._is_ours(event):
            event.accept()  # the keys mean the chosen drawings here, and elsewhere the one on the field
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        if not self._is_ours(event):
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_Delete:
            self.delete_wanted.emit()
        else:
            self.relabel_wanted.emit(int(event.text()))

    def _is_ours(self, event: QKeyEvent) -> bool:
        is_digit = bool(event.text()) and event.text() in DIGITS
        return bool(self.selectedIndexes()) and (is_digit or event.key() == Qt.Key.Key_Delete)
