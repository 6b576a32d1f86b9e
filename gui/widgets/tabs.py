"""The pages. The rail at the left chooses one, so there is no bar of tabs."""

from __future__ import annotations

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtWidgets import QTabWidget, QWidget

from fastcnn.gui.widgets.holder import least_size


class Tabs(QTabWidget):
    """Pages with a full and a short name each. Only the page that is shown claims room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        bar = self.tabBar()
        assert bar is not None
        bar.hide()
        for widget in (self, bar):  # Tab would stay where it is instead of going to a hidden bar
            widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setDocumentMode(True)
        self.currentChanged.connect(lambda _: self.updateGeometry())

    def show_names(self, names: list[tuple[str, str]]) -> None:
        """Name the pages, in their order, with full and short names."""
        for index, (whole, short) in enumerate(names):
            self.setTabText(index, short)
            self.setTabToolTip(index, whole)

    def minimumSizeHint(self) -> QSize:
        page = self.currentWidget()
        return super().minimumSizeHint() if page is None else least_size(page, self.width())
