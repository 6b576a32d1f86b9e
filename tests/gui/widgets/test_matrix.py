"""The confusion matrix: its numbers fit their cells, however small these are."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt5.QtGui import QFontMetrics, QPainter

from fastcnn.gui.widgets.matrix import Matrix


@pytest.mark.parametrize("side", [250, 300, 600])
def test_numbers_fit_their_cells(qtbot, monkeypatch, side):
    matrix = Matrix()
    qtbot.addWidget(matrix)
    font = matrix.font()
    font.setPixelSize(15)  # as the theme sets it: such a font has no size in points
    matrix.setFont(font)
    matrix.show_counts(np.full((10, 10), 1135))
    matrix.resize(side, side)
    widths = []
    former = matrix._paint_cell

    def paint(painter: QPainter, true: int, answer: int) -> None:
        widths.append(QFontMetrics(painter.font()).horizontalAdvance("1135"))
        former(painter, true, answer)

    monkeypatch.setattr(matrix, "_paint_cell", paint)
    matrix.grab()
    assert len(widths) >= 100 and max(widths) <= side / 11 - 2
