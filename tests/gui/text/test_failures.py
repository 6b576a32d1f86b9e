"""What goes wrong is told in the language in use, in a sentence; the engine's own English is in the log."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import errno
import functools
import io
import math
import os
import re
import string
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from PyQt5.QtWidgets import QFileDialog, QLabel, QPushButton

from fastcnn import storage
from fastcnn.data import load
from fastcnn.data.load import MNIST_FILES, load_mnist
from fastcnn.errors import Sentence
from fastcnn.gui.logic import engine, learning
from fastcnn.gui.logic.folders import log_file
from fastcnn.gui.logic.notices import failure
from fastcnn.gui.program import crash
from fastcnn.gui.text import failures, language, words
from fastcnn.layers import Affine, Flatten
from fastcnn.network import files
from fastcnn.network.sequential import Sequential
from fastcnn.training.trainer import Trainer
from tests import rooms
from tests.conftest import ROOT
from tests.gui.mouse import SEVEN, draw

from .test_language import update

ENGLISH = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _window_reaches():
    """The text of each file that the window imports, directly or not; not of those that speak on the console alone."""
    graph = rooms.file_graph()
    silent = {file for file in graph if any((ROOT / file).is_relative_to(place) for place in update().CONSOLE)}
    seen, waiting = set(), {file for file in graph if file.startswith("gui/")} - silent
    while waiting:
        seen |= waiting
        waiting = set().union(*(graph[file] for file in waiting)) - seen - silent
    return {file: (ROOT / file).read_text("utf-8") for file in sorted(seen - {"fastcnn/errors.py"})}


def _systems(name):
    """Whether it names an error of the system."""
    kind = getattr(builtins, name, None)
    return isinstance(kind, type) and issubclass(kind, OSError)


def _sentences(source):
    """For each error that a source makes for the user, the line, the template (None where it has none), the values."""
    for call in ast.walk(ast.parse(source)):
        name = getattr(call.func, "id", "") if isinstance(call, ast.Call) else ""
        if name != "mark" and update().is_sentence(name):  # what is marked gets its values later
            (text,) = call.args
            literal = isinstance(text, ast.Constant)
            yield call.lineno, text.value if literal else None, {each.arg for each in call.keywords}
        elif _systems(name):
            bare = [each for each in call.args if not isinstance(each, ast.Call) and _holds_text(each)]
            yield from ((call.lineno, None, set()) for _ in bare)


def _holds_text(node):
    parts = list(ast.walk(node))
    return any(isinstance(part, ast.JoinedStr) or isinstance(getattr(part, "value", None), str) for part in parts)


def _fields(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@functools.cache
def _made():
    """Each sentence that can reach the window: its file, line, template and values."""
    return [(file, *found) for file, source in _window_reaches().items() for found in _sentences(source)]


def test_every_sentence_that_can_reach_the_window_has_a_template_with_its_values():
    made = _made()
    assert len(made) > 80
    assert [each for each in made if each[2] is None] == []
    assert [each for each in made if each[3] != _fields(each[2])] == []


def test_every_template_that_can_reach_the_window_is_translated():
    known = update().read(language.TRANSLATIONS / "fastcnn_zh_CN.ts")
    templates = {template for _, _, template, _ in _made()}
    assert [each for each in templates if not known.get((language.CONTEXT, each))] == []


@pytest.mark.parametrize(
    "source",
    [
        'raise FastcnnError(f"{path} is empty")',
        'raise UnknownModelError("there is no model " + name)',
        "raise NotFiniteError(text)",
        'raise FileNotFoundError(f"{path} is not there")',
        'raise OSError(0, "it is a folder")',
        'raise OSError("it is a folder " * 2)',
    ],
)
def test_a_sentence_without_a_template_is_found(source):
    assert [template for _, template, _ in _sentences(source)] == [None]


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


@pytest.fixture
def open_each(chinese, check, tmp_path, monkeypatch):
    """Opens the bad files of a table. After each, its name is given, and the window has shown why."""

    def opened(table, action, ending):
        for kind, (make, part) in table.items():
            path = tmp_path / f"{kind.replace(' ', '-')}.{ending}"
            make(path)
            _choose(monkeypatch, path)
            chinese.program.use_language("zh_CN")
            chinese.actions_by_name[action].trigger()
            check(part)
            yield kind

    return opened


def test_bad_pictures(chinese, settle, open_each):
    draw(chinese.canvas, SEVEN)
    settle()
    for kind in open_each(PICTURES, "open", "png"):
        assert chinese.resultLabel.text() == "7", kind  # the drawing and its answer stay


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


def test_bad_networks(chinese, open_each):
    before = chinese.networkCombo.currentData()
    for kind in open_each(NETWORKS, "open_network", "safetensors"):
        assert chinese.networkCombo.currentData() == before, kind


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


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
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
    qtbot.waitUntil(lambda: not training.is_active, timeout=60_000)
    check("damaged")
    assert chinese.findChild(QPushButton, "startTrainingButton").isEnabled()


def test_a_training_begins_where_a_damaged_checkpoint_is(tmp_path):
    from fastcnn.gui.logic.packed import Packed
    from fastcnn.gui.logic.training_run import Curves, Run

    checkpoint = tmp_path / "training.checkpoint.safetensors"
    checkpoint.write_bytes(b"half a checkpoint")
    images, labels = np.zeros((5100, 1, 28, 28), np.uint8), np.arange(5100) % 10
    run = Run(checkpoint, tmp_path / "mine.safetensors", Curves())
    assert len(run.train(1, Packed([(images, labels)]), resume=False).epochs) == 1
    assert not checkpoint.exists()


def test_a_kill_before_the_checkpoint_of_a_finished_training_is_deleted_does_not_keep_it_for_ever(
    tmp_path, monkeypatch
):
    from fastcnn.gui.logic.packed import Packed
    from fastcnn.gui.logic.training_run import Curves, Run

    checkpoint = tmp_path / "training.checkpoint.safetensors"
    pictures = Packed([(np.zeros((5100, 1, 28, 28), np.uint8), np.arange(5100) % 10)])
    with monkeypatch.context() as killed:
        killed.setattr(Path, "unlink", lambda path, missing_ok=False: None)
        Run(checkpoint, tmp_path / "mine.safetensors", Curves()).train(1, pictures, resume=False)
    assert checkpoint.exists()
    Run(checkpoint, tmp_path / "mine.safetensors", Curves()).train(1, pictures, resume=True)
    assert not checkpoint.exists() and (tmp_path / "mine.epochs").exists()


def test_what_a_training_of_another_version_had_learned_is_kept_as_a_network(
    qtbot, chinese, settle, check, monkeypatch
):
    from fastcnn import load_network
    from fastcnn.gui.logic import training as training_module
    from fastcnn.gui.logic.packed import Packed
    from fastcnn.gui.logic.training_run import Curves, Run
    from fastcnn.training.checkpoint import load_checkpoint
    from fastcnn.zoo import recipes

    settle()
    pictures = Packed([(np.zeros((5100, 1, 28, 28), np.uint8), np.arange(5100) % 10)])
    training = chinese.program.pages.training
    checkpoint, target = training.checkpoint(), training.target()
    with monkeypatch.context() as killed:
        killed.setattr(Path, "unlink", lambda path, missing_ok=False: None)
        Run(checkpoint, target.with_name("first.safetensors"), Curves()).train(1, pictures, resume=False)
    learned = load_checkpoint(checkpoint).groups["best"]  # as at the end of a training
    other = dataclasses.replace(recipes.RECIPES["paper"], batch_size=50)
    monkeypatch.setitem(recipes.RECIPES, "paper", other)
    monkeypatch.setattr(training_module, "training_pictures", lambda _between: pictures)
    training.restore()
    _click(chinese, "resumeTrainingButton")
    qtbot.waitUntil(lambda: not training.is_active, timeout=60_000)
    check("begun by another version")
    settle()
    kept = load_network(target).state_arrays()
    assert learned and all((kept[name] == array).all() for name, array in learned.items())
    assert chinese.networkCombo.findData(str(target)) >= 0 and not checkpoint.exists()
    assert training.state.value == "idle"


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


def _mnist_of(folder):
    return lambda **_: load_mnist(normalize=False, data_dir=folder)[1]


def _web_page(folder):
    folder.mkdir()
    for name in MNIST_FILES:
        (folder / name).write_bytes(b"<html></html>")


@pytest.mark.parametrize(
    ("make", "part"),
    [(_nothing, "is not a folder"), (Path.mkdir, "has no"), (_web_page, "is a web page and not an IDX file")],
)
def test_test_pictures_that_are_missing_or_damaged(chinese, check, tmp_path, monkeypatch, make, part):
    make(tmp_path / "mnist")
    monkeypatch.setattr(load, "read_mnist", _mnist_of(tmp_path / "mnist"))
    engine.test_pictures.cache_clear()
    chinese.modeCombo.setCurrentIndex(0)
    chinese.drawButton.click()
    check(part)


def test_a_training_whose_numbers_leave_the_floats(qtbot, chinese, check, monkeypatch):
    def diverge(self, *args, **more):
        self._added(0.0, [(0, 1, math.nan)], SimpleNamespace(done=0), 4)

    monkeypatch.setattr(Trainer, "fit", diverge)
    training = chinese.program.pages.training
    _click(chinese, "startTrainingButton")
    qtbot.waitUntil(lambda: not training.is_active, timeout=60_000)  # it reads MNIST first
    assert "nan" in _shown(chinese)
    check("the loss became nan in epoch 1, step 1 of 4; a lower learning rate")


def test_a_system_error_that_names_no_file(chinese):
    told = failure(OSError(errno.ENOSPC, "No space left on device"))
    assert words.notice_words(told) == "操作失败：磁盘空间不足"


def test_a_fault_of_the_program_itself(chinese, settle, monkeypatch):
    def fail(*args, **more):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(learning, "learn", fail)
    monkeypatch.setattr("fastcnn.gui.logic.hand.learn", fail)
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
    sentence = Sentence("a sentence of {when}", when="tomorrow")
    assert failures.failure_words(sentence) == "原因已记入日志"
    chinese.program.use_language("en")
    assert failures.failure_words(sentence) == "a sentence of tomorrow"
