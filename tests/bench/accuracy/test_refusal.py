"""The refusal report: families that no training sees, counts and shares by hand, and its tables."""

import numpy as np
import pytest

from fastcnn.bench.accuracy import refusal, unseen
from fastcnn.bench.report.refusal_tables import compact, digits_refused, mean_share, unseen_refused
from fastcnn.bench.report.refusal_tables import refusal as full
from fastcnn.handwriting.drawings import Drawing
from fastcnn.handwriting.synthesis import nondigits

ROWS = {
    "digits": [{"name": "pens", "count": 200, "refused": 1}, {"name": "scans", "count": 100, "refused": 1}],
    "writers": [{"writer": "w", "count": 50, "refused": 1}],
    "seen": [{"name": "stars", "count": 10, "refused": 10}, {"name": "waves", "count": 40, "refused": 36}],
    "unseen": [{"name": "boats", "count": 20, "refused": 16}],
    "curve": [{"threshold": 0.25, "digits": {"pens": 0.01, "scans": 0.02}, "seen": 0.9, "unseen": 0.8}],
    "picture_s": 6e-5,
}


def test_shares_of_hand_worked_rows():
    assert mean_share(ROWS["seen"]) == pytest.approx(0.95)
    assert unseen_refused(ROWS) == 0.8
    assert digits_refused(ROWS) == 0.01


def test_tables_show_every_row():
    short, long = compact(ROWS), full(ROWS)
    assert "| digits: pens | 200 | 0.50% | 0.09% to 2.78% |" in short
    assert "| no digits, 2 families trained on, other pictures | 50 | 95.00% | worst: waves, 90.0% |" in short
    assert "1 of 50 drawings" in short
    assert "60 µs" in short
    assert "| never trained on | boats | 20 | 80.00% |" in long
    assert "| 0.250 | 1.00% | 2.00% | 80.0% | 90.0% |" in long


@pytest.mark.parametrize("name", unseen.FAMILIES)
def test_unseen_families_draw(name):
    images = nondigits.make(unseen.FAMILIES[name], 2, np.random.default_rng(1))
    assert images.any(axis=(1, 2, 3)).all()
    assert name not in nondigits.FAMILIES


def test_writers_are_counted_and_the_worst_comes_first():
    drawings = [Drawing(1, writer, ()) for writer in "abab"]
    rows = refusal._writers(np.array([0.9, 0.1, 0.8, 0.7]), drawings)
    assert rows == [{"writer": "b", "count": 2, "refused": 1}, {"writer": "a", "count": 2, "refused": 0}]


def test_threshold_of_a_level_refuses_that_share_of_the_drawings():
    scores = np.linspace(0, 1, 1001)
    rows = refusal._curve({"pens": scores}, {"stars": scores / 2}, {"boats": scores**2})
    for level, row in zip(refusal.LEVELS, rows, strict=True):
        assert row["digits"]["pens"] == pytest.approx(level, abs=1e-3)
        assert row["seen"] == pytest.approx(2 * level, abs=2e-3)
