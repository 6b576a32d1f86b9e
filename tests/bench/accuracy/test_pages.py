"""The generator of pages: the same seed gives the same page, and what stands where is where it says."""

import numpy as np
import pytest

from fastcnn.bench.accuracy import pages
from fastcnn.bench.accuracy.paper import KINDS, lay
from fastcnn.bench.accuracy.strings import synthetic_hands
from fastcnn.bench.accuracy.writing import write
from fastcnn.recognition.page.tokens import Token


@pytest.fixture(scope="module")
def hand():
    return synthetic_hands(1, np.random.default_rng(0))[0]


def made(hand, kind, seed=1):
    rng = np.random.default_rng(seed)
    return lay(write(["12.3", "4+5"], hand, rng), kind, rng)


@pytest.mark.parametrize("kind", KINDS)
def test_marks_are_where_the_page_says(hand, kind):
    page = made(hand, kind)
    again = made(hand, kind)
    np.testing.assert_array_equal(page.picture, again.picture)
    assert [[mark.text for mark in line] for line in page.lines] == [list("12.3"), list("4+5")]
    grey = page.picture.min(axis=2).astype(int)
    for mark in (mark for line in page.lines for mark in line):
        half = int(mark.height * 0.55)
        y, x = int(mark.y), int(mark.x)
        around = grey[max(0, y - half) : y + half, max(0, x - half) : x + half]
        assert np.ptp(around) > 80  # there is ink


def test_a_token_counts_in_its_place_only(hand):
    page = made(hand, "plain")
    tokens = [
        Token(mark.text, (int(mark.x) - 5, int(mark.y) - 5, int(mark.x) + 5, int(mark.y) + 5), None, 1.0)
        for line in page.lines for mark in line
    ]  # fmt: skip
    assert pages.score(page, [tokens]) == (7, 7, 7)
    moved = [Token(each.text, (0, 0, 1, 1), None, 1.0) for each in tokens]
    assert pages.score(page, [moved]) == (0, 7, 7)
    assert pages.score(page, [tokens[:3], tokens[:3]]) == (3, 7, 6)


def test_no_hand_is_in_choices_and_in_reports():
    chosen, reported = (pages.hands([], seed)[0] for seed in (pages.CHOOSING, pages.REPORT))
    assert {each.picture.tobytes() for each in chosen}.isdisjoint(each.picture.tobytes() for each in reported)
