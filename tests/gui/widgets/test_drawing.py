"""The drawing field through its widgets: undo and redo, eraser, pen, dot, keyboard, pictures in and out."""

from __future__ import annotations

import ctypes
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from PyQt5 import sip
from PyQt5.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt5.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QImage,
    QImageReader,
    QMouseEvent,
    QTabletEvent,
    QTouchDevice,
)
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QFileDialog, QInputDialog, QLabel, QMessageBox

from fastcnn import paper_network
from fastcnn.gui.logic.drawing import SIDE
from tests.gui.mouse import ONE, SEVEN, draw


@pytest.fixture
def hand(window, settle):
    window.modeCombo.setCurrentIndex(1)
    settle()
    return window


def _told(window):
    return window.findChild(QLabel, "messageLabel").text()


def test_undo_and_redo_go_through_all_steps_and_end_in_the_same_pixels(hand):
    canvas, pictures = hand.canvas, [hand.canvas.array()]
    for points in (SEVEN, ONE):
        draw(canvas, points)
        pictures.append(canvas.array())
    hand.clearButton.click()
    assert not canvas.array().any()
    for expected in (pictures[2], pictures[1], pictures[0]):
        hand.undoButton.click()
        assert (canvas.array() == expected).all()
    assert not hand.undoButton.isEnabled()
    for expected in (pictures[1], pictures[2], pictures[0]):
        hand.redoButton.click()
        assert (canvas.array() == expected).all()
    assert not hand.redoButton.isEnabled()


def test_a_new_stroke_ends_redo(hand):
    draw(hand.canvas, SEVEN)
    hand.undoButton.click()
    assert hand.redoButton.isEnabled()
    draw(hand.canvas, ONE)
    assert not hand.redoButton.isEnabled()


def test_undo_takes_the_answer_back_with_the_stroke(hand, settle):
    draw(hand.canvas, SEVEN)
    settle()
    hand.undoButton.click()
    settle()
    assert hand.resultLabel.text() == ""


def test_eraser_erases_and_can_be_undone(hand):
    draw(hand.canvas, ONE)
    drawn = hand.canvas.array()
    hand.eraserButton.click()
    draw(hand.canvas, [(0.5, 0.4), (0.5, 0.6)])
    erased = hand.canvas.array()
    assert (erased <= drawn).all() and erased.sum() < drawn.sum()
    hand.undoButton.click()
    assert (hand.canvas.array() == drawn).all()


def test_an_eraser_alone_leaves_nothing_to_recognize(hand, settle):
    hand.eraserButton.click()
    draw(hand.canvas, SEVEN)
    settle()
    assert hand.resultLabel.text() == ""


def test_pen_is_as_wide_as_the_slider_says(hand):
    widths = []
    for width in (20, 60):
        hand.widthSlider.setValue(width)
        draw(hand.canvas, [(0.2, 0.5), (0.8, 0.5)])
        widths.append(int((hand.canvas.array()[:, SIDE // 2] > 127).sum()))
        hand.clearButton.click()
    assert widths == pytest.approx([20, 60], abs=1)


def test_keys_change_the_pen_width(hand):
    before = hand.widthSlider.value()
    hand.actions_by_name["thicker"].trigger()
    assert hand.canvas.pen_width == hand.widthSlider.value() > before
    hand.actions_by_name["thinner"].trigger()
    assert hand.canvas.pen_width == before


def test_a_click_makes_a_dot(qtbot, hand):
    center = hand.canvas.rect().center()
    qtbot.mouseClick(hand.canvas, Qt.LeftButton, pos=center)
    rows, columns = np.nonzero(hand.canvas.array() > 127)
    # A disc of the pen's width, 40: its area is pi * 20^2 = 1257.
    assert len(rows) == pytest.approx(1257, rel=0.03)
    pixel = SIDE / min(hand.canvas.width(), hand.canvas.height())  # of the window, in the drawing's pixels
    assert (rows.mean(), columns.mean()) == pytest.approx((SIDE / 2, SIDE / 2), abs=pixel + 1)


def test_arrow_keys_and_space_draw(qtbot, hand, settle):
    hand.actions_by_name["focus_canvas"].trigger()
    for key, times in ((Qt.Key_Up, 12), (Qt.Key_Space, 1), (Qt.Key_Down, 24), (Qt.Key_Space, 1), (Qt.Key_Left, 3)):
        for _ in range(times):
            qtbot.keyClick(hand.canvas, key)
    settle()
    inked = np.nonzero(hand.canvas.array() > 127)
    assert inked[0].max() - inked[0].min() == pytest.approx(24 * 14 + 40, abs=3)
    assert inked[1].max() - inked[1].min() == pytest.approx(40, abs=3)
    assert hand.resultLabel.text() == "1"


def _tablet_stroke(canvas, end, points, between=lambda at: None):
    """What Qt sends for a stroke by one end of a tablet's pen."""
    last = len(points) - 1
    kinds = [QEvent.TabletPress, *[QEvent.TabletMove] * (last - 1), QEvent.TabletRelease]
    for kind, at in zip(kinds, points, strict=True):
        button = Qt.NoButton if kind == QEvent.TabletMove else Qt.LeftButton
        held = Qt.NoButton if kind == QEvent.TabletRelease else Qt.LeftButton
        event = QTabletEvent(kind, at, at, QTabletEvent.Stylus, end, 0.7, 0, 0, 0, 0, 0, Qt.NoModifier, 1, button, held)
        QApplication.sendEvent(canvas, event)
        assert event.isAccepted()
        between(at)


ACROSS = [QPointF(50, 100), QPointF(150, 100), QPointF(150, 100)]


def test_a_tablet_pen_draws(hand):
    _tablet_stroke(hand.canvas, QTabletEvent.Pen, ACROSS)
    assert len(hand.canvas.drawing.done) == 1
    assert hand.canvas.array().any()


def test_the_other_end_of_a_tablet_pen_erases_and_that_can_be_undone(hand, settle):
    draw(hand.canvas, ONE)
    drawn = hand.canvas.array()
    center = QPointF(hand.canvas.rect().center())
    _tablet_stroke(hand.canvas, QTabletEvent.Eraser, [center - QPointF(0, 30), center, center + QPointF(0, 30)])
    erased = hand.canvas.array()
    assert (erased <= drawn).all() and erased.sum() < drawn.sum()
    _tablet_stroke(hand.canvas, QTabletEvent.Pen, ACROSS)
    assert hand.canvas.array().sum() > erased.sum() and not hand.eraserButton.isChecked()
    for expected in (erased, drawn):
        hand.undoButton.click()
        assert (hand.canvas.array() == expected).all()


def test_mouse_events_that_come_with_a_pens_stroke_draw_nothing_more(hand):
    def mouse(at):
        for kind in (QEvent.MouseButtonPress, QEvent.MouseMove, QEvent.MouseButtonRelease):
            event = QMouseEvent(kind, at + QPointF(0, 60), Qt.LeftButton, Qt.LeftButton, Qt.NoModifier)
            QApplication.sendEvent(hand.canvas, event)

    _tablet_stroke(hand.canvas, QTabletEvent.Pen, ACROSS[:2] + ACROSS, lambda at: at == ACROSS[0] and mouse(at))
    (stroke,) = hand.canvas.drawing.done
    assert len({y for _, y in stroke.points}) == 1
    mouse(QPointF(100, 200))  # the mouse itself draws again
    assert len(hand.canvas.drawing.done) == 2


@pytest.fixture(scope="module")
def touch_screen(qapp):
    """A touch screen that Qt believes to be there; PyQt5 cannot register one, but the library beneath it can."""
    screen = QTouchDevice()
    screen.setType(QTouchDevice.TouchScreen)
    screen.setCapabilities(QTouchDevice.Position)
    with open("/proc/self/maps") as maps:
        library = next(line.split()[-1] for line in maps if "libQt5Gui" in line)
    register = ctypes.CDLL(library)._ZN22QWindowSystemInterface19registerTouchDeviceEPK12QTouchDevice
    register.argtypes, register.restype = [ctypes.c_void_p], None
    register(sip.unwrapinstance(screen))
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(screen))  # it is Qt's now, which deletes it in the end
    return screen


def test_a_finger_draws(hand, settle, touch_screen):
    side = min(hand.canvas.width(), hand.canvas.height())
    corner = hand.canvas.rect().center() - QPoint(side // 2, side // 2)
    places = [corner + QPoint(round(x * side), round(y * side)) for x, y in SEVEN]
    QTest.touchEvent(hand.canvas, touch_screen).press(0, places[0], hand.canvas).commit()
    for place in places[1:]:
        QTest.touchEvent(hand.canvas, touch_screen).move(0, place, hand.canvas).commit()
    QTest.touchEvent(hand.canvas, touch_screen).release(0, places[-1], hand.canvas).commit()
    settle()
    assert [len(stroke.points) for stroke in hand.canvas.drawing.done] == [len(SEVEN)]
    assert hand.resultLabel.text() == "7"


def test_a_second_finger_draws_nothing_not_even_when_the_first_has_left(hand, settle, touch_screen):
    def event():
        return QTest.touchEvent(hand.canvas, touch_screen)

    event().press(0, QPoint(50, 100), hand.canvas).commit()
    event().stationary(0).press(1, QPoint(200, 200), hand.canvas).commit()
    event().move(0, QPoint(150, 100), hand.canvas).move(1, QPoint(90, 30), hand.canvas).commit()
    event().release(0, QPoint(150, 100), hand.canvas).stationary(1).commit()
    event().move(1, QPoint(20, 20), hand.canvas).commit()
    event().release(1, QPoint(20, 20), hand.canvas).commit()
    settle()
    (stroke,) = hand.canvas.drawing.done
    assert len(stroke.points) == 2 and stroke.points[0][1] == stroke.points[1][1]


@pytest.fixture
def seven_on_paper(tmp_path):
    """A dark 7 on light paper, wide and not square."""
    picture = np.full((300, 500), 230, np.uint8)
    picture[60:85, 180:320] = 30
    for step in range(170):
        column = 300 - step // 2
        picture[80 + step, column : column + 28] = 30
    path = tmp_path / "seven.png"
    Image.fromarray(picture).save(path)
    return path


def test_open_shows_a_dark_digit_on_light_paper_as_light_on_dark(hand, settle, seven_on_paper, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(seven_on_paper), ""))
    hand.actions_by_name["open"].trigger()
    settle()
    assert hand.canvas.array()[0, 0] < 60 < 200 < hand.canvas.array().max()
    assert hand.resultLabel.text() == "7"


def drop(widget, mime):
    """Through Qt, which looks for a widget that takes it, from this one upwards."""
    enter = QDragEnterEvent(QPoint(20, 20), Qt.CopyAction, mime, Qt.LeftButton, Qt.NoModifier)
    QApplication.sendEvent(widget, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(widget, QDropEvent(QPointF(20, 20), Qt.CopyAction, mime, Qt.LeftButton, Qt.NoModifier))


def test_drop_and_paste_take_pictures(hand, settle, seven_on_paper):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(seven_on_paper))])
    drop(hand.canvas, mime)
    settle()
    dropped = hand.canvas.array()
    assert hand.resultLabel.text() == "7"
    hand.clearButton.click()
    QApplication.clipboard().setImage(QImage(str(seven_on_paper)))
    hand.actions_by_name["paste"].trigger()
    settle()
    assert (hand.canvas.array() == dropped).all()


def _clipboard_file(content):
    """A picture as another program copies it: the content of a file, which Qt offers to decode."""
    mime = QMimeData()
    mime.setData("image/png", content)
    return mime


def _copied(pixels, mode):
    content = io.BytesIO()
    Image.fromarray(pixels, mode).save(content, "PNG")
    return content.getvalue()


def _clipboard_image(content):
    mime = QMimeData()
    mime.setImageData(QImage.fromData(content).convertToFormat(QImage.Format_ARGB32_Premultiplied))
    return mime


# Transparent paper: what an erased canvas or a cut-out is; and colours, which are greyed in one place.
INKS = {
    "white on nothing": ((255, 255, 255, 255), (0, 0, 0, 0)),
    "black on nothing": ((0, 0, 0, 255), (0, 0, 0, 0)),
    "half white on nothing": ((255, 255, 255, 128), (255, 255, 255, 0)),
    "blue on pale yellow": ((20, 40, 200, 255), (250, 240, 180, 255)),
}


@pytest.mark.parametrize(
    "way", [_clipboard_file, _clipboard_image], ids=["file in the clipboard", "image in the clipboard"]
)
def test_a_copied_picture_is_read_as_the_same_file_is(hand, settle, tmp_path, way):
    digit = np.zeros((120, 90), bool)
    digit[20:32, 15:75] = True
    for step in range(70):
        digit[32 + step, 64 - step // 2 : 76 - step // 2] = True
    for name, (ink, paper) in INKS.items():
        content = _copied(np.where(digit[..., np.newaxis], ink, paper).astype(np.uint8), "RGBA")
        (tmp_path / "seven.png").write_bytes(content)
        hand.program.pictures.open(tmp_path / "seven.png")
        settle()
        opened = hand.canvas.array()
        hand.clearButton.click()
        hand.program.pictures.take(way(content))
        settle()
        assert hand.resultLabel.text() == "7", name
        # Premultiplied colours lose a grey level or two at half strength.
        assert np.abs(hand.canvas.array().astype(int) - opened).max() <= (2 if way is _clipboard_image else 0), name
        hand.clearButton.click()


def test_the_size_of_a_copied_picture_is_read_before_it_is_decoded(hand, settle, monkeypatch):
    draw(hand.canvas, SEVEN)
    drawn = hand.canvas.array()
    side = 30_000
    content = bytearray(_copied(np.zeros((1, 1), np.uint8), "L"))
    content[16:24] = struct.pack(">II", side, side)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    huge = _clipboard_file(bytes(content))
    monkeypatch.setattr(QImageReader, "read", lambda reader: pytest.fail("it is decoded"))
    hand.program.pictures.take(huge)
    settle()
    assert "more than 89 million pixels" in _told(hand)
    assert (hand.canvas.array() == drawn).all()


def test_a_damaged_copy_is_a_sentence(hand, settle):
    hand.program.pictures.take(_clipboard_file(_copied(np.zeros((9, 9), np.uint8), "L")[:50]))
    settle()
    assert "cannot be read" in _told(hand)


def _files(*paths):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


@pytest.mark.parametrize("row", [0, 1, None])
def test_of_several_files_it_asks_which_one(window, settle, seven_on_paper, tmp_path, monkeypatch, row):
    other = tmp_path / "folder" / "seven.png"  # the same name
    other.parent.mkdir()
    Image.fromarray(np.full((9, 9), 200, np.uint8)).save(other)
    asked = []
    monkeypatch.setattr(
        QInputDialog, "getItem", lambda *args: asked.append(args[3]) or (args[3][row or 0], row is not None)
    )
    mime = _files(seven_on_paper, other)
    mime.setUrls([*mime.urls(), QUrl("https://example.org/c.png")])
    drop(window.imageLabel, mime)
    assert asked == []  # the program from which they come has its answer first
    settle()
    assert [len(names) for names in asked] == [2]
    if row is None:
        assert window.modeCombo.currentIndex() == 0 and window.canvas.is_blank
    else:
        assert (window.resultLabel.text() == "7") == (row == 0)
        assert _told(window) == "One picture at a time: seven.png is taken, and 2 more are not."


@pytest.mark.parametrize("used", [True, False])
def test_a_weights_file_is_offered_as_a_network(hand, settle, tmp_path, monkeypatch, used):
    paper_network(seed=1).save(tmp_path / "net.safetensors")
    draw(hand.canvas, SEVEN)
    drawn, asked = hand.canvas.array(), []
    answer = QMessageBox.Yes if used else QMessageBox.No
    monkeypatch.setattr(QMessageBox, "question", lambda *args: asked.append(args[2]) or answer)
    drop(hand.canvas, _files(tmp_path / "net.safetensors"))
    settle()
    assert len(asked) == 1 and "net.safetensors is the file of a network" in asked[0]
    assert (hand.networkCombo.currentText() == "net") == used
    assert (hand.canvas.array() == drawn).all() and (tmp_path / "net.safetensors").exists()


DROPPED = {
    "text": "That holds no picture",
    "colour": "That holds no picture",
    "folder": "is a folder, not a picture",
    "web": "on this computer",
}


def test_whatever_else_is_dropped_is_told_to_be_no_picture(hand, settle, tmp_path):
    for kind, words in DROPPED.items():
        mime = _files(tmp_path) if kind == "folder" else QMimeData()
        if kind == "web":
            mime.setUrls([QUrl("https://example.org/c.png")])
        elif kind == "text":
            mime.setText("7")
        elif kind == "colour":
            mime.setColorData(QColor("red"))
        hand.findChild(QLabel, "messageLabel").clear()
        drop(hand.canvas, mime)
        settle()
        assert words in _told(hand) and not hand.canvas.array().any(), kind


def test_what_is_dropped_is_copied_and_never_moved(hand, settle, seven_on_paper):
    """After a move its owner deletes it."""
    both, mime = Qt.CopyAction | Qt.MoveAction, _files(seven_on_paper)
    enter, move = (
        kind(QPoint(20, 20), both, mime, Qt.LeftButton, Qt.NoModifier) for kind in (QDragEnterEvent, QDragMoveEvent)
    )
    event = QDropEvent(QPointF(20, 20), both, mime, Qt.LeftButton, Qt.NoModifier)
    for each in (enter, move, event):
        each.setDropAction(Qt.MoveAction)
        QApplication.sendEvent(hand.canvas, each)
        assert each.isAccepted() and each.dropAction() == Qt.CopyAction
    settle()
    assert hand.resultLabel.text() == "7"
    QApplication.sendEvent(
        hand.canvas, only := QDragEnterEvent(QPoint(9, 9), Qt.MoveAction, mime, Qt.LeftButton, Qt.NoModifier)
    )
    assert not only.isAccepted()
    assert "can only be moved" in _told(hand)
    hand.clearButton.click()
    QApplication.sendEvent(hand.canvas, QDropEvent(QPointF(9, 9), Qt.MoveAction, mime, Qt.LeftButton, Qt.NoModifier))
    settle()
    assert hand.canvas.is_blank


def test_a_drawing_is_not_saved_over_the_network_in_use(hand, settle, tmp_path, monkeypatch):
    path = tmp_path / "net.png"  # `fastcnn train --out net.png`
    paper_network(seed=1).save(path)
    hand.program.pages.networks.choose(str(path))
    settle()
    weights = path.read_bytes()
    draw(hand.canvas, SEVEN)
    settle()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(path), ""))
    hand.actions_by_name["save"].trigger()
    settle()
    assert "net.png holds the network in use" in _told(hand) and path.read_bytes() == weights
    hand.program.pages.hand.export(path)
    settle()
    assert "holds the network in use" in _told(hand) and path.read_bytes() == weights
    hand.program.pages.experimenter.save(path, lambda: b"figures")
    settle()
    assert "holds the network in use" in _told(hand) and path.read_bytes() == weights


def test_pasting_in_mnist_mode_goes_to_the_drawing_field(window, settle, seven_on_paper):
    QApplication.clipboard().setImage(QImage(str(seven_on_paper)))
    window.actions_by_name["paste"].trigger()
    settle()
    assert window.modeCombo.currentIndex() == 1
    assert window.resultLabel.text() == "7"


def test_pasting_nothing_says_so(hand, settle):
    QApplication.clipboard().setText("7")
    hand.actions_by_name["paste"].trigger()
    settle()
    assert "no picture" in _told(hand)


def test_a_broken_picture_is_a_sentence_and_the_drawing_stays(hand, settle, tmp_path, monkeypatch):
    path = tmp_path / "broken.png"
    path.write_bytes(b"no picture at all")
    draw(hand.canvas, SEVEN)
    drawn = hand.canvas.array()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(path), ""))
    hand.actions_by_name["open"].trigger()
    settle()
    assert "is not a picture" in _told(hand)
    assert (hand.canvas.array() == drawn).all()


def test_save_writes_what_is_drawn(hand, settle, tmp_path, monkeypatch):
    draw(hand.canvas, SEVEN)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(tmp_path / "mine"), ""))
    hand.actions_by_name["save"].trigger()
    settle()
    with Image.open(tmp_path / "mine.png") as picture:
        assert (np.asarray(picture) == hand.canvas.array()).all()
    assert "mine.png" in _told(hand)


@pytest.mark.parametrize("replaced", [True, False])
def test_completed_name_of_another_file_is_asked_about(hand, settle, tmp_path, monkeypatch, replaced):
    (tmp_path / "mine.png").write_text("precious")
    draw(hand.canvas, SEVEN)
    asked = []
    answer = QMessageBox.StandardButton.Yes if replaced else QMessageBox.StandardButton.No
    monkeypatch.setattr(QMessageBox, "question", lambda *args: asked.append(args[2]) or answer)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(tmp_path / "mine"), ""))
    hand.actions_by_name["save"].trigger()
    settle()
    assert len(asked) == 1 and "mine.png" in asked[0]
    assert ((tmp_path / "mine.png").read_bytes() == b"precious") == (not replaced)


def test_resizing_keeps_the_drawing(hand, qtbot):
    draw(hand.canvas, SEVEN)
    drawn = hand.canvas.array()
    hand.resize(hand.width() + 200, hand.height() + 100)
    qtbot.wait(20)
    assert (hand.canvas.array() == drawn).all()
    center = hand.canvas.rect().center()
    pixel = SIDE / min(hand.canvas.width(), hand.canvas.height())
    off = hand.canvas._to_image(QPointF(QPoint(center))) - QPointF(SIDE / 2, SIDE / 2)
    assert max(abs(off.x()), abs(off.y())) < 1.01 * pixel
