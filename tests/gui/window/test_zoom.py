"""Everything painted follows the zoom: each text that the program paints, and each button's icon."""

from __future__ import annotations

import re

import pytest
from PyQt5.QtGui import QFont, QFontInfo, QFontMetrics, QPainter
from PyQt5.QtWidgets import QAbstractButton, QLabel, QScrollArea, QWidget

from fastcnn.gui.logic.lesson.files import SECTIONS, read_lesson, shipped
from fastcnn.gui.widgets import colors
from fastcnn.gui.widgets.lesson.strip import NAME_PX
from fastcnn.gui.widgets.plots import Plot

SIZE = 1280, 900
ROUNDING_PX = 1.5  # a font has whole pixels, and cells of a matrix too
LEAST_PX = 8  # of a legible number


@pytest.fixture
def painted(monkeypatch):
    """The sizes of the painted texts, by widget and text."""
    sizes: dict[tuple[str, str], int] = {}
    original = QPainter.drawText

    def draw(painter, *args):
        text = next((str(each) for each in args if isinstance(each, str)), "")
        widget = painter.device()
        name = widget.objectName() or type(widget.parent()).__name__ if isinstance(widget, QWidget) else ""
        sizes[name, text] = max(sizes.get((name, text), 0), QFontInfo(painter.font()).pixelSize())
        return original(painter, *args)

    monkeypatch.setattr(QPainter, "drawText", draw)
    return sizes


def _lesson(window, settle):
    program = window.program
    settle()
    program.pages.networks.choose("paper")
    window.numberSpin.setValue(247)
    settle()
    window.tabs.setCurrentWidget(program.pages.lesson)
    settle()
    return program.pages.classroom.page


def _numbers(painted):
    """The sizes of the numbers that were painted."""
    return [size for (_, text), size in painted.items() if text and set(text) <= set("+−·0123456789.")]


def _places(window, settle):
    """Open every page, every station of the lesson and each of its sections; yields a name for each."""
    lesson = _lesson(window, settle)
    for station in range(len(lesson.teacher.shown.stages)):
        lesson.sections.setCurrentIndex(0)
        lesson.teacher.open(station)
        lesson.teacher.choose_unit(0)
        lesson.teacher.move(3, 3)
        settle()
        yield f"station {station}"
    for index, section in enumerate(SECTIONS):
        lesson.teacher.open(1)
        lesson.sections.setCurrentIndex(index)
        settle()
        yield section
    lesson.sections.setCurrentIndex(0)
    for page in range(window.tabs.count()):
        window.tabs.setCurrentIndex(page)
        settle()
        yield f"page {page}"


@pytest.mark.slow  # measures the network and opens every page twice
def test_painted_texts_and_icons_are_twice_as_large_at_zoom_2(window, settle, painted):
    window.program.pages.browser.measure()
    settle()
    seen = []
    for zoom in (100, 200):
        window.program.use_zoom(zoom)
        window.resize(*(side * zoom // 100 for side in SIZE))
        settle()
        texts, icons = {}, {}
        for place in _places(window, settle):
            settle()  # new buttons get their places
            painted.clear()
            window.grab()
            texts |= {(place, *key): size for key, size in painted.items()}
            for button in window.findChildren(QAbstractButton):
                if button.isVisible() and not button.icon().isNull():
                    icons[place, button.objectName()] = button.iconSize().width()
        seen.append((texts, icons))
    for small, large in zip(*seen, strict=True):
        common = small.keys() & large.keys()
        assert len(common) > 0.9 * len(small) and len(common) > 50
        wrong = {key: (small[key], large[key]) for key in common if abs(large[key] - 2 * small[key]) > 2 * ROUNDING_PX}
        assert wrong == {}


@pytest.mark.parametrize("language", ["en", pytest.param("zh_CN", marks=pytest.mark.slow)])
def test_a_screen_of_1024_by_768_has_room_for_the_whole_lesson(window, settle, language):
    window.program.use_language(language)
    lesson = _lesson(window, settle)
    window.resize(1024, 768)
    scroll = lesson.findChild(QScrollArea, "lessonScroll")
    shown = 0
    for place in _places(window, settle):
        if scroll.isVisible():  # a page that is not shown is not laid out
            shown += 1
            assert (scroll.verticalScrollBar().maximum(), scroll.horizontalScrollBar().maximum()) == (0, 0), place
    assert shown > len(SECTIONS)


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.slow), "zh_CN"])
def test_a_screen_of_1024_by_768_has_room_for_every_step_of_every_lesson(window, settle, language):
    window.program.use_language(language)
    page = _lesson(window, settle)
    window.resize(1024, 768)
    scroll = page.findChild(QScrollArea, "lessonScroll")
    for path in shipped():
        page.card._start(path)
        for step in range(len(read_lesson(path).steps)):
            settle(turns=3)
            assert (scroll.verticalScrollBar().maximum(), scroll.horizontalScrollBar().maximum()) == (0, 0), (
                path,
                step,
            )
            cut = [
                label.text()
                for label in page.findChildren(QLabel)
                if label.isVisible() and not label.wordWrap() and label.width() < label.sizeHint().width()
            ]
            assert cut == []
            page.card.next.click()
        page.card.stop.click()


@pytest.mark.parametrize(("height", "keys"), [(720, False), (800, True)])
def test_the_line_of_keys_is_there_where_it_is_whole(window, settle, height, keys):
    lesson = _lesson(window, settle)
    lesson.teacher.open(1)
    window.resize(1280, height)
    settle(turns=3)
    assert lesson.keys.isVisible() == keys
    assert lesson.findChild(QScrollArea, "lessonScroll").verticalScrollBar().maximum() == 0


def test_the_numbers_of_a_convolution_are_legible_at_1024_by_768(window, settle, painted):
    lesson = _lesson(window, settle)
    window.resize(1024, 768)
    lesson.teacher.open(1)
    settle()
    painted.clear()
    lesson.look.convolution.grab()
    assert len(_numbers(painted)) > 10 and min(_numbers(painted)) >= LEAST_PX


def test_the_words_under_the_last_layers_are_as_large_as_small_words_at_1024_by_768(window, settle, painted):
    lesson = _lesson(window, settle)
    window.resize(1024, 768)
    settle(3)
    painted.clear()
    for button in lesson.strip.buttons[-2:]:
        button.grab()
    words = {text: size for (_, text), size in painted.items() if text.startswith("10 ")}
    assert words.keys() == {"10 scores", "10 probabilities"} and min(words.values()) >= NAME_PX


@pytest.mark.parametrize(
    ("zoom", "size"),
    [
        pytest.param(150, (1280, 800), marks=pytest.mark.slow),
        (200, (1280, 800)),
        pytest.param(200, (1920, 1200), marks=pytest.mark.slow),
    ],
)
def test_a_large_zoom_needs_no_scrolling_to_the_side_in_the_lesson(window, settle, zoom, size):
    lesson = _lesson(window, settle)
    window.program.use_zoom(zoom)
    window.resize(*size)
    scroll = lesson.findChild(QScrollArea, "lessonScroll")
    for place in _places(window, settle):
        assert scroll.horizontalScrollBar().maximum() == 0, place


def _html_px(item):
    return int(re.findall(r"font-size:(\d+)px", item.toHtml())[-1])


def _sizes_of_plots(window):
    found = {}
    for plot in window.findChildren(Plot):
        plot.make()
        item = plot._plot.getPlotItem()
        bottom = item.getAxis("bottom")
        found[plot.objectName()] = (
            *(_html_px(part) for part in (item.titleLabel.item, bottom.label)),
            bottom.style["tickFont"].pixelSize(),
        )
    return found


def test_plots_follow_the_zoom_there_and_back(window, settle):
    settle()
    seen = []
    for zoom in (100, 200, 100):
        window.program.use_zoom(zoom)
        settle()
        seen.append(_sizes_of_plots(window))
    assert seen[0] == seen[2] and len(seen[0]) == 4
    for name, sizes in seen[0].items():
        assert seen[1][name] == tuple(2 * size for size in sizes), name


def test_the_digit_to_draw_follows_the_zoom(window, settle):
    settle()
    label = window.findChild(QWidget, "askedDigit")
    small = label.fontInfo().pixelSize()
    window.program.use_zoom(200)
    assert label.fontInfo().pixelSize() == 2 * small >= 60


def test_parts_that_shrink_keep_twice_the_room_at_zoom_2(window, settle):
    settle()
    window.resize(1280, 800)
    names = ("confusionMatrix", "lossPlot", "groupChart", "drawingsList")
    parts = [window.findChild(QWidget, name) for name in names]
    small = [part.minimumSizeHint().height() for part in parts]
    window.program.use_zoom(200)
    for part, before in zip(parts, small, strict=True):
        page = next(index for index in range(window.tabs.count()) if window.tabs.widget(index).isAncestorOf(part))
        window.tabs.setCurrentIndex(page)
        settle()
        settle()  # a scroll area gives the room in a second turn
        assert part.height() >= part.minimumSizeHint().height() >= 1.4 * before, part.objectName()


def test_the_open_layers_name_can_be_read_in_the_dark(window, settle, monkeypatch):
    lesson = _lesson(window, settle)
    window.program.use_theme("dark")
    lesson.teacher.open(1)
    settle()
    pens = {}
    original = QPainter.drawText

    def draw(painter, *args):
        pens[args[-1]] = painter.pen().color().name()
        return original(painter, *args)

    monkeypatch.setattr(QPainter, "drawText", draw)
    lesson.strip.buttons[1].grab()
    assert pens["Convolution"] == colors.name_of("accent")  # its contrast is that of test_colors


def test_a_narrow_convolution_shows_its_captions_whole(window, settle, painted):
    lesson = _lesson(window, settle)
    lesson.teacher.open(1)
    settle()
    view = lesson.look.convolution
    view.resize(240, view.minimumSizeHint().height())  # it is wide now
    view.resize(240, view.minimumSizeHint().height())
    painted.clear()
    view.grab()
    words = next(text for _, text in painted if text.startswith("window"))
    font = QFont(view.font())
    font.setPixelSize(painted["lessonConvolution", words])
    assert QFontMetrics(font).horizontalAdvance(words) <= (240 - 22) / 2 + 2  # two stand side by side
    assert len(_numbers(painted)) > 10 and min(_numbers(painted)) >= LEAST_PX


@pytest.mark.parametrize(("size", "keys"), [((1024, 768), False), ((1280, 800), True)])
def test_the_epochs_stand_on_the_lesson_without_scrolling(window, settle, size, keys):
    settle()
    window.program.pages.networks.choose("paper")
    window.numberSpin.setValue(247)
    window.tabs.setCurrentWidget(window.program.pages.lesson)
    settle()
    page = window.program.pages.classroom.page
    window.program.pages.classroom.teacher.open(1)
    page.show_epochs((0, 1, 2, 3), (None, 0.8, 0.9, 0.91), 2)
    page.show_lesson(page._shown)
    window.resize(*size)
    settle(turns=3)
    assert page.epochs.isVisible() and page.keys.isVisible() == keys
    assert page.findChild(QScrollArea, "lessonScroll").verticalScrollBar().maximum() == 0
