"""Digits and numbers on paper for the reports: every kind has a row, the same one again, and tables show it."""

import numpy as np
import pytest

from fastcnn.bench.accuracy import on_paper, pages
from fastcnn.bench.accuracy.paper import KINDS
from fastcnn.bench.report import paper_tables
from fastcnn.recognition.answer import Recognition
from fastcnn.recognition.page.tokens import Page, Token


class Reader:
    """Takes each picture for the digit 3, and every second one for none; reads the number 12 on each page."""

    def __init__(self):
        self.seen = []

    def recognize(self, picture):
        self.seen.append(picture)
        digit = 3 if len(self.seen) % 2 == 0 else None
        return Recognition(digit, 0.0, np.full(10, 0.1, np.float32), np.zeros((28, 28), np.float32))

    def read(self, picture):
        return Page([[Token("1", (0, 0, 1, 9), 1, 1.0), Token("2", (20, 0, 21, 9), 2, 1.0)]])


def test_digits_count_by_their_kind_of_paper():
    first, again = Reader(), Reader()
    rows = on_paper.digits_on_paper([], 4, first)
    assert [row["name"] for row in rows] == list(on_paper.ON_PAPER)
    assert set(on_paper.ON_PAPER) <= set(KINDS)
    # Of the digits 0, 1, 2 and 3 on each paper, the last is a 3; the first and the third are refused.
    assert all(row["right"] == 0.25 and row["refused"] == 0.5 and row["count"] == 4 for row in rows)
    on_paper.digits_on_paper([], 4, again)
    for one, other in zip(first.seen, again.seen, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_number_is_right_with_all_its_digits(monkeypatch):
    texts = iter(["12", "21"] * len(on_paper.ON_PAPER))
    monkeypatch.setattr(on_paper, "random_number", lambda rng: next(texts))
    rows = on_paper.numbers_on_paper([], 2, Reader())
    assert [row["right"] for row in rows] == [0.5] * len(on_paper.ON_PAPER)


def test_the_seed_is_that_of_reports(monkeypatch):
    seeds = []
    hands = pages.hands
    monkeypatch.setattr(on_paper, "hands", lambda drawings, seed: seeds.append(seed) or hands(drawings, seed))
    on_paper.numbers_on_paper([], 1, Reader())
    assert seeds == [pages.REPORT] != [pages.CHOOSING]


@pytest.mark.parametrize("refused", [{}, {"refused": 0.02}])
def test_the_table_has_a_row_for_each_paper(refused):
    row = {"name": "ruled", "count": 1200, "right": 0.95, "interval": [0.93, 0.96], **refused}
    text = paper_tables.on_paper({"paper": [row]}, "digits")
    assert "| ruled | 1,200 | 95.0% | 93.0% to 96.0% |" + (" 2.0% |" if refused else "") in text
    assert paper_tables.on_paper({}, "digits") == ""
