"""Frames, sheets and rows of digits: what is given no digit, and that tight crops are none of it."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fastcnn import Recognizer, load_mnist
from fastcnn.handwriting.drawings import Pose, draw
from fastcnn.handwriting.preparation import reasons
from fastcnn.handwriting.preparation.prepare import look
from fastcnn.handwriting.synthesis.digits import synthetic_digits
from fastcnn.handwriting.synthesis.templates import WAYS, parse


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer()


@pytest.fixture(scope="module")
def scans():
    return load_mnist(normalize=False)[0][0][:100, 0]


def strokes(digit, way=0):
    return list(parse(WAYS[digit][way]).points)


@pytest.fixture(scope="module")
def drawings():
    return [draw(strokes(digit), Pose(0.45, pen, 0.5, 0.5)) for digit in range(10) for pen in (8, 20)]


def boxed(canvas):
    image = Image.fromarray(canvas)
    ImageDraw.Draw(image).rectangle((18, 22, 262, 258), outline=255, width=5)
    return np.asarray(image)


def on_a_desk(canvas, turn):
    sheet = Image.fromarray(np.uint8(240) - canvas // 2)
    turned = sheet.rotate(turn, Image.Resampling.BILINEAR, expand=True)
    whole = Image.new("L", (turned.width + 60, turned.height + 40), 50)
    mask = Image.new("L", sheet.size, 255).rotate(turn, expand=True)
    whole.paste(turned, (20, 25), mask)
    return np.asarray(whole)


FRAMES = {
    "border": lambda canvas: np.pad(canvas, 1, constant_values=255),
    "border with paper round it": lambda canvas: np.pad(np.pad(canvas, 1, constant_values=255), 9),
    "wide border": lambda canvas: np.pad(canvas, 12, constant_values=200),
    "box": boxed,
    "box on white": lambda canvas: 255 - boxed(canvas),
    "sheet": lambda canvas: on_a_desk(canvas, 0),
    "turned sheet": lambda canvas: on_a_desk(canvas, 8),
}
QUICK_FRAMES = ("wide border", "box on white", "turned sheet")


@pytest.mark.parametrize(
    "frame",
    [each if each in QUICK_FRAMES else pytest.param(each, marks=pytest.mark.slow) for each in FRAMES],
)
def test_frame_is_seen_and_the_digit_in_it_is_read(recognizer, drawings, frame):
    pictures = [FRAMES[frame](drawing) for drawing in drawings]
    assert {look(picture).reason for picture in pictures} <= {reasons.EDGES, reasons.FRAME}
    results = recognizer.recognize_many(pictures)
    truths = [index // 2 for index in range(len(drawings))]
    assert all(result.digit in (truth, None) or result.unsure for result, truth in zip(results, truths, strict=True))
    assert all(result.reason is not None for result in results if result.digit is None)
    assert sum(result.digit is None for result in results) <= (5 if frame == "wide border" else 0)


def test_small_scan_with_a_border_is_given_none_and_the_reason(recognizer, scans):
    results = recognizer.recognize_many([np.pad(scan, 1, constant_values=255) for scan in scans])
    assert {(result.digit, result.reason) for result in results} == {(None, reasons.EDGES)}
    small = [np.pad(scan[4:24, 4:24], 1, constant_values=255) for scan in scans]
    taken = sum(result.digit is not None for result in recognizer.recognize_many(small))
    assert taken <= 0.01 * len(small)  # where the ink touches the border, it is the refusing network that decides


def tight(picture):
    return picture[picture.any(axis=1)][:, picture.any(axis=0)]


def test_tight_crop_is_no_frame_and_no_row(scans, drawings):
    fat = [draw(strokes(digit), Pose(0.7, 46, 0.5, 0.5)) for digit in range(10)]
    for picture in [*scans[:60], *drawings, *fat]:
        for shown in (picture, tight(picture), 255 - tight(picture)):
            assert look(shown).reason is None
            assert not look(shown).several


def test_without_refusal_a_frame_is_read_as_it_may(drawings):
    assert Recognizer(refuse=False).recognize(boxed(drawings[0])).digit is not None


def test_every_answer_without_a_digit_has_a_reason(recognizer):
    scrawl = draw([np.random.default_rng(0).uniform(0, 100, (12, 2))], Pose(0.6, 10, 0.5, 0.5))
    for picture, reason in ((np.zeros((40, 40), np.uint8), reasons.BLANK), (scrawl, reasons.NO_DIGIT)):
        result = recognizer.recognize(picture)
        assert (result.digit, result.reason) == (None, reason)
    assert recognizer.recognize(draw(strokes(3), Pose(0.6, 10, 0.5, 0.5))).reason is None


@pytest.mark.parametrize("gap", [8, 30])
def test_row_of_digits_is_seen(drawings, gap):
    empty = np.zeros((280, gap), np.uint8)
    wanted = [drawing[:, drawing.any(axis=0)] for drawing in drawings[::2]]
    rows = [np.hstack([left, empty, right]) for left in wanted for right in wanted[2:]]
    assert sum(look(np.pad(row, 9)).several for row in rows) >= 0.9 * len(rows)


def test_single_digits_are_no_rows():
    images, _ = synthetic_digits(150, seed=4)
    shown = [np.asarray(Image.fromarray(image[0]).resize((140, 140), Image.Resampling.BICUBIC)) for image in images]
    assert sum(look(picture).several for picture in shown) <= 1
