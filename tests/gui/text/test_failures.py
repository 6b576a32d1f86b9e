"""What goes wrong is told in the language in use, in a sentence; the engine's own English is in the log."""

from __future__ import annotations

import ast
import errno
import io
import os
import re
import zlib

import numpy as np
import pytest
from PIL import Image
from PyQt5.QtWidgets import QFileDialog, QLabel, QPushButton

from fastcnn import storage
from fastcnn.gui.logic import learning
from fastcnn.gui.logic.folders import log_file
from fastcnn.gui.program import crash
from fastcnn.gui.text import failures
from fastcnn.layers import Affine, Flatten
from fastcnn.network import files
from fastcnn.network.sequential import Sequential
from tests.conftest import ROOT
from tests.gui.mouse import SEVEN, draw

# Where the window's own files and those that the user chooses are read and written.
SOURCES = [
    *("fastcnn/storage.py", "fastcnn/network/answers.py", "fastcnn/network/files.py", "fastcnn/network/sequential.py"),
    *("fastcnn/network/committee.py", "fastcnn/zoo/bundled.py", "fastcnn/recognition/recognizer.py"),
    *("fastcnn/handwriting/preparation/pictures.py", "fastcnn/handwriting/preparation/planes.py"),
    *("fastcnn/training/checkpoint.py", "gui/window/pictures.py", "gui/logic/engine.py"),
    *(f"gui/logic/{name}.py" for name in ("collection", "folders", "learning", "networks", "placing")),
]
ERRORS = ("FastcnnError", "NotFiniteError", "UsageError", "UnknownModelError")
ENGLISH = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _sentence(node):
    """What an f-string or a literal says, with a word for each value."""
    if isinstance(node, ast.Constant):
        return node.value
    return "".join(part.value if isinstance(part, ast.Constant) else "value" for part in node.values)


def _sentences():
    for name in SOURCES:
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
            call = node.exc if isinstance(node, ast.Raise) else None
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ERRORS:
                yield _sentence(call.args[0])


def test_every_sentence_of_the_engine_that_can_reach_the_window_has_a_template():
    sentences = list(_sentences())
    assert len(sentences) > 25
    assert [each for each in sentences if failures.template_of(each) == "{detail}"] == []


def test_no_template_lingers_that_nothing_says_any_more():
    said = {failures.template_of(sentence) for sentence in _sentences()}
    elsewhere = {
        "{path} cannot be used: {reason}; check its permissions and the room on its disk",  # notices.failure
        "{path} is a damaged checkpoint ({detail}); start afresh without it",  # train.py
        "{detail}",
    }
    assert set(failures.TEMPLATES) - said == elsewhere


def _shown(window):
    return window.findChild(QLabel, "messageLabel").text()


@pytest.fixture
def chinese(window, settle):
    window.program.use_language("zh_CN")
    window.modeCombo.setCurrentIndex(1)
    settle()
    return window


@pytest.fixture
def check(chinese, settle, tmp_path):
    """Assert that what is shown is Chinese, that it is English in English, and that the log has the English."""

    def checked(part, logged=""):
        settle()
        shown = _shown(chinese)
        assert CHINESE.search(shown), shown
        assert not ENGLISH.search(shown.replace(str(tmp_path), "")), shown
        chinese.program.use_language("en")
        settle()
        english = _shown(chinese)
        assert ENGLISH.search(english) and not CHINESE.search(english)
        assert part in english
        assert (logged or english.split(": ", 1)[1]) in log_file().read_text()

    return checked


def _choose(monkeypatch, path):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(path), ""))


def _bomb(path):
    """A PNG of 20,000 x 20,000 pixels in a few hundred bytes."""

    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    side = (20_000).to_bytes(4, "big")
    header = side + side + bytes([8, 0, 0, 0, 0])
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")))


def _nothing(path): ...


PICTURES = {
    "no picture": (lambda path: path.write_bytes(b"no picture at all"), "is not a picture"),
    "missing": (_nothing, "does not exist"),
    "folder": (lambda path: path.mkdir(), "is a folder"),
    "huge": (_bomb, "million pixels"),
    "cut off": (lambda path: path.write_bytes(_png()[:-40]), "is damaged"),
    "not finite": (lambda path: Image.fromarray(np.full((4, 4), np.nan, np.float32)).save(path, "TIFF"), "NaN"),
}


def _png():
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("kind", PICTURES)
def test_bad_pictures(chinese, settle, check, tmp_path, monkeypatch, kind):
    make, part = PICTURES[kind]
    path = tmp_path / "picture.png"
    make(path)
    draw(chinese.canvas, SEVEN)
    settle()
    _choose(monkeypatch, path)
    chinese.actions_by_name["open"].trigger()
    check(part)
    assert chinese.resultLabel.text() == "7"  # the drawing and its answer stay


NETWORKS = {
    "no network": (lambda path: path.write_bytes(b"nothing"), "no safetensors file"),
    "empty": (lambda path: path.touch(), "is empty"),
    "missing": (_nothing, "cannot read"),
    "folder": (lambda path: path.mkdir(), "is not a file"),
    "other shape": (lambda path: Sequential([Flatten(), Affine(3)], seed=0).save(path), "digit network"),
    "no metadata": (lambda path: storage.write_arrays(path, {"a": np.zeros(1)}, {}), "holds no network"),
    "nonsense": (
        lambda path: storage.write_arrays(path, {}, {"format": files.FORMAT, "description": "{}"}), "fastcnn knows"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", NETWORKS)
def test_bad_networks(chinese, settle, check, tmp_path, monkeypatch, kind):
    make, part = NETWORKS[kind]
    path = tmp_path / "network.safetensors"
    make(path)
    _choose(monkeypatch, path)
    before = chinese.networkCombo.currentText()
    chinese.actions_by_name["open_network"].trigger()
    check(part)
    assert chinese.networkCombo.currentText() == before


@pytest.mark.parametrize(("content", "part"), [(None, "cannot read"), ("[1]", "is no collection")])
def test_bad_collections(chinese, check, tmp_path, monkeypatch, content, part):
    path = tmp_path / "drawings.json"
    if content is not None:
        path.write_text(content)
    _choose(monkeypatch, path)
    chinese.program.pages.hand_page.take_in.click()
    check(part)


def test_saving_where_there_is_no_folder(chinese, check, tmp_path, monkeypatch):
    draw(chinese.canvas, SEVEN)
    _choose(monkeypatch, tmp_path / "none" / "mine.png")
    chinese.actions_by_name["save"].trigger()
    check("its folder does not exist")
    assert chinese.canvas.array().any()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO, errno.EACCES])
def test_a_correction_that_cannot_be_kept(chinese, settle, check, monkeypatch, code):
    def refuse(*args):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(storage, "_write_new", refuse)
    draw(chinese.canvas, SEVEN)
    settle()
    chinese.actions_by_name["correct_5"].trigger()
    check("cannot write")
    assert chinese.resultLabel.text() == "7"


def test_a_data_folder_that_cannot_be_made(chinese, settle, check, monkeypatch, tmp_path):
    (tmp_path / "data" / "fastcnn" / "drawings").parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "data" / "fastcnn" / "drawings").write_text("a file is in the way")
    draw(chinese.canvas, SEVEN)
    settle()
    chinese.actions_by_name["correct_5"].trigger()
    check("cannot make the folder")


def test_a_damaged_checkpoint_can_be_left_behind(qtbot, chinese, settle, check):
    training = chinese.program.pages.training
    training.checkpoint().write_bytes(b"half a checkpoint")
    training.restore()
    _click(chinese, "resumeTrainingButton")
    qtbot.waitUntil(lambda: not training.is_active)
    check("damaged")
    assert chinese.findChild(QPushButton, "startTrainingButton").isEnabled()


def test_a_training_begins_where_a_damaged_checkpoint_is(tmp_path):
    from fastcnn.gui.logic.training_run import Curves, Run

    checkpoint = tmp_path / "training.checkpoint.safetensors"
    checkpoint.write_bytes(b"half a checkpoint")
    images, labels = np.zeros((5100, 1, 28, 28), np.uint8), np.arange(5100) % 10
    run = Run(checkpoint, tmp_path / "mine.safetensors", Curves())
    assert len(run.train(1, (images, labels), resume=False).epochs) == 1
    assert not checkpoint.exists()


def _click(window, name):
    button = window.findChild(QPushButton, name)
    assert button.isEnabled(), name
    button.click()


def test_a_system_error_that_nobody_worded(chinese, settle, check, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(type(chinese.program.pages.hand._collection), "delete_all", lambda self: refuse(self.folder))
    chinese.program.pages.hand.reset()
    check("cannot be used: Permission denied", logged="[Errno 13] Permission denied")


def test_a_fault_of_the_program_itself(chinese, settle, monkeypatch):
    def fail(*args, **more):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(learning, "LEAST_DRAWINGS", 0)
    monkeypatch.setattr(learning, "learn", fail)
    monkeypatch.setattr("fastcnn.gui.logic.hand.learn", fail)
    monkeypatch.setattr("fastcnn.gui.logic.hand.LEAST_DRAWINGS", 0)
    _click(chinese, "learnButton")
    settle()
    shown = _shown(chinese)
    assert CHINESE.search(shown) and "ZeroDivisionError" in shown and "division by zero" not in shown
    assert "division by zero" in log_file().read_text()


def test_where_the_log_cannot_be_written_the_window_still_tells(chinese, settle, tmp_path, capsys, monkeypatch):
    (tmp_path / "none").write_text("a file is in the way")
    monkeypatch.setattr(crash, "log_file", lambda: tmp_path / "none" / "gui.log")
    crash.report(ZeroDivisionError("division by zero"), chinese.tell)
    shown = _shown(chinese)
    assert CHINESE.search(shown) and "ZeroDivisionError" in shown
    assert "division by zero" in capsys.readouterr().err


def test_an_unknown_sentence_is_english_only_in_english(chinese, settle):
    assert failures.failure_words("a sentence of tomorrow") == "原因已记入日志"
    chinese.program.use_language("en")
    assert failures.failure_words("a sentence of tomorrow") == "a sentence of tomorrow"
