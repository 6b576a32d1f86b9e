"""Strings whose digits overlap: whole strokes, ways that are nearly the cheapest, and what is read again."""

import numpy as np
import pytest

from fastcnn import Recognizer
from fastcnn.bench.accuracy.strings import compose, synthetic_hands
from fastcnn.handwriting.drawings import Pose, draw
from fastcnn.handwriting.preparation.reasons import NO_DIGIT
from fastcnn.recognition.answer import Recognition, digit_answer
from fastcnn.recognition.overlaps import may_overlap, read_overlaps
from fastcnn.recognition.strings import Candidate, near_best, way


def candidate(first, stop, cut=0.0):
    return Candidate(first, stop, lambda: np.zeros((28, 28), np.float32), 1.0, 0.6, cut)


def test_candidates_near_the_cheapest_way_by_hand():
    """Costs differ by the logarithms of the probabilities only: 0.5 x 0.5 costs 0.69 more than 0.5 of both."""
    ways = [candidate(0, 1), candidate(1, 2), candidate(0, 2), candidate(1, 2)]
    shares = [np.array([share]) for share in (0.9, 0.9, 0.9 * 0.9, 0.09)]
    one = ways[2].cost(0.81)
    two = ways[0].cost(0.9) + ways[1].cost(0.9)
    apart = abs(one - two)
    near = near_best(ways, shares, apart + 1e-6)
    assert sorted(near) == [0, 1, 2]
    assert sorted(near_best(ways, shares, apart - 1e-6)) == ([2] if one < two else [0, 1])
    assert sorted(near_best(ways, shares, apart + 10)) == [0, 1, 2, 3]
    assert near_best([], [], 1.0) == []


def refused(score):
    shares = np.full(10, 0.01, np.float32)
    shares[4] = 0.91
    return Recognition(None, 0.0, shares, np.zeros((28, 28), np.float32), digit_score=score, reason=NO_DIGIT)


@pytest.mark.parametrize(("cut", "score", "digit"), [(0.5, 0.1, 4), (0.5, 0.05, None), (0.0, 0.3, None)])
def test_digit_beside_a_cut_is_refused_later(cut, score, digit):
    found, share, places = way([candidate(0, 1, cut)], [refused(score)])
    assert [each.digit for each in found] == [digit]
    assert share == pytest.approx(score if digit else 1.0)
    assert places[0].cut == cut


@pytest.mark.parametrize(("score", "most", "digit"), [(0.15, 0.95, 4), (0.1, 0.95, None), (0.15, 0.85, None)])
def test_a_digit_in_a_row_is_refused_later(score, most, digit):
    """If it is sure of which digit it is; alone it is refused below 0.5."""
    odd = refused(score)
    odd.probabilities[4] = most
    other = digit_answer(np.eye(10, dtype=np.float32)[7], odd.input, 1.0)
    found, share, _ = way([candidate(0, 1), candidate(1, 2)], [other, odd])
    assert [each.digit for each in found] == [7, digit]
    assert share == pytest.approx(score if digit else 1.0)
    assert [each.digit for each in way([candidate(0, 1)], [odd])[0]] == [None]


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer()


@pytest.mark.parametrize("apart", [1.7, 1.8])
def test_zeros_that_share_a_side_are_read(recognizer, apart):
    """Each cut opens one of them or gives it a piece of the other."""
    turn = np.linspace(0, 2 * np.pi, 40)
    rings = [np.stack([0.8 * np.sin(turn) + place * apart * 0.8, -np.cos(turn) * 1.2], axis=1) for place in range(2)]
    assert recognizer.recognize_string(draw(rings, Pose(0.8, 14, 0.5, 0.5))).text == "00"


@pytest.mark.slow
def test_many_overlapping_strings_of_synthetic_hands_are_read(recognizer):
    """With one way to cut them, 20 of these 40 are right."""
    rng, right = np.random.default_rng(2), 0
    for hand in synthetic_hands(40, rng):
        picture, labels = compose(hand, -0.1, rng)
        right += [result.digit for result in recognizer.recognize_string(picture)] == labels
    assert right >= 24


def test_string_that_is_sure_is_not_read_again(recognizer, rng, monkeypatch):
    monkeypatch.setattr("fastcnn.recognition.overlaps.read_overlaps", lambda *_: pytest.fail("read again"))
    strokes = [np.array([(x, 0.0), (x, 10.0)]) for x in (0.0, 8.0, 16.0)]
    assert recognizer.recognize_string(draw(strokes, Pose(0.6, 12, 0.5, 0.5))).text == "111"


def test_nothing_to_cut_is_not_read_again():
    ink = np.full((60, 12), 255, np.uint8)
    assert read_overlaps(ink, lambda fields: pytest.fail("asked")) is None


@pytest.mark.parametrize(("cut", "digit", "may"), [(0.0, 4, False), (0.4, 4, True), (0.0, None, True)])
def test_digits_that_were_cut_or_refused_may_overlap(cut, digit, may):
    shares = np.full(10, 0.1, np.float32)
    found = Recognition(digit, 0.1, shares, np.zeros((28, 28), np.float32))
    assert may_overlap([found], [candidate(0, 1, cut)]) is may
