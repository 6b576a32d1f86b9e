"""Drawings made in the window, in the command line's experiment: from the window's own export, and from its folder."""

import json

import numpy as np
from PyQt5.QtCore import QPointF
from PyQt5.QtWidgets import QFileDialog, QPushButton

from fastcnn.__main__ import main
from fastcnn.collected import drawings_folder, read_collection
from fastcnn.gui.logic.collection import FORMAT, Sample
from fastcnn.gui.logic.drawing import SIDE, Stroke
from fastcnn.gui.logic.folders import data_folder
from fastcnn.strokes import WINDOW_FORMAT, WINDOW_PX, draw_as_written, read_drawings

from .mouse import ONE, SEVEN, draw


def _collect(window, settle):
    """A 1, a 7 that was partly rubbed out, and a 1 with another pen; the canvas after each."""
    window.modeCombo.setCurrentIndex(1)
    canvas, seen = window.canvas, []
    for line, label, pen in ((ONE, 1, 40), (SEVEN, 7, 20), (ONE, 1, 24)):
        canvas.pen_width = pen
        canvas.wipe()
        draw(canvas, line)
        if label == 7:
            canvas.erases = True
            canvas.pen_down(QPointF(500, 500))
            canvas.pen_to(QPointF(280, 400))
            canvas.pen_up()
            canvas.erases = False
        settle()
        seen.append((label, canvas.array()))
        window.actions_by_name[f"correct_{label}"].trigger()
        settle()
    return seen


def _same(drawings, seen):
    """Whether each canvas is among the drawings: antialiased edges differ, by half a grey level in all."""
    pictures = [(each.label, draw_as_written(each).astype(int)) for each in drawings]
    return len(pictures) == len(seen) and all(
        any(label == other and np.abs(picture - canvas).mean() < 0.5 for other, picture in pictures)
        for label, canvas in seen
    )


def _experiment(path, *options):
    found = path / "found.json"
    command = ["experiment", "--mode", "handwriting", "--groups", "1", "--size", "3", "--out", str(path / "figures")]
    assert main([*command, "--json", str(found), *options]) == 0
    return json.loads(found.read_text())["groups"][-1]


def test_window_and_engine_agree_on_folder_format_and_canvas():
    assert drawings_folder() == data_folder() / "drawings"
    assert (WINDOW_FORMAT, WINDOW_PX) == (FORMAT, SIDE)


def test_experiment_reads_what_the_window_exports_and_what_it_keeps(window, settle, monkeypatch, tmp_path):
    seen = _collect(window, settle)
    exported = tmp_path / "exported.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(exported), ""))
    window.findChild(QPushButton, "exportDrawingsButton").click()
    settle()
    assert _same(read_drawings(exported), seen)
    assert _same(read_collection(drawings_folder()), seen)
    assert _experiment(tmp_path, "--strokes", str(exported))["count"] == 3
    assert _experiment(tmp_path)["count"] == 3


def test_opened_pictures_and_damaged_files_are_passed_over(window, settle, tmp_path):
    seen = _collect(window, settle)
    folder = drawings_folder()
    erased = Sample(3, 3, np.zeros((28, 28), np.uint8), (Stroke([(1.0, 2.0)], 20, True),))
    (folder / "erased.json").write_text(json.dumps(erased.to_json()))
    (folder / "broken.json").write_text('{"label": 3')
    assert _same(read_collection(folder), seen)
