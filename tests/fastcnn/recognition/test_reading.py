"""Pages of digits and signs: lines, places, turned pages, paper of all kinds, and pictures made to take long."""

from functools import partial
from time import thread_time

import numpy as np
import pytest
from PIL import Image

from fastcnn import Recognizer
from fastcnn.bench.accuracy.paper import lay
from fastcnn.bench.accuracy.writing import SIGNS, write
from fastcnn.handwriting.drawings import Drawing, Pose, draw
from fastcnn.handwriting.preparation import pictures, reasons
from fastcnn.handwriting.preparation.prepare import prepare
from fastcnn.handwriting.synthesis.templates import WAYS, parse, smooth
from fastcnn.recognition import reading
from fastcnn.recognition.answer import Recognition, digit_answer
from fastcnn.recognition.page.marks import SLASH, Mark
from fastcnn.recognition.page.parts import find_parts_of_page
from fastcnn.recognition.strings import Candidate, choose, shares_of

LINES = ["3052", "8 4419", "76", "2905"]


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer()


def first_ways():
    """A hand that writes each digit in the first way of its templates."""
    found = []
    for digit, texts in WAYS.items():
        way = parse(texts[0])
        strokes = [smooth(points, corners) for points, corners in zip(way.points, way.corners, strict=True)]
        found.append(Drawing(digit, "", tuple(strokes)))
    return found


@pytest.fixture(scope="module")
def hand():
    return first_ways()


def made(lines, hand, kind="plain", seed=3, **how):
    rng = np.random.default_rng(seed)
    return lay(write(lines, hand, rng, **how), kind, rng)


@pytest.fixture(scope="module")
def page(hand):
    return made(LINES, hand)


@pytest.fixture(scope="module")
def upright(recognizer, page):
    """What is read on the page as it is."""
    return recognizer.read(page.picture)


def places(page):
    """For each mark of a page its text and middle."""
    return [[(mark.text, mark.x, mark.y) for mark in line] for line in page.lines]


def test_lines_are_read_in_order_and_in_their_places(page, upright):
    assert str(upright).splitlines() == LINES
    assert upright.reason is None
    for truth, line in zip(places(page), upright.lines, strict=True):
        for (text, x, y), token in zip(truth, line, strict=True):
            left, top, right, bottom = token.box
            assert token.text == text
            assert token.digit == int(text)
            assert left < x < right and top < y < bottom
            assert 0.5 < token.confidence <= 1


def test_signs_are_no_digits(recognizer, hand):
    found = recognizer.read(made(["26.11.2026", "12+30=42", "5,50-3", "12:45"], hand, height=60.0).picture)
    tokens = [token for line in found.lines for token in line]
    assert str(found).replace(" ", "").splitlines() == ["26.11.2026", "12+30=42", "5,50-3", "12:45"]
    assert all((token.digit is None) == (token.text in SIGNS) for token in tokens)


@pytest.mark.parametrize("kind", ["squared, blue", "framed", "table"])
def test_paper_of_all_kinds(recognizer, hand, kind):
    assert str(recognizer.read(made(LINES, hand, kind, height=60.0).picture)).splitlines() == LINES


FORMS = {
    "0 and 1, ink 1": lambda grey: (grey < 128).astype(np.uint8),
    "0 and 1, ink 0": lambda grey: (grey >= 128).astype(np.uint8),
    "0 to 16": lambda grey: np.rint(grey / 255 * 16).astype(np.uint8),
    "0 to 16, light ink": lambda grey: np.rint((255 - grey) / 255 * 16).astype(np.uint8),
    "12 bits in 16": lambda grey: Image.fromarray(grey.astype(np.uint16) * 16),
    "12 bits in 16, light ink": lambda grey: Image.fromarray((255 - grey).astype(np.uint16) * 16),
    "16 bits": lambda grey: Image.fromarray(grey.astype(np.uint16) * 257),
    "floats to 1": lambda grey: Image.fromarray((grey / 255).astype(np.float32)),
    "floats to 255": lambda grey: Image.fromarray(grey.astype(np.float32)),
    "32 bits": lambda grey: Image.fromarray(grey.astype(np.int32)),
    "black and white": lambda grey: Image.fromarray(grey).convert("1", dither=Image.Dither.NONE),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_page_with_any_range_of_values_is_read(recognizer, hand, form):
    lines = [*LINES, "512 9034"]
    grey = np.asarray(Image.fromarray(made(lines, hand, height=44.0).picture).convert("L"))
    assert str(recognizer.read(FORMS[form](grey))).splitlines() == lines


@pytest.mark.parametrize("call", ["recognize", "read"])
def test_a_picture_is_turned_into_grey_once(recognizer, hand, monkeypatch, call):
    made_grey = []
    change = pictures._image_to_plane
    monkeypatch.setattr(pictures, "_image_to_plane", lambda image: made_grey.append(1) or change(image))
    getattr(recognizer, call)(made(["4"], hand, "squared, dark", height=90.0).picture)
    assert made_grey == [1]


@pytest.mark.parametrize("quarters", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_a_turned_page_is_read_and_its_boxes_are_those_of_the_picture(recognizer, page, upright, quarters):
    turned = recognizer.read(np.rot90(page.picture, quarters))
    assert str(turned) == str(upright)
    left, top, right, bottom = turned.lines[0][0].box
    assert right - left > bottom - top  # a 3 is higher than wide


@pytest.mark.parametrize("seed", [3, pytest.param(4, marks=pytest.mark.slow), pytest.param(5, marks=pytest.mark.slow)])
def test_a_page_on_its_head_is_read(recognizer, hand, seed):
    lines = ["3052 74", "8 4419", "2335"]
    assert str(recognizer.read(np.rot90(made(lines, hand, seed=seed).picture, 2))).splitlines() == lines


@pytest.mark.parametrize("slope", [-0.12, 0.12])
def test_slanted_lines(recognizer, hand, slope):
    lines = ["30 52 41", "84 419", "762 905"]
    assert str(recognizer.read(made(lines, hand, slope=slope).picture)).splitlines() == lines


def test_ordinary_drawings_are_read_as_before(recognizer):
    """A line is looked for where the ink may have one; without one the answer is that of the picture as it is."""
    for drawing in first_ways():
        for pose in (Pose(0.95, 12, 0.5, 0.5), Pose(0.95, 40, 0.5, 0.5), Pose(0.3, 6, 0.1, 0.9)):
            picture = draw(drawing.strokes, pose)
            np.testing.assert_array_equal(recognizer.recognize(picture).input, prepare(picture))
            assert pose.pen_px == 40 or str(recognizer.read(picture)) == str(drawing.label)


@pytest.mark.parametrize(
    "kind",
    [
        *("ruled", "squared, dark", "boxes", "shadow"),
        *(
            pytest.param(each, marks=pytest.mark.slow)
            for each in ("squared, blue", "underlined", "framed", "bleed", "turned", "table")
        ),
    ],
)
def test_one_digit_on_paper(recognizer, hand, kind):
    right = sum(
        recognizer.recognize(made([str(digit)], hand, kind, seed=digit, height=90.0).picture).digit == digit
        for digit in range(10)
    )
    assert right >= 9


def test_what_cannot_be_read_says_why(recognizer):
    assert recognizer.read(np.full((60, 80), 200, np.uint8)).reason == reasons.BLANK
    assert recognizer.read(np.full((1, 1), 200, np.uint8)).reason == reasons.BLANK
    assert recognizer.read(Image.new("RGB", (60, 80))).lines == []


@pytest.mark.parametrize("shape", [(1, 90), (90, 1), (7, 3), (40, 52), (2, 2)])
def test_any_picture_has_an_answer(recognizer, rng, shape):
    for picture in (rng.integers(0, 256, shape), 255 * rng.integers(0, 2, shape), rng.integers(0, 3, shape)):
        page = recognizer.read(picture.astype(np.uint8))
        assert all(0 <= left <= right <= shape[1] and 0 <= top <= bottom <= shape[0]
                   for line in page.lines for left, top, right, bottom in (token.box for token in line))  # fmt: skip
        assert (page.reason is None) == bool(page.lines)


@pytest.mark.slow
def test_a_page_made_to_take_long_does_not(recognizer, rng):
    dots = np.full((200, 150), 255, np.uint8)
    dots[::7, ::7] = dots[1::7, ::7] = dots[::7, 1::7] = 0
    start = thread_time()
    recognizer.read(dots)
    recognizer.read(np.where(rng.random((200, 150)) < 0.3, 0, 255).astype(np.uint8))
    assert thread_time() - start < 60  # 10 s alone; the neighbours' time does not count


def test_the_cheapest_way_is_found_without_reading_all_candidates(rng):
    """It is the way that is found when all of them are read."""
    read = total = 0
    for _ in range(30):
        count = int(rng.integers(1, 9))
        spans = [(first, stop) for first in range(count) for stop in range(first + 1, min(first + 4, count) + 1)]
        shares = {(first, stop): rng.dirichlet(np.full(10, 0.05)).astype(np.float32) for first, stop in spans}
        ways = [
            Candidate(first, stop, partial(np.full, (1, 2), (first, stop)), 1.0, float(rng.uniform(0.1, 1)), 0.2)
            for first, stop in spans
        ]
        asked = []

        def answer(fields, shares=shares, asked=asked):
            spans = [tuple(each.ravel().tolist()) for each in fields]
            asked += spans
            return [digit_answer(shares[span], np.zeros((28, 28), np.float32), 0.9) for span in spans]

        cut = reading.Cut(ways, 0, 0)
        reading.read_cuts([cut], answer)
        every = [digit_answer(shares[span], np.zeros((28, 28), np.float32), 0.9) for span in spans]
        assert cut.way == choose(ways, shares_of(every))
        assert len(asked) == len(set(asked)) == len(cut.answers)
        read, total = read + len(asked), total + len(spans)
    assert read < total


@pytest.mark.parametrize(
    "width, sureness, score, unsure",
    [
        (40, 0.95, 0.8, False),
        (40, 0.85, 0.8, True),
        (80, 0.95, 0.95, True),
        (80, 0.995, 0.8, True),
        (80, 0.995, 0.95, False),
    ],
)
def test_only_wide_marks_that_are_not_very_sure_are_cut(width, sureness, score, unsure):
    ink = np.zeros((100, 200), np.uint8)
    ink[20:70, 10:30] = ink[20:70, 40 : 40 + width] = 255
    parts = find_parts_of_page(ink)
    probabilities = np.where(np.arange(10) == 5, sureness, (1 - sureness) / 9).astype(np.float32)
    run = reading._Run([Mark([1])], [digit_answer(probabilities, np.zeros((28, 28), np.float32), score)])
    assert parts.widths[1] == width and parts.tall == 50
    assert reading._is_unsure(parts, run) == unsure


@pytest.mark.parametrize(("sureness", "score", "text"), [(0.99, 0.99, "444"), (0.85, 0.99, "4+4"), (0.99, 0.3, "4+4")])
def test_a_plus_that_is_surely_a_digit_is_one(sureness, score, text):
    """Two bars that cross, between two digits; the network takes everything for a 4, the middle one so surely."""

    def answer(fields):
        sure = [(sureness, score) if field[9, 9] < 0.5 < field[14, 14] else (0.99, 0.99) for field in fields]
        return [
            digit_answer(np.where(np.arange(10) == 4, most, (1 - most) / 9).astype(np.float32), fields[0], found)
            for most, found in sure
        ]

    ink = np.zeros((100, 220), np.uint8)
    ink[20:70, 30:36] = ink[20:70, 160:166] = 255
    ink[42:48, 80:120] = ink[25:65, 97:103] = 255
    (line,) = reading.read_ink(ink, answer)
    assert "".join(token.text for token in line) == text


@pytest.mark.parametrize(
    ("text", "most", "score"), [("74", 0.95, 0.15), ("7?", 0.95, 0.1), ("7?", 0.85, 0.15), ("?", 0.95, 0.15)]
)
def test_what_is_refused_alone_may_be_a_digit_in_its_row(text, most, score):
    """A broad bar that is surely a 7 and a thin one that is refused, though it would be a 4; or the thin one alone."""

    def answer(fields):
        four = np.where(np.arange(10) == 4, most, (1 - most) / 9).astype(np.float32)
        return [
            digit_answer(np.eye(10, dtype=np.float32)[7], field, 1.0)
            if field.any(axis=0).sum() > 8
            else Recognition(None, 0.0, four, field, digit_score=score, reason=reasons.NO_DIGIT)
            for field in fields
        ]

    ink = np.zeros((100, 220), np.uint8)
    ink[20:70, 30 : 30 + 25 * text.startswith("7")] = ink[20:70, 160:164] = 255
    (line,) = reading.read_ink(ink, answer)
    assert "".join(token.text for token in line) == text
    assert line[-1].confidence == pytest.approx(most * score if line[-1].digit == 4 else 0.0)


def test_a_slash_stays_one_however_sure_the_network_is():
    result = digit_answer(np.eye(10, dtype=np.float32)[1], np.zeros((28, 28), np.float32), 1.0)
    assert reading._known(Mark([0], SLASH), result)[0].sign == SLASH
