"""Single digits and numbers on paper, for the reports of robustness, strings and refusal.

`recognize` reads the digits, and `read` the numbers. The seed, the writers and the pictures of MNIST are those of the
report of pages: no choice used them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn.bench.accuracy.pages import REPORT, hands, make_page
from fastcnn.bench.accuracy.writing import random_number
from fastcnn.handwriting.drawings import Drawing
from fastcnn.metrics import wilson_interval
from fastcnn.recognition.recognizer import Recognizer

ON_PAPER = ("ruled", "squared, blue", "squared, dark", "underlined", "framed", "shadow", "table")
STREAM = 2  # of random values: not those of `bench pages`
NUMBER_HEIGHT_PX = 60.0


def digits_on_paper(drawings: Sequence[Drawing], count: int, recognizer: Recognizer) -> list[dict[str, Any]]:
    """A row for each kind of paper: how many single digits on it are right, and how many are refused."""
    people = hands(drawings, REPORT)
    rows = []
    for kind in ON_PAPER:
        found = []
        for index in range(count):
            rng = np.random.default_rng([REPORT, STREAM, index])
            height, margin = float(rng.uniform(60, 160)), float(rng.uniform(0.3, 1))
            page = make_page([str(index % 10)], kind, people, rng, height=height, margin=margin)
            found.append(recognizer.recognize(page.picture).digit)
        right = sum(digit == index % 10 for index, digit in enumerate(found))
        rows.append({**_row(kind, right, count), "refused": found.count(None) / count})
    return rows


def numbers_on_paper(drawings: Sequence[Drawing], count: int, recognizer: Recognizer) -> list[dict[str, Any]]:
    """A row for each kind of paper: how many numbers of 2 to 6 digits on it are read right, digit by digit."""
    people = hands(drawings, REPORT)
    rows = []
    for kind in ON_PAPER:
        right = 0
        for index in range(count):
            rng = np.random.default_rng([REPORT, STREAM, index])
            text = random_number(rng)
            page = make_page([text], kind, people, rng, height=NUMBER_HEIGHT_PX)
            right += str(recognizer.read(page.picture)).replace(" ", "") == text
        rows.append(_row(kind, right, count))
    return rows


def _row(kind: str, right: int, count: int) -> dict[str, Any]:
    return {"name": kind, "count": count, "right": right / count, "interval": list(wilson_interval(right, count))}
