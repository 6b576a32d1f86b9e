"""`bench pages`: what is read of pages on all kinds of paper, and of single digits on them.

With `--strokes` half of the pages are written with drawings of one writer of a stroke file; the others, or all of them,
with pictures of MNIST that no training used. Every choice in `fastcnn.handwriting.paper` and `fastcnn.recognition.page`
was made with CHOOSING as the seed and with the other half of the writers and of the pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from fastcnn.bench.accuracy.conditions import Digit, Scan
from fastcnn.bench.accuracy.paper import KINDS, Page, lay
from fastcnn.bench.accuracy.writing import WRITERS_SEED, Rng, random_date, random_lines, random_sum, write
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import markdown
from fastcnn.handwriting.drawings import Drawing
from fastcnn.handwriting.stroke_files import read_drawings
from fastcnn.kernels.threads import set_threads
from fastcnn.metrics import wilson_interval
from fastcnn.recognition import recognizer
from fastcnn.recognition.page.tokens import Token

CHOOSING, REPORT = 1, 2026
COUNT, QUICK = 60, 3  # pages of each case
DIGITS = 10  # single digits for each page
HELD_OUT = 5_000  # of MNIST's training pictures: those that a training with seed 0 sets aside
REACH = 0.25  # times the height of the writing: a token's box may miss the middle of its mark by so much
LONG_PAGE = ["1234567890"] * 6  # 60 digits, for the time


def hands(drawings: Sequence[Drawing], seed: int) -> list[list[Digit]]:
    """Hands for choices or for reports: no writer and no picture is in both."""
    from fastcnn import load_mnist

    (images, labels), _ = load_mnist(normalize=False)
    aside = np.random.default_rng(0).permutation(len(images))[:HELD_OUT][(seed == REPORT) :: 2]
    found: list[list[Digit]] = [[Scan(int(labels[index]), images[index, 0]) for index in aside]]
    writers = np.random.default_rng(WRITERS_SEED).permutation(sorted({drawing.writer for drawing in drawings}))
    half = writers[len(writers) // 2 :] if seed == REPORT else writers[: len(writers) // 2]
    for writer in sorted(half.tolist()):
        own: list[Digit] = [drawing for drawing in drawings if drawing.writer == writer]
        if {digit.label for digit in own} == set(range(10)):
            found.append(own)
    return found


def make_page(texts: Sequence[str], kind: str, people: Sequence[Sequence[Digit]], rng: Rng, **how: Any) -> Page:
    """A page by one hand; half of the pages are by the first one, MNIST's."""
    hand = people[0 if len(people) == 1 or rng.random() < 0.5 else int(rng.integers(1, len(people)))]
    return lay(write(texts, hand, rng, **how), kind, rng)


def score(page: Page, lines: Sequence[Sequence[Token]]) -> tuple[int, int, int]:
    """The marks of a page that a token of the same text is in the place of, all marks, and all tokens."""
    tokens = [token for line in lines for token in line]
    used: set[int] = set()
    for mark in (mark for line in page.lines for mark in line):
        reach = REACH * mark.height
        for index, token in enumerate(tokens):
            left, top, right, bottom = token.box
            inside = left - reach <= mark.x <= right + reach and top - reach <= mark.y <= bottom + reach
            if index not in used and inside and token.text == mark.text:
                used.add(index)
                break
    return len(used), sum(map(len, page.lines)), len(tokens)


def _slanted(rng: Rng) -> dict[str, Any]:
    return {"slope": float(rng.uniform(-0.12, 0.12))}


def _plain(rng: Rng) -> dict[str, Any]:
    return {}


Case = tuple[str, Callable[[Rng], list[str]], Callable[[Rng], dict[str, Any]]]
CASES: dict[str, Case] = {
    **{f"pages, {kind}": (kind, random_lines, _plain) for kind in KINDS},
    "pages, slanted lines": ("plain", random_lines, _slanted),
    "dates": ("plain", lambda rng: [random_date(rng) for _ in range(3)], _plain),
    "sums, dashes, commas": ("plain", lambda rng: [random_sum(rng) for _ in range(3)], _plain),
}


def read_case(
    name: str, count: int, people: Sequence[Sequence[Digit]], seed: int, reader: recognizer.Recognizer
) -> Any:
    """One row: what is read of so many pages of a case."""
    kind, texts, how = CASES[name]
    right = marks = tokens = lines = 0
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        page = make_page(texts(rng), kind, people, rng, **how(rng))
        found = reader.read(page.picture)
        scores = score(page, found.lines)
        right, marks, tokens = right + scores[0], marks + scores[1], tokens + scores[2]
        lines += len(found.lines) == len(page.lines)
    return {
        "name": name, "pages": count, "marks": marks, "right": right / marks,
        "interval": list(wilson_interval(right, marks)), "too_many": (tokens - right) / marks, "lines": lines / count,
    }  # fmt: skip


def single_case(
    kind: str, count: int, people: Sequence[Sequence[Digit]], seed: int, reader: recognizer.Recognizer
) -> Any:
    """One row: single digits on a kind of paper, by `recognize`."""
    right = 0
    for index in range(count):
        rng = np.random.default_rng([seed, 1, index])
        digit = str(index % 10)
        page = make_page(
            [digit], kind, people, rng, height=float(rng.uniform(60, 160)), margin=float(rng.uniform(0.3, 1))
        )
        right += str(reader.recognize(page.picture).digit) == digit
    return {"name": f"one digit, {kind}", "digits": count, "right": right / count,
            "interval": list(wilson_interval(right, count))}  # fmt: skip


def case_names() -> list[str]:
    """The names of cases for --only."""
    return [*CASES, *(f"one digit, {kind}" for kind in KINDS)]


def run(settings: Settings) -> dict[str, Any]:
    set_threads(1)
    drawings = read_drawings(settings.strokes) if settings.strokes else []
    people = hands(drawings, REPORT)
    count = QUICK if settings.quick else COUNT
    reader = recognizer.Recognizer()
    rows = []
    for name in filter(settings.wants, case_names()):
        if name in CASES:
            rows.append(read_case(name, count, people, REPORT, reader))
        else:
            rows.append(single_case(name.partition(", ")[2], DIGITS * count, people, REPORT, reader))
        settings.say(f"{name}: {rows[-1]['right']:.1%} right")
    page = make_page(LONG_PAGE, "plain", people[:1], np.random.default_rng(REPORT), height=50.0).picture
    times = []
    for _ in range(3 if settings.quick else 11):
        start = perf_counter()
        reader.read(page)
        times.append(perf_counter() - start)
    return {"hands": len(people), "pen_drawings": bool(drawings), "rows": rows, "page_s": median(times)}


def tabulate(result: Any) -> str:
    """The documentation's table."""
    rows = []
    for row in result["rows"]:
        low, high = row["interval"]
        more = (f"{row['too_many']:.1%}", f"{row['lines']:.0%}") if "marks" in row else ("", "")
        count = row.get("marks", row.get("digits"))
        rows.append((row["name"], f"{count:,}", f"{row['right']:.1%}", f"{low:.1%} to {high:.1%}", *more))
    header = (
        "on paper",
        "digits and signs",
        "right in their place",
        "95 % interval",
        "too many",
        "pages with all lines",
    )
    whose = "one writer's pen drawings, or of MNIST" if result["pen_drawings"] else "MNIST"
    return markdown.table(header, rows) + (
        f"\nPages of 3 to 12 lines, of {whose}; made by code from a seed that no choice used. One core: "
        f"{markdown.duration(result['page_s'])} for a page of 60 digits.\n"
    )
