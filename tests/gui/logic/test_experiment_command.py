"""Drawings made in the window, in the command line's experiment: from the window's own export, and from its folder."""

import json

import numpy as np
from PyQt5.QtCore import QPointF
from PyQt5.QtWidgets import QFileDialog, QLabel, QPushButton

from fastcnn.__main__ import main
from fastcnn.gui.logic import placing
from fastcnn.gui.logic.collection import Collection, Sample
from fastcnn.gui.logic.drawing import SIDE, Stroke
from fastcnn.gui.logic.folders import data_folder
from fastcnn.handwriting.drawings import WINDOW_PX, draw_as_written, picture_of
from fastcnn.handwriting.stroke_files import drawings_folder, read_collection, read_drawings
from tests.gui.mouse import ONE, SEVEN, draw


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
    assert WINDOW_PX == SIDE


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


def test_damaged_drawings_are_passed_over_by_the_window_and_by_the_engine(window, settle, tmp_path):
    seen = _collect(window, settle)
    folder = drawings_folder()
    erased = Sample(3, 3, np.zeros((28, 28), np.uint8), (Stroke([(1.0, 2.0)], 20, True),))
    (folder / "erased.json").write_text(json.dumps(erased.to_json()))
    (folder / "broken.json").write_text('{"label": 3')
    wide = Sample(3, 3, np.full((28, 28), 9, np.uint8), (Stroke([(1.0, 2.0)], 10**6),))
    (folder / "wide.json").write_text(json.dumps(wide.to_json()))
    assert _same(read_collection(folder), seen)
    assert Collection(folder).count() == len(Collection(folder).samples()) == len(seen)


def test_corrected_pictures_count_alike_in_the_window_and_in_evaluate(window, settle, monkeypatch, tmp_path):
    """A drawing, an opened picture, and an opened picture that a pen went over: each is read whole or not at all."""
    window.modeCombo.setCurrentIndex(1)
    picture = np.zeros((56, 56), np.uint8)
    picture[8:48, 26:31] = 255
    fields = []
    for kind in ("drawing", "picture", "both"):
        window.canvas.wipe()
        if kind != "drawing":
            window.program.pictures._place(placing.place(picture))
        if kind == "both":
            window.canvas.pen_down(QPointF(280, 80))
            window.canvas.pen_up()
        if kind == "drawing":
            draw(window.canvas, ONE)
        settle()
        fields.append(window.seenLabel.pixels)
        window.actions_by_name["correct_1"].trigger()
        settle()
    assert "3 drawings are in your collection" in window.findChild(QLabel, "messageLabel").text()
    exported, found = tmp_path / "exported.json", tmp_path / "found.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(exported), ""))
    window.findChild(QPushButton, "exportDrawingsButton").click()
    settle()
    assert main(["evaluate", "--strokes", str(exported), "--json", str(found)]) == 0
    results = json.loads(found.read_text())
    assert results["drawings"] == results["right"] == 3
    pictures = [picture_of(each, np.random.default_rng(0)) for each in read_drawings(exported)]
    seen = [each for each in pictures if each.shape == (28, 28)]
    assert len(seen) == 2 and all(any((each == field).all() for field in fields[1:]) for each in seen)
