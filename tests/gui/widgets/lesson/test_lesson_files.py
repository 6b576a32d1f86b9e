"""Epochs, gallery, lessons and worksheets, through the widgets of the window."""

from __future__ import annotations

import json
import re
import sys

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QTextDocument
from PyQt5.QtWidgets import QFileDialog, QLabel, QPushButton, QSpinBox, QWidget

from fastcnn import Trainer, load_network, paper_network
from fastcnn.errors import FastcnnError
from fastcnn.gui.logic.engine import test_pictures as load_pictures
from fastcnn.gui.logic.lesson.files import FORMAT, LANGUAGES, read_lesson, shipped
from fastcnn.gui.logic.lesson.stages import Kind
from fastcnn.gui.logic.packed import Packed
from fastcnn.gui.logic.results import Results
from fastcnn.gui.widgets.lesson import worksheet
from fastcnn.metrics import evaluate
from fastcnn.optim import SGD
from fastcnn.training.epochs import KeepEpochs, read_epochs
from tests.gui.text.test_language import _left_untranslated

TIMEOUT_MS = 300_000


@pytest.fixture
def page(window, settle):
    """The lesson's page, in front."""
    settle()
    page = window.program.pages.classroom.page
    window.tabs.setCurrentWidget(window.program.pages.lesson)
    settle()
    return page


def _click(page, name):
    button = page.findChild(QPushButton, name)
    assert button.isVisible() and button.isEnabled(), name
    button.click()


def _train(folder, name):
    """A network of two epochs on few pictures, with its epochs."""
    images, labels = load_pictures()
    trainer = Trainer(paper_network(seed=1), SGD(0.05))
    kept = KeepEpochs(folder / f"{name}.epochs")
    x = images[:400].astype(np.float32) / 255
    trainer.fit(x, labels[:400], epochs=2, batch_size=100, validation=100, seed=0, callbacks=[kept], progress=False)
    trainer.network.save(folder / f"{name}.safetensors")
    return folder / f"{name}.safetensors"


def test_epoch_slider_moves_filters_maps_and_answer(page, window, settle, tmp_path):
    path = _train(tmp_path, "own")
    assert page.epochs.isHidden()  # the training of the bundled network has left no file here
    window.program.pages.networks.choose(str(path))
    window.numberSpin.setValue(7)
    settle()
    slider, number = page.epochs.slider, page.findChild(QLabel, "epochNumber")
    assert page.epochs.isVisible() and (slider.maximum(), slider.value()) == (2, 2)
    assert number.text().startswith("2 of 2, ")
    field = load_pictures()[0][7:8] / np.float32(255)
    epochs = read_epochs(path.with_suffix(".epochs"))
    for position, network in ((0, paper_network(seed=1)), (1, epochs.network(1)), (2, load_network(path))):
        slider.setValue(position)
        settle()
        stages = page.teacher.shown.stages
        # Epoch 0 is kept in float16 where the array is large.
        np.testing.assert_allclose(stages[-1].x, network.forward(field)[0], atol=2e-3)
        weights = stages[1].layer.parameters["weight"].array
        np.testing.assert_allclose(weights, network.parameters["0.weight"].array, atol=1e-6)
    assert number.text().startswith("2 of 2")
    assert page.epochs.curve._position == 2


def test_a_training_in_the_window_keeps_its_epochs_for_the_lesson(qtbot, page, window, settle, monkeypatch):
    from fastcnn.gui.logic import training
    from fastcnn.training import samples

    images, labels = load_pictures()
    monkeypatch.setattr(samples, "VALIDATION_PICTURES", 200)
    monkeypatch.setattr(training, "training_pictures", lambda _between: Packed([(images[:400], labels[:400])]))
    pages = window.program.pages
    window.findChild(QSpinBox, "epochsSpin").setValue(2)
    pages.training.start(2)
    qtbot.waitUntil(lambda: pages.training.state.value == "done", timeout=TIMEOUT_MS)
    window.program.pages.networks.choose(str(pages.training.target()))
    window.numberSpin.setValue(7)
    settle()
    assert page.epochs.slider.maximum() == 2
    assert not pages.training.checkpoint().with_suffix(".epochs").exists()


def _results():
    """Made up: pictures 0 to 3 are read wrong, 4 is between 4 and 9, all others are right."""
    labels = load_pictures()[1]
    shares = np.full((10_000, 10), 0.001, np.float32)
    shares[np.arange(10_000), labels] = 0.99
    for number in range(4):
        shares[number] = 0.001
        shares[number, (labels[number] + 1) % 10] = 0.99
    assert labels[4] == 4
    shares[4] = 0
    shares[4, [4, 9]] = 0.6, 0.4
    return Results(labels, shares, evaluate(shares, labels), 1.0, 1.0), labels


def test_gallery_shows_mistakes_by_kind_and_look_alikes_and_opens_them(qtbot, page, window, settle):
    page.sections.setCurrentIndex(3)
    assert page.findChild(QPushButton, "galleryMeasureButton").isVisible()  # even without a picture
    gallery = page.gallery
    assert not gallery.list.isVisible()
    results, labels = _results()
    window.program.pages.classroom.measured(results)
    words = {gallery.groups.itemText(index) for index in range(gallery.groups.count())}
    assert words == {f"{labels[number]} read as {labels[number] + 1} (1)" for number in range(4)}
    gallery.groups.setCurrentText(f"{labels[2]} read as {labels[2] + 1} (1)")
    assert gallery.list.count() == 1
    box = gallery.list.visualItemRect(gallery.list.item(0))
    qtbot.mouseClick(gallery.list.viewport(), Qt.LeftButton, pos=box.center())
    settle()
    assert window.numberSpin.value() == 2
    assert page.look.isVisible() and page.teacher.shown.truth == labels[2]
    page.sections.setCurrentIndex(3)
    gallery.kinds.setCurrentIndex(1)
    assert [gallery.groups.itemText(index) for index in range(gallery.groups.count())] == ["4 or 9? (1)"]
    assert gallery.list.item(0).text() == "4"
    window.program.pages.networks.choose("paper")  # makes other mistakes
    settle()
    assert not gallery.list.isVisible()


def test_six_lessons_are_shipped_in_both_languages():
    lessons = [read_lesson(path) for path in shipped()]
    assert [lesson.title["en"] for lesson in lessons] == [
        "What a filter sees", "Why pooling", "What the fully connected layer knows", "Confidence is not accuracy",
        "How it learns", "How to fool it",
    ]  # fmt: skip
    for lesson in lessons:
        texts = [lesson.title, *(step.text for step in lesson.steps), *lesson.questions]
        assert all(text[language].strip() for text in texts for language in LANGUAGES)
        assert all(any("\u4e00" <= each <= "\u9fff" for each in text["zh_CN"]) for text in texts)
        assert 3 <= len(lesson.steps) and len(lesson.questions) >= 3


def test_each_lesson_leads_to_its_pictures_and_stations(page, window, settle):
    for number, path in enumerate(shipped()):
        lesson = read_lesson(path)
        page.card.lessons.setCurrentIndex(number)
        _click(page, "lessonStartButton")
        picture = None
        for position, step in enumerate(lesson.steps):
            settle()
            picture = picture if step.picture is None else step.picture
            assert window.numberSpin.value() == picture
            assert step.text["en"] in page.findChild(QLabel, "lessonText").text()
            if step.section == "look":
                assert page.look.isVisible()
            if step.station is not None:
                assert page.teacher.shown.stage.kind is step.station
                assert page.teacher.shown.place.unit == (step.unit or 0) or step.station is Kind.PICTURE
            hidden = {"sections": page.sections, "colors": page.colors, "pixels": page.look.picture.buttons}
            for name, part in hidden.items():
                assert part.isHidden() == (name in step.hide), (path.name, position, name)
            if position + 1 < len(lesson.steps):
                _click(page, "lessonNextButton")
        assert not page.findChild(QPushButton, "lessonNextButton").isEnabled()
        _click(page, "lessonBackButton")
        _click(page, "lessonEndButton")
        settle()
        assert page.sections.isVisible() and page.colors.isVisible()
    assert window.networkCombo.currentData() == "paper"


def test_what_the_fooling_lesson_says_is_true(page, settle):
    page.card.lessons.setCurrentIndex(5)
    _click(page, "lessonStartButton")
    settle()
    _click(page, "lessonNextButton")
    settle()
    assert page.teacher.shown.truth == page.teacher.shown.stages[-1].out.argmax() == 7
    page.look.picture.fool.click()
    settle()
    assert page.teacher.shown.stages[-1].out.argmax() == 2
    for _ in range(2):
        _click(page, "lessonNextButton")
    settle()
    answer = page.teacher.shown.stages[-1].out.argmax()
    page.look.picture.fool.click()
    settle()
    assert page.teacher.shown.stages[-1].out.argmax() == answer


@pytest.mark.parametrize("language", LANGUAGES)
def test_worksheet_of_each_lesson_is_a_pdf(page, window, settle, tmp_path, monkeypatch, language):
    window.program.use_language(language)
    for number in range(6):
        page.card.lessons.setCurrentIndex(number)
        _click(page, "lessonStartButton")
        settle()
        path = tmp_path / f"sheet-{number}.pdf"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args, path=path: (str(path), ""))
        _click(page, "lessonSheetButton")
        content = path.read_bytes()
        assert content.startswith(b"%PDF") and len(content) > 5_000
        _click(page, "lessonEndButton")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_worksheet_has_all_its_words_pictures_and_numbers(page, window, settle, tmp_path, monkeypatch, language):
    """What is printed is read from Qt's document, and the PDF must have its pages and its pictures."""
    printed = []

    class Recorded(QTextDocument):
        def print_(self, writer):
            printed.append(self.toPlainText())
            super().print_(writer)

    monkeypatch.setattr(worksheet, "QTextDocument", Recorded)
    window.program.use_language(language)
    for number, file in enumerate(shipped()):
        lesson, path = read_lesson(file), tmp_path / f"sheet-{number}.pdf"
        page.card.lessons.setCurrentIndex(number)
        _click(page, "lessonStartButton")
        settle()
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args, path=path: (str(path), ""))
        _click(page, "lessonSheetButton")
        words = printed.pop()
        wanted = [lesson.title, *(step.text for step in lesson.steps), *lesson.questions]
        places = [words.index(each[language]) for each in wanted]
        assert places == sorted(places)
        pictures = list(dict.fromkeys(step.picture for step in lesson.steps if step.picture is not None))
        assert words.count("\ufffc") == len(pictures)
        shown = page.teacher.shown
        numbers = shown.stages[1].layer.parameters["weight"].array[min(shown.place.unit, 29), 0].ravel()
        assert all(f"{abs(weight):.1f}" in words for weight in numbers if abs(weight) > 0.05)
        content = path.read_bytes()
        # A picture, and a mask of its transparency, are an object each.
        assert content.count(b"/Subtype /Image") >= len(pictures)
        (pages,) = re.findall(rb"/Type /Pages.*?/Count (\d+)", content, re.DOTALL)
        assert int(pages) == len(re.findall(rb"/Type /Page\b", content)) >= 1
        _click(page, "lessonEndButton")


def test_a_worksheet_that_cannot_be_written_is_told(page, window, settle, tmp_path, monkeypatch):
    _click(page, "lessonStartButton")
    settle()
    path = tmp_path / "missing" / "sheet.pdf"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(path), ""))
    _click(page, "lessonSheetButton")
    assert window._told.notice.name == "FAILED"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit for the size of files")
def test_a_worksheet_for_which_there_is_no_room_replaces_no_older_one(page, window, settle, tmp_path, monkeypatch):
    import resource

    _click(page, "lessonStartButton")
    settle()
    path = tmp_path / "sheet.pdf"
    path.write_bytes(b"an older one")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(path), ""))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))  # as a full disk, it ends a file in its middle
    try:
        _click(page, "lessonSheetButton")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert window._told.notice.name == "FAILED"
    assert path.read_bytes() == b"an older one"


def test_a_lesson_of_ones_own_is_opened(page, window, settle, tmp_path, monkeypatch):
    path = tmp_path / "own.json"
    both = {"en": "Look at the shares <img src='/dev/zero'>", "zh_CN": "看份额"}
    path.write_text(json.dumps({"format": FORMAT, "title": both, "steps": [{"text": both, "picture": 3}]}))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(path), ""))
    _click(page, "lessonOpenButton")
    settle()
    assert window.numberSpin.value() == 3
    text = page.findChild(QLabel, "lessonText")
    assert "Look at the shares <img" in text.text() and text.textFormat() == Qt.PlainText


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"steps": []},
        {"steps": [{"picture": 3}]},
        {"steps": [{"text": {"en": "a"}}]},
        {"steps": [{"text": {"en": "a", "zh_CN": "b"}, "picture": -1}]},
        {"steps": [{"text": {"en": "a", "zh_CN": "b"}, "picture": 10_000}]},
        {"steps": [{"text": {"en": "a", "zh_CN": "b"}, "unit": "x"}]},
        {"steps": [{"text": {"en": "a", "zh_CN": "b"}, "station": "swimming"}]},
        {"steps": [{"text": {"en": "a", "zh_CN": "b"}, "hide": ["everything"]}]},
        {"steps": [{"text": {"en": "a", "zh_CN": "b"}, "hide": [[]]}]},
        {"steps": [{"text": {"en": "a", "zh_CN": "b"}, "section": ["look"]}]},
        {"steps": [{"text": {"en": "a", "zh_CN": "b"}, "station": []}]},
        {"steps": [{"text": {"en": "a", "zh_CN": "b"}, "colour": 1}]},
        {"steps": [{"text": {"en": "a" * 5_001, "zh_CN": "b"}}]},
        {"steps": 3},
        {"steps": [{"text": {"en": "a", "zh_CN": "b"}}] * 101},
        {"questions": [{"en": "a", "zh_CN": "b"}] * 101},
        {"title": 3},
    ],
)
def test_a_wrong_lesson_file_is_refused_in_one_sentence(tmp_path, change):
    both = {"en": "a", "zh_CN": "b"}
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps({"format": FORMAT, "title": both, "steps": [{"text": both}], **change}))
    with pytest.raises(FastcnnError) as caught:
        read_lesson(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_lesson_saved_with_windows_mark_of_utf_8_is_read(tmp_path):
    path = tmp_path / "own.json"
    path.write_bytes(b"\xef\xbb\xbf" + shipped()[0].read_bytes())
    assert read_lesson(path) == read_lesson(shipped()[0])


def test_no_json_at_all_is_refused(tmp_path):
    for content in (b"\xff\xfe", b"[" * 100_000, b"{", b"3"):
        path = tmp_path / "wrong.json"
        path.write_bytes(content)
        with pytest.raises(FastcnnError):
            read_lesson(path)


def test_the_page_is_chinese_in_chinese_in_each_part(page, window, settle):
    window.numberSpin.setValue(7)
    settle()
    window.program.use_language("zh_CN")
    for index in range(len(page.teacher.shown.stages)):
        page.strip.buttons[index].click()
        settle()
        assert _left_untranslated(window) == set()
    for section in range(4):
        page.sections.setCurrentIndex(section)
        settle()
        assert _left_untranslated(window) == set()
    _click(page, "lessonStartButton")
    settle()
    assert _left_untranslated(window) == set()
    assert page.findChild(QWidget, "lessonText").text().startswith("卷积核看到了什么")
