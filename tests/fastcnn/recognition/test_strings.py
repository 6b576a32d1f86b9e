"""Strings of digits: apart, touching, broken, slanted; pieces and ways to read them; pictures made to take long."""

from time import perf_counter

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from fastcnn import Recognizer
from fastcnn.bench.accuracy.strings import compose, synthetic_hands
from fastcnn.handwriting.drawings import Pose, draw
from fastcnn.handwriting.preparation.cuts import cut
from fastcnn.handwriting.preparation.prepare import prepare
from fastcnn.handwriting.synthesis.templates import WAYS, parse, smooth
from fastcnn.recognition.strings import COUNT_WEIGHT, Candidate, choose, find_string, ink_of, share_of_count

FIVE = [np.array([(6.0, 0), (1, 0)]), np.array([(0.0, 2), (0, 5), (4, 5), (5, 8), (0, 9)])]
TEXT = [3, 0, 5, 2, 8]


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer()


def lines(digit):
    """The first way of writing a digit, 100 high, from its left edge."""
    way = parse(WAYS[digit][0])
    strokes = [smooth(points, corners) for points, corners in zip(way.points, way.corners, strict=True)]
    return [stroke - [np.concatenate(strokes)[:, 0].min(), 0] for stroke in strokes]


def string(digits, apart, slant=0.0):
    """Digits on one line, their centre lines so far apart; a wide and low picture."""
    strokes, x = [], 0.0
    for digit in digits:
        own = lines(digit)
        strokes += [stroke + np.array([x, 0]) - slant * stroke[:, [1]] * [1, 0] for stroke in own]
        x += np.ptp(np.concatenate(own)[:, 0]) + apart
    return draw(strokes, Pose(0.9, 6, 0.5, 0.5), 800)[250:550]


def read(recognizer, picture):
    return [result.digit for result in recognizer.recognize_string(picture)]


@pytest.mark.parametrize("apart", [60, 25, 9, 6], ids=["far", "apart", "touching", "overlapping"])
def test_string_is_read(recognizer, apart):
    """The pen is 10 wide: at 9 and at 6 the strokes of neighbours run into one another."""
    picture = string(TEXT, apart)
    assert (cut(picture[:, picture.any(axis=0)]).cuts != ()) or apart > 10
    assert read(recognizer, picture) == TEXT


@pytest.mark.parametrize("slant", [-0.2, 0.35])
def test_slanted_digits_whose_columns_overlap_are_read(recognizer, slant):
    assert read(recognizer, string([7, 5, 2, 7], 16, slant)) == [7, 5, 2, 7]


@pytest.mark.slow
def test_most_touching_strings_of_synthetic_hands_are_read(recognizer, rng):
    """The network reads 97 % of such digits when they stand alone; strings have four on the mean."""
    right = 0
    for hand in synthetic_hands(40, rng):
        picture, labels = compose(hand, 0.0, rng)
        right += read(recognizer, picture) == labels
    assert right >= 32


def test_flag_that_does_not_meet_its_five_belongs_to_it(recognizer):
    picture = draw(FIVE, Pose(0.6, 10, 0.5, 0.5))
    assert cut(picture[picture.any(axis=1)]).count >= 2
    (result,) = recognizer.recognize_string(picture)
    assert result.digit == 5
    assert np.corrcoef(result.input.ravel(), prepare(picture).ravel())[0, 1] > 0.95


def test_digit_alone_is_seen_as_prepare_gives_it(recognizer):
    for digit in range(10):
        picture = draw(lines(digit), Pose(0.7, 14, 0.5, 0.5))
        (result,) = recognizer.recognize_string(picture)
        assert np.corrcoef(result.input.ravel(), prepare(picture).ravel())[0, 1] > 0.99


def test_dark_ink_on_light_paper_is_read_alike(recognizer):
    picture = string(TEXT, 9)
    assert read(recognizer, 255 - picture) == TEXT
    assert read(recognizer, np.pad(picture, 200)) == TEXT


def test_blank_picture_has_no_digits(recognizer):
    assert recognizer.recognize_string(np.zeros((30, 50), np.uint8)) == []


def test_pieces_hold_all_ink_and_lie_in_order():
    picture = string(TEXT, 6)
    picture = picture[picture.any(axis=1)][:, picture.any(axis=0)]
    pieces = cut(picture)
    shown = (pieces.labels > 0).repeat(pieces.factor, axis=0)[: len(picture)]
    assert picture[~shown.repeat(pieces.factor, axis=1)[:, : picture.shape[1]]].max(initial=0) < 0.2 * 255
    middles = [left + right for _, _, left, right in pieces.boxes]
    assert middles == sorted(middles)
    for left, right, crossed in pieces.cuts:
        assert 1 <= left < right <= pieces.count
        assert 0 < crossed <= 2


def candidate(first, stop, **changes):
    values = {"prepared": lambda: np.zeros((28, 28), np.float32), "height": 1.0, "width": 0.6, "cut": 0.0} | changes
    return Candidate(first, stop, **values)


def sure(*shares):
    return [np.array([share, 1 - share], np.float32) for share in shares]


def test_whole_is_taken_where_its_halves_are_no_surer():
    ways = [candidate(0, 1, cut=0.5), candidate(0, 2), candidate(1, 2, cut=0.5)]
    assert choose(ways, sure(0.7, 0.99, 0.7)) == [1]
    assert choose(ways, sure(0.99, 0.52, 0.99)) == [0, 2]
    assert choose(ways[::-1], sure(0.99, 0.52, 0.99)) == [2, 0]


@pytest.mark.parametrize("odd", [{"cut": 2.0}, {"height": 0.2}, {"width": 1.4}])
def test_odd_halves_are_dear(odd):
    ways = [candidate(0, 1, **odd), candidate(0, 2), candidate(1, 2, **odd)]
    assert choose(ways, sure(0.99, 0.6, 0.99)) == [1]


def test_no_candidates_no_way():
    assert choose([], []) == []


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(20, 1000), (64, 1024), (3, 4000), (900, 40)])
@pytest.mark.parametrize("kind", ["noise", "comb", "checks", "full"])
def test_hostile_pictures_have_a_limit(kind, shape, rng):
    picture = {
        "noise": rng.integers(0, 256, shape, dtype=np.uint8),
        "comb": np.where(np.arange(shape[1]) % 4 < 2, 255, 0) * np.ones(shape),
        "checks": 255 * (np.indices(shape).sum(axis=0) // 3 % 2),
        "full": np.full(shape, 255),
    }[kind].astype(np.uint8)
    start = perf_counter()
    found, _ = find_string(ink_of(np.pad(picture, 5)))
    assert perf_counter() - start < 20  # 2 s on an idle core
    assert len(found) <= 800
    assert choose(found, [np.full(10, 0.1, np.float32)] * len(found)) or not found


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, 0.1])
def test_a_way_is_found_whatever_the_probabilities_are(value):
    ways = [candidate(0, 1), candidate(0, 2), candidate(1, 2), candidate(2, 3)]
    chosen = choose(ways, [np.full(10, value, np.float32)] * 4)
    assert chosen in ([0, 2, 3], [1, 3])
    assert choose(ways[1:2], [np.full(10, value, np.float32)]) == [0]
    assert 0 <= share_of_count(len(chosen), ways, [np.full(10, value, np.float32)] * 4) <= 1


def test_no_way_to_the_first_piece_gives_none():
    assert choose([candidate(1, 2)], sure(0.9)) == []


class Same:
    """A network that gives the same logits for all pictures."""

    temperature = 1.0
    views = 1

    def __init__(self, value):
        self.value = value

    def forward(self, images):
        return np.full((len(images), 10), self.value, np.float32)


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_string_ends_whatever_the_network_gives(value, monkeypatch):
    recognizer = Recognizer()
    recognizer.network = Same(value)
    monkeypatch.setattr("fastcnn.recognition.recognizer.calibrated", lambda network, images: network.forward(images))
    found = recognizer.recognize_string(string(TEXT, 9))
    assert len(found) >= 1
    assert "unsure" in found.notes


def test_share_of_the_number_of_digits_by_hand():
    ways = [candidate(0, 1), candidate(0, 2), candidate(1, 2)]
    one, two = ways[1].cost(0.9), ways[0].cost(0.5) + ways[2].cost(0.5)
    weights = np.exp([-COUNT_WEIGHT * one, -COUNT_WEIGHT * two])
    assert share_of_count(1, ways, sure(0.5, 0.9, 0.5)) == pytest.approx(weights[0] / weights.sum())
    assert share_of_count(2, ways, sure(0.5, 0.9, 0.5)) == pytest.approx(weights[1] / weights.sum())


def test_string_has_a_text_and_a_confidence(recognizer):
    found = recognizer.recognize_string(string(TEXT, 60))
    assert found.text == "30528"
    assert 0.8 <= found.confidence <= min(result.confidence for result in found)
    assert found.notes == ()
    blank = recognizer.recognize_string(np.zeros((30, 50), np.uint8))
    assert (blank.text, blank.confidence, blank.notes) == ("", 0.0, ())


def test_zeros_in_a_row_are_read_or_marked(recognizer, rng):
    zeros = [hand[0] for hand in synthetic_hands(6, rng)]
    one = synthetic_hands(1, rng)[0][1]
    for zero in zeros:
        picture = np.hstack([np.pad(draw(each.strokes, Pose(0.6, 14, 0.5, 0.5)), 5) for each in [one] + [zero] * 5])
        found = recognizer.recognize_string(picture)
        assert found.text == "100000" or "unsure" in found.notes


def test_two_lines_are_marked(recognizer):
    line = string(TEXT, 60)
    line = line[line.any(axis=1)]
    gap = np.zeros((30, line.shape[1]), np.uint8)
    assert "several_lines" in recognizer.recognize_string(np.vstack([line, gap, line])).notes


def with_sign(sign):
    """Two digits of one writer, a sign of Pillow's own font between them."""
    one, two = (string([digit], 0) for digit in (5, 2))
    one, two = one[:, one.any(axis=0)], two[:, two.any(axis=0)]
    rows = np.flatnonzero(one.any(axis=1))
    image = Image.new("L", (300, len(one)))
    size = 1.35 * (rows[-1] - rows[0])
    ImageDraw.Draw(image).text((100, rows[-1]), sign, 255, ImageFont.load_default(size), "ls")
    drawn = np.asarray(image)
    gap = np.zeros((len(one), 20), np.uint8)
    return np.hstack([gap, one, gap, drawn[:, drawn.any(axis=0)], gap, two, gap])


@pytest.mark.parametrize("sign", [",", *(pytest.param(sign, marks=pytest.mark.slow) for sign in "+.-/:")])
def test_signs_between_digits_are_marked(recognizer, sign):
    assert "signs" in recognizer.recognize_string(with_sign(sign)).notes


@pytest.mark.slow
def test_few_strings_of_digits_alone_are_marked(recognizer, rng):
    found = [recognizer.recognize_string(compose(hand, 0.2, rng)[0]) for hand in synthetic_hands(40, rng)]
    assert sum(bool({"signs", "several_lines"} & set(each.notes)) for each in found) <= 4
