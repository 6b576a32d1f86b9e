"""The lesson's page through its widgets: what it shows against the network's own weights, in plain NumPy."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from PyQt5.QtCore import QPoint, Qt
from PyQt5.QtGui import QImage
from PyQt5.QtWidgets import QComboBox, QLabel, QPushButton, QToolButton, QWidget

from fastcnn import load_network
from fastcnn.gui.logic.engine import test_pictures as load_pictures
from fastcnn.gui.logic.lesson.stages import Kind
from fastcnn.gui.widgets.lesson import affine_view
from fastcnn.gui.widgets.lesson.strip import GAP
from fastcnn.layers import Affine, AvgPool2d, BatchNorm2d, Concat, Conv2d, Flatten, GlobalAvgPool, ReLU, Residual
from fastcnn.network.sequential import Sequential
from fastcnn.zoo.bundled import bundled, find_model

NUMBER = 582  # an 8 that the paper's network reads as a 2


@pytest.fixture
def lesson(window, settle):
    """The page, with the paper's network and a picture, and the frame at row 4, column 14 of filter 8."""
    program = window.program
    settle()
    program.pages.networks.choose("paper")
    window.numberSpin.setValue(NUMBER)
    settle()
    page = program.pages.classroom.page
    window.tabs.setCurrentWidget(program.pages.lesson)
    settle()
    return page


@pytest.fixture
def paper():
    """The paper's network, and the picture."""
    field = load_pictures()[0][NUMBER, 0] / np.float32(255)
    return load_network(find_model(bundled("paper"))[1]), field.astype(np.float64)


def _open(page, kind, unit=7, row=3, column=13):
    stages = page.teacher.shown.stages
    page.strip.buttons[[stage.kind for stage in stages].index(kind)].click()
    page.teacher.choose_unit(unit)
    page.teacher.move(row, column)


def _number(text):
    return Decimal(text.replace("−", "-"))


def _weights(network, name):
    return {each: network.parameters[f"{name}.{each}"].array.astype(np.float64) for each in ("weight", "bias")}


def _conv(network, field):
    weights = _weights(network, "0")
    windows = np.lib.stride_tricks.sliding_window_view(field, (5, 5))
    return np.einsum("pqrs,krs->kpq", windows, weights["weight"][:, 0]) + weights["bias"][:, None, None]


def _affine(network, name, x):
    weights = _weights(network, name)
    return x @ weights["weight"] + weights["bias"]


def _logits(network, field):
    maps = np.maximum(_conv(network, field), 0)
    pooled = maps.reshape(30, 12, 2, 12, 2).max(axis=(2, 4))
    return _affine(network, "6", np.maximum(_affine(network, "4", pooled.ravel()), 0))


def test_steps_with_shares_say_why_these_differ_from_the_windows_result(lesson):
    network = lesson.teacher.shown.network
    assert network.temperature != 1
    for kind in (Kind.PICTURE, Kind.SOFTMAX):
        _open(lesson, kind)
        assert f"divides the scores by {network.temperature:.2f}" in lesson.note.text()
    _open(lesson, Kind.CONVOLUTION)
    assert lesson.note.text() == ""


def test_strip_shows_all_layers_with_their_sizes_and_a_click_opens_one(qtbot, lesson):
    names = [button.accessibleName() for button in lesson.strip.buttons if not button.isHidden()]
    assert names == [
        "Picture, 28 × 28", "Convolution, 30 × 24 × 24", "ReLU, 30 × 24 × 24", "Max pooling, 30 × 12 × 12",
        "Affine, 100", "Affine, 10 scores", "Softmax, 10 probabilities",
    ]  # fmt: skip
    qtbot.mouseClick(lesson.strip.buttons[3], Qt.LeftButton)
    assert lesson.findChild(QLabel, "stationLabel").text() == "Layer 4 of 7: Max pooling"
    assert lesson.look.stack.currentWidget() is lesson.look.pool
    assert lesson.strip.buttons[3].isChecked()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_strong_features_stand_out_from_the_card_in_both_themes(window, lesson, settle, theme):
    window.program.use_theme(theme)
    settle()
    button = lesson.strip.buttons[4]
    features = lesson.teacher.shown.stages[4].out
    assert features.shape == (100,) and features.min() == 0
    picture = button.grab().toImage().convertToFormat(QImage.Format_Grayscale8)
    width, height = picture.width(), picture.height()
    middle = [picture.pixelColor(x, y).value() for x in range(12, width - 12) for y in range(40, height - 40)]
    assert (np.median(middle) > 200) == (theme == "light")  # most features are zero, as dark or light as the card
    assert max(middle) - min(middle) > 200


def test_number_of_the_convolution_is_that_of_the_map_to_the_last_digit(lesson, paper):
    network, field = paper
    maps = _conv(network, field)
    rng = np.random.default_rng(0)
    for _ in range(60):
        filter_, row, column = rng.integers(30), rng.integers(24), rng.integers(24)
        _open(lesson, Kind.CONVOLUTION, int(filter_), int(row), int(column))
        lines = dict(lesson.look.convolution.lines)
        shown = lesson.teacher.shown.stage.out[filter_, row, column]
        assert shown == pytest.approx(maps[filter_, row, column], abs=1e-12)
        assert _number(lines["= output"]) == Decimal(f"{maps[filter_, row, column]:.3f}")
        assert _number(lines["sum"]) + _number(lines["+ bias"]) == _number(lines["= output"])
        assert _number(lines["ReLU"]) == max(Decimal(0), _number(lines["= output"]))


def test_frame_is_dragged_and_moved_by_keys(qtbot, lesson):
    _open(lesson, Kind.CONVOLUTION)
    plane, look = lesson.look.plane, lesson.look
    assert look.heading.text() == "Filter 8 of 30, at row 4, column 14"
    assert plane.frame == (3, 13, 5, 5)
    qtbot.mousePress(plane, Qt.LeftButton, pos=plane.pixel_center(12, 10).toPoint())
    assert plane.frame == (10, 8, 5, 5)  # its centre is the pixel
    qtbot.mouseMove(plane, plane.pixel_center(27, 27).toPoint())
    qtbot.mouseRelease(plane, Qt.LeftButton, pos=plane.pixel_center(27, 27).toPoint())
    lesson.teacher.move(10, 23)
    for key, words in (
        (Qt.Key_Right, "Filter 8 of 30, at row 12, column 1"),
        (Qt.Key_Left, "Filter 8 of 30, at row 11, column 24"),
        (Qt.Key_Down, "Filter 9 of 30, at row 11, column 24"),
        (Qt.Key_Up, "Filter 8 of 30, at row 11, column 24"),
    ):
        qtbot.keyClick(plane, key)
        assert look.heading.text() == words
    qtbot.keyClick(plane, Qt.Key_PageDown)
    assert lesson.findChild(QLabel, "stationLabel").text() == "Layer 3 of 7: ReLU"


def test_arrow_keys_are_the_pages_after_a_click_on_a_button(qtbot, lesson, settle):
    """A lesson says: take other filters with the arrow keys. Qt moved the focus from its button instead."""
    _open(lesson, Kind.CONVOLUTION)
    button = lesson.findChild(QPushButton, "lessonStartButton")
    button.setFocus()
    for key, words in ((Qt.Key_Down, "Filter 9 of 30, at row 4"), (Qt.Key_Right, "column 15")):
        qtbot.keyClick(button, key)
        assert words in lesson.look.heading.text()
    qtbot.keyClick(button, Qt.Key_Space)  # what else a button's keys do stays
    settle()
    assert lesson.guide.step is not None


def test_the_names_of_narrow_layers_do_not_touch(lesson):
    for button in lesson.strip.buttons[2:4]:  # neither is marked
        button.resize(button.minimumSizeHint())
        row = button.grab().toImage().copy(0, GAP, button.width(), 5 * GAP)
        inks = [{row.pixel(x, y) for y in range(row.height())} for x in range(row.width())]
        sides = [*inks[: GAP // 2], *inks[-GAP // 2 :]]
        assert max(map(len, inks)) > 1 == max(map(len, sides)), button.text()


def test_the_strip_of_a_smaller_network_is_shorter_at_once(qtbot, window, lesson, settle):
    window.resize(1280, 800)
    window.program.pages.networks.choose("default")
    settle()
    settle()
    assert lesson.strip.horizontalScrollBar().maximum() > 0
    window.program.pages.networks.choose("paper")
    settle()
    assert lesson.strip.horizontalScrollBar().maximum() == 0


def test_space_plays_place_by_place_and_stops(qtbot, lesson):
    _open(lesson, Kind.CONVOLUTION)
    lesson.player.timer.setInterval(1)
    qtbot.keyClick(lesson.look.plane, Qt.Key_Space)
    qtbot.waitUntil(lambda: lesson.teacher.shown.place.row >= 4, timeout=20_000)
    qtbot.keyClick(lesson.look.plane, Qt.Key_Space)
    assert not lesson.player.timer.isActive()
    _open(lesson, Kind.CONVOLUTION, 7, 23, 22)
    lesson.findChild(QToolButton, "playButton").click()
    qtbot.waitUntil(lambda: not lesson.player.timer.isActive(), timeout=20_000)  # the map is at its end
    place = lesson.teacher.shown.place
    assert (place.row, place.column) == (23, 23)


def test_pool_marks_the_largest_of_four(lesson, paper):
    maps = np.maximum(_conv(*paper), 0)
    for unit, row, column in ((7, 1, 6), (3, 5, 5), (23, 8, 4)):
        _open(lesson, Kind.MAX_POOL, unit, row, column)
        window = maps[unit, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        at = np.unravel_index(window.argmax(), (2, 2))
        words = f"largest: row {at[0] + 1}, column {at[1] + 1} of the window, {window.max():.3f}"
        assert lesson.look.pool.words == words
        assert lesson.look.plane.frame == (2 * row, 2 * column, 2, 2)


@pytest.mark.parametrize("layer", ["4", "6"])
def test_evidence_adds_up_exactly_to_the_score(lesson, paper, layer):
    network, field = paper
    pooled = np.maximum(_conv(network, field), 0).reshape(30, 12, 2, 12, 2).max(axis=(2, 4)).ravel()
    inner = _affine(network, "4", pooled)
    scores = inner if layer == "4" else _affine(network, "6", np.maximum(inner, 0))
    index = {"4": 4, "6": 5}[layer]
    for unit in (2, 8):
        lesson.strip.buttons[index].click()
        lesson.teacher.choose_unit(unit)
        rows = [(words, Decimal(f"{value:.2f}")) for words, value in lesson.look.affine.rows]
        ends = [words for words, _ in rows].index("= output" if layer == "4" else "= score")
        assert sum(value for _, value in rows[:ends]) == rows[ends][1] == Decimal(f"{scores[unit]:.2f}")


def test_softmax_shows_each_term_and_the_loss(lesson, paper):
    logits = _logits(*paper)
    shares = np.exp(logits) / np.exp(logits).sum()
    _open(lesson, Kind.SOFTMAX)
    for digit, row in enumerate(lesson.look.softmax.rows[1:11]):
        assert row[0] == str(digit)
        assert _number(row[1]) == Decimal(f"{logits[digit]:.3f}")
        assert row[3] == f"{100 * shares[digit]:.2f}%"
        assert _number(row[4]) == Decimal(f"{-np.log(shares[digit]):.3f}")


def test_a_click_flips_a_pixel_and_it_can_be_taken_back(qtbot, lesson, paper, settle):
    network, field = paper
    _open(lesson, Kind.PICTURE)
    plane = lesson.look.plane
    before = lesson.look.picture.answer.text()
    qtbot.mouseClick(plane, Qt.LeftButton, pos=plane.pixel_center(0, 0).toPoint())
    settle()
    changed = field.copy()
    changed[0, 0] = 1
    logits = _logits(network, changed)
    share = np.exp(logits[2]) / np.exp(logits).sum()
    first, second = lesson.look.picture.answer.text().split("\n")
    assert first == f"The network reads: 2, {100 * share:.1f}%"
    assert second == before.replace("The network reads", "The unchanged picture")
    lesson.findChild(QPushButton, "pixelUndoButton").click()
    settle()
    assert lesson.look.picture.answer.text() == before
    lesson.findChild(QPushButton, "pixelRedoButton").click()
    settle()
    assert lesson.teacher.shown.flips.changed == [(0, 0)]
    lesson.findChild(QPushButton, "pixelResetButton").click()
    settle()
    assert lesson.teacher.shown.flips.changed == []


def test_pixels_are_flipped_by_keyboard(qtbot, lesson, settle):
    _open(lesson, Kind.PICTURE, 0, 2, 3)
    plane = lesson.look.plane
    for key in (Qt.Key_Right, Qt.Key_Down, Qt.Key_Return):
        qtbot.keyClick(plane, key)
    settle()
    assert plane.frame == (3, 4, 1, 1)
    assert lesson.teacher.shown.flips.changed == [(3, 4)]
    _open(lesson, Kind.CONVOLUTION)
    qtbot.keyClick(plane, Qt.Key_Return)
    settle()
    assert lesson.teacher.shown.flips.changed == [(3, 4)]


def test_the_one_pixel_that_fools_it_is_found_and_changed(lesson, paper, settle):
    network, field = paper
    _open(lesson, Kind.PICTURE)
    lesson.findChild(QPushButton, "foolButton").click()
    settle()
    ((row, column),) = lesson.teacher.shown.flips.changed
    changed = field.copy()
    changed[row, column] = 0 if field[row, column] >= 0.5 else 1
    assert _logits(network, field).argmax() == 2
    assert _logits(network, changed).argmax() == 8
    assert lesson.look.picture.answer.text().startswith("The network reads: 8,")


def test_one_step_moves_the_filter_against_the_gradient_and_raises_the_share(lesson, paper, settle):
    network, _ = paper
    _open(lesson, Kind.CONVOLUTION)
    lesson.sections.setCurrentIndex(1)
    settle()
    assert lesson.learn.label.currentText() == "8"  # the true digit is proposed
    (_, before), (_, gradient), (_, after) = lesson.learn.view.matrices()
    np.testing.assert_allclose(before, network.parameters["0.weight"].array[7, 0], rtol=0)
    np.testing.assert_allclose(after, before - 0.01 * gradient, rtol=1e-12)
    assert np.abs(gradient).max() > 0
    learned = lesson.learn.view._learned
    assert learned.shares_after[8] > learned.shares_before[8]
    words = f"probability of the 8: {100 * learned.shares_before[8]:.2f}% → {100 * learned.shares_after[8]:.2f}%"
    assert lesson.learn.view.words.startswith(words)
    lesson.learn.rate.setCurrentIndex(0)
    lesson.learn.rate.activated.emit(0)
    settle()
    smaller = lesson.learn.view._learned
    assert smaller.lr == 0.001
    assert learned.shares_before[8] < smaller.shares_after[8] < learned.shares_after[8]


def test_colours_share_one_scale_as_chosen(lesson):
    _open(lesson, Kind.CONVOLUTION)
    combo, legend = lesson.findChild(QComboBox, "scaleCombo"), lesson.colors.legend
    shown = lesson.teacher.shown
    inner = max(np.abs(stage.out).max() for stage in shown.stages[1:-1])
    for index, limit in enumerate((np.abs(shown.stage.out[7]).max(), np.abs(shown.stage.out).max(), inner)):
        combo.setCurrentIndex(index)
        combo.activated.emit(index)
        assert legend.ends() == (f"−{limit:.2f}", f"{limit:.2f}")


def test_two_networks_are_compared_on_the_same_picture(lesson, settle):
    lesson.sections.setCurrentIndex(2)
    lesson.compare.models.setCurrentText("committee")
    lesson.compare.models.activated.emit(lesson.compare.models.currentIndex())
    settle()
    names = [button.accessibleName() for button in lesson.compare.strip.buttons if not button.isHidden()]
    assert names[0] == "Picture, 28 × 28" and names[-1] == "Softmax, 10 probabilities" and len(names) > 7
    first, second = lesson.teacher.shown.stages[-1].out, lesson.teacher.shown.rival[-1].out
    words = f"Above: 2, {100 * first.max():.1f}%. Below: {second.argmax()}, {100 * second.max():.1f}%."
    assert lesson.compare.answers.text() == words


def test_a_drawing_goes_through_the_network_too(lesson, window, settle):
    from tests.gui.mouse import SEVEN, draw

    window.modeCombo.setCurrentIndex(1)
    assert lesson.empty.isVisible() and not lesson.strip.isVisible()
    draw(window.canvas, SEVEN)
    settle()
    seen = window.program.presenter.answer.input
    assert (lesson.teacher.shown.stages[0].out[0] == seen).all()
    assert lesson.strip.isVisible()


def _composite():
    inner = [Conv2d(6, 3, padding=1), BatchNorm2d(), ReLU()]
    return Sequential(
        [
            Conv2d(6, 3, stride=2, padding=1), ReLU(), Residual(*inner), AvgPool2d(2),
            Concat([Conv2d(4, 1)], [Conv2d(4, 3, padding=1, groups=2)]), GlobalAvgPool(), Affine(10),
        ],
        input_shape=(1, 28, 28), seed=3,
    )  # fmt: skip


def test_any_sequential_can_be_looked_at_station_by_station(lesson, window, settle, tmp_path):
    network = _composite()
    path = tmp_path / "own.safetensors"
    network.save(path)
    window.program.pages.networks.choose(str(path))
    settle()
    shown = lesson.teacher.shown
    kinds = [stage.kind for stage in shown.stages]
    assert Kind.SUM in kinds and Kind.CONCAT in kinds and Kind.NORM in kinds and Kind.MEAN_POOL in kinds
    field = (load_pictures()[0][NUMBER] / np.float32(255))[np.newaxis]
    expected = network.forward(field)[0]
    np.testing.assert_allclose(shown.stages[-1].x, expected, rtol=1e-4, atol=1e-5)
    for index in range(len(kinds)):
        lesson.strip.buttons[index].click()
        lesson.teacher.move(2, 3)
        lesson.teacher.unit(1)
        assert lesson.grab().width() > 0
        stage, place = lesson.teacher.shown.stage, lesson.teacher.shown.place
        if stage.kind is Kind.CONVOLUTION:
            lines = dict(lesson.look.convolution.lines)
            parts = [_number(value) for words, value in lines.items() if words.startswith(("sum", "+"))]
            assert sum(parts) == _number(lines["= output"])
            assert _number(lines["= output"]) == Decimal(f"{stage.out[place.unit, place.row, place.column]:.3f}")


def test_a_network_without_convolution_can_be_looked_at(lesson, window, settle, tmp_path):
    path = tmp_path / "flat.safetensors"
    Sequential([Flatten(), Affine(12), ReLU(), Affine(10)], input_shape=(1, 28, 28), seed=1).save(path)
    window.program.pages.networks.choose(str(path))
    settle()
    for index in range(len(lesson.teacher.shown.stages)):
        lesson.strip.buttons[index].click()
        assert lesson.grab().width() > 0
    lesson.sections.setCurrentIndex(1)
    settle()
    assert lesson.learn.view.matrices()[0][1].shape == (28, 28)


def test_the_page_is_whole_in_a_small_window(lesson, window):
    window.resize(1024, 768)
    right = lesson.mapTo(window, QPoint(lesson.width(), 0)).x()
    assert right <= window.width() <= 1024
    for button in lesson.findChildren(QWidget):
        if button.isVisible() and isinstance(button, QPushButton | QToolButton) and button.objectName()[0].islower():
            assert button.mapTo(lesson, QPoint(button.width(), 0)).x() <= lesson.width(), button.objectName()


def test_every_part_has_a_name_for_a_screen_reader(lesson):
    lesson.look.plane.setFocus()
    nameless = [
        widget.objectName()
        for widget in lesson.findChildren(QWidget)
        if widget.focusPolicy() & Qt.TabFocus
        and widget.objectName()
        and not widget.objectName().startswith("qt_")
        and not (widget.accessibleName() or getattr(widget, "text", str)())
    ]
    assert nameless == []


def test_nothing_is_looked_at_while_the_page_is_hidden(window, settle):
    settle()
    assert window.program.pages._classroom is None  # the start does not wait for it
    window.numberSpin.setValue(7)
    settle()
    assert window.program.pages.classroom.teacher.shown is None


def test_the_keys_of_the_open_layer_are_shown_and_do_what_they_say(qtbot, window, lesson, settle):
    keys = lesson.findChild(QLabel, "lessonKeys")
    window.resize(1280, 900)  # lower, a message leaves no room for them
    _open(lesson, Kind.PICTURE, 0, 2, 3)
    settle()
    assert keys.isVisible() and "Return flips it" in keys.text() and "another pixel" in keys.text()
    _open(lesson, Kind.CONVOLUTION)
    assert "← → step" in keys.text() and "↑ ↓ another filter" in keys.text() and "Space plays" in keys.text()
    _open(lesson, Kind.MAX_POOL)
    assert "↑ ↓ another map" in keys.text()
    lesson.strip.buttons[5].click()
    assert "← → ↑ ↓ another output" in keys.text()
    unit = lesson.teacher.shown.place.unit
    for key, by in ((Qt.Key_Right, 1), (Qt.Key_Down, 2), (Qt.Key_Left, 1), (Qt.Key_Up, 0)):
        qtbot.keyClick(lesson.look.plane, key)
        assert lesson.teacher.shown.place.unit == (unit + by) % 10
    qtbot.keyClick(lesson.look.plane, Qt.Key_PageUp)
    assert lesson.teacher.shown.place.index == 4


@pytest.mark.parametrize("unit", [3, 57])
def test_the_weights_of_an_affine_are_shown_as_they_are(lesson, settle, paper, monkeypatch, unit):
    """After the maps: those of the strongest four inputs for and against, each with its map's 12 × 12 weights."""
    network, field = paper
    pooled = np.maximum(_conv(network, field), 0).reshape(30, 12, 2, 12, 2).max(axis=(2, 4)).ravel()
    weights = _weights(network, "4")["weight"][:, unit]
    order = np.argsort(-(pooled * weights), kind="stable")
    shown, framed = [], []
    monkeypatch.setattr(affine_view, "paint_plane", lambda painter, box, plane, *rest, **more: shown.append(plane))
    monkeypatch.setattr(affine_view, "paint_frame", lambda painter, box, shape, place: framed.append(place[:2]))
    _open(lesson, Kind.AFFINE, unit=unit)
    settle()
    shown.clear()
    framed.clear()
    lesson.look.affine.grab()
    strongest = [*order[:4], *order[::-1][:4]]
    assert len(shown) == 8
    for plane, index in zip(shown, strongest, strict=True):
        np.testing.assert_allclose(plane, weights.reshape(30, 12, 12)[index // 144], atol=1e-6)
    assert framed == [divmod(index % 144, 12) for index in strongest]


def test_the_weights_of_the_last_affine_are_one_square(lesson, settle, paper, monkeypatch):
    """Its inputs are a hundred numbers and no maps."""
    shown = []
    monkeypatch.setattr(affine_view, "paint_plane", lambda painter, box, plane, *rest, **more: shown.append(plane))
    stages = lesson.teacher.shown.stages
    lesson.strip.buttons[max(n for n, stage in enumerate(stages) if stage.kind is Kind.AFFINE)].click()
    lesson.teacher.choose_unit(2)
    settle()
    shown.clear()
    lesson.look.affine.grab()
    (plane,) = shown
    np.testing.assert_allclose(plane, _weights(paper[0], "6")["weight"][:, 2].reshape(10, 10), atol=1e-6)
