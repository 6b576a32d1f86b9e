"""A worksheet to print: a lesson's steps with their pictures, one window to multiply by hand, and the questions."""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PyQt5.QtCore import QBuffer, QMarginsF, QUrl
from PyQt5.QtGui import QPageLayout, QPageSize, QPdfWriter, QTextDocument

from fastcnn.gui.logic.lesson.convolution import window_sum
from fastcnn.gui.logic.lesson.files import Lesson
from fastcnn.gui.logic.lesson.numbers import signed
from fastcnn.gui.logic.lesson.shown import Shown
from fastcnn.gui.logic.lesson.stages import Kind
from fastcnn.gui.text.language import tr
from fastcnn.gui.widgets.canvas import to_image
from fastcnn.gui.widgets.lesson.cells import cell_text
from fastcnn.storage import atomic_write

MARGIN_MM = 18
PICTURE_PX = 140
ANSWER_LINES = 3
STYLE = """
body { font-size: 11pt; } h1 { font-size: 18pt; } h2 { font-size: 13pt; }
td.cell { border: 1px solid #888; padding: 3px; } p.line { color: #888; }
"""


def write_worksheet(
    path: Path, lesson: Lesson, language: str, images: npt.NDArray[np.uint8], shown: Shown | None
) -> None:
    """Write the PDF. `images` are the test pictures (N, 1, 28, 28); `shown` gives the numbers to multiply.

    FastcnnError if the file cannot be written.
    """
    document = QTextDocument()
    document.setDefaultStyleSheet(STYLE)
    numbers = list(dict.fromkeys(step.picture for step in lesson.steps if step.picture is not None))
    for number in numbers:
        picture = to_image(255 - images[number, 0]).scaled(PICTURE_PX, PICTURE_PX)  # dark on white saves ink
        document.addResource(QTextDocument.ResourceType.ImageResource, QUrl(f"picture:{number}"), picture)
    document.setHtml(worksheet_html(lesson, language, shown))
    made = QBuffer()
    made.open(QBuffer.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(made)  # given a file, it would replace an older one by half a worksheet where the disk is full
    writer.setTitle(lesson.title[language])
    margins = QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM)
    writer.setPageLayout(
        QPageLayout(
            QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter
        )
    )
    document.print_(writer)
    atomic_write(path, made.data().data())


def worksheet_html(lesson: Lesson, language: str, shown: Shown | None) -> str:
    """The worksheet as Qt's subset of HTML."""
    parts = [
        f"<h1>{escape(lesson.title[language])}</h1>",
        f"<p>{escape(tr('Name'))}: ______________________ {escape(tr('Date'))}: ______________</p>",
    ]
    seen: set[int] = set()
    for number, step in enumerate(lesson.steps, 1):
        parts.append(f"<h2>{number}</h2><p>{escape(step.text[language])}</p>")
        if step.picture is not None and step.picture not in seen:
            seen.add(step.picture)
            parts.append(f"<p><img src='picture:{step.picture}'></p>")
    if shown is not None and any(stage.kind is Kind.CONVOLUTION for stage in shown.stages[1:2]):
        parts.append(_multiplication(shown))
    parts.append(f"<h2>{escape(tr('Questions'))}</h2>")
    line = f"<p class='line'>{'_' * 70}</p>"
    for number, question in enumerate(lesson.questions, 1):
        parts.append(f"<p>{number}. {escape(question[language])}</p>{line * ANSWER_LINES}")
    return "".join(parts)


def _multiplication(shown: Shown) -> str:
    """The window and the filter of the shown place of the first convolution, with empty cells for the products."""
    stage, place = shown.stages[1], shown.place
    filters, rows, columns = stage.out.shape
    parts = window_sum(stage, min(place.unit, filters - 1), min(place.row, rows - 1), min(place.column, columns - 1))
    empty = np.full(parts.window.shape, "&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;")
    tables = [
        _table([[cell_text(value, 1, signs=False) for value in row] for row in parts.window]),
        _table([[cell_text(value, 1, signs=True) for value in row] for row in parts.weights]),
        _table(empty.tolist()),
    ]
    words = tr("Multiply each number of the window by that of the filter, add all products and the bias {bias}:")
    cells = "<td>&nbsp;×&nbsp;</td>".join(f"<td>{table}</td>" for table in tables[:2])
    return (
        f"<p>{escape(words.format(bias=signed(parts.bias, 3)))}</p>"
        f"<table><tr>{cells}<td>&nbsp;=&nbsp;</td><td>{tables[2]}</td></tr></table>"
    )


def _table(rows: list[list[str]]) -> str:
    body = "".join(f"<tr>{''.join(f'<td class=cell>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table cellspacing='0'>{body}</table>"
