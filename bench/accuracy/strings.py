"""`bench strings`: the share of strings of 2 to 6 digits that are read right, for each gap between digits or overlap.

With `--strokes` the digits of a string are drawings of one writer of a stroke file. They have similar heights, stand
almost on one line, and are drawn with one pen. Half of the writers were used to choose the costs in
`fastcnn.recognition.strings`, so only the other half is measured. Without `--strokes` the digits are synthetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from fastcnn.bench.accuracy.on_paper import numbers_on_paper
from fastcnn.bench.accuracy.writing import WRITERS_SEED
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import markdown, paper_tables
from fastcnn.digits import CLASSES
from fastcnn.handwriting.drawings import CANVAS_PX, Drawing, Points, Pose, draw
from fastcnn.handwriting.preparation.planes import Plane
from fastcnn.handwriting.stroke_files import read_drawings
from fastcnn.handwriting.synthesis.digits import bend
from fastcnn.handwriting.synthesis.hands import usual_way
from fastcnn.kernels.threads import set_threads
from fastcnn.metrics import wilson_interval
from fastcnn.recognition.recognizer import Recognizer

GAPS = (0.3, 0.2, 0.1, 0.05, 0.0, -0.05, -0.1)  # share of the digits' mean width, from ink to ink
LENGTHS = (2, 6)
PENS = (0.05, 0.14)  # share of the digits' height
KEPT_HEIGHT = 0.3  # a digit's height by the median height becomes its old value to this power
UNEVEN = 0.04  # share of the height; standard deviation of a digit's distance from the line
SIZES = (0.6, 0.95)  # share of the canvas's width
SIDE_PX = 1000
MARGIN_PX = 20  # above and below
COUNT = 300  # strings for each gap
QUICK = 20
ON_PAPER, QUICK_ON_PAPER = 100, 3  # numbers on each kind of paper


def compose(drawings: Sequence[Drawing], gap: float, rng: np.random.Generator) -> tuple[Plane, list[int]]:
    """A picture of some of the drawings in a row, and their labels from left to right."""
    chosen = [drawings[index] for index in rng.integers(len(drawings), size=rng.integers(LENGTHS[0], LENGTHS[1] + 1))]
    ends = [np.concatenate(drawing.strokes) for drawing in chosen]
    line = max(float(np.median([np.ptp(end[:, 1]) for end in ends])), 1e-9)
    pen = line * rng.uniform(*PENS)
    scales = [np.clip(line / max(float(np.ptp(end[:, 1])), 1e-9), 0.5, 2.0) ** (1 - KEPT_HEIGHT) for end in ends]
    widths = [float(np.ptp(end[:, 0])) * scale + pen for end, scale in zip(ends, scales, strict=True)]
    strokes: list[Points] = []
    x = 0.0
    for drawing, end, scale, width in zip(chosen, ends, scales, widths, strict=True):
        corner = np.array([end[:, 0].min(), end[:, 1].max()])
        place = np.array([x, rng.normal(0, UNEVEN) * line])
        strokes += [(stroke - corner) * scale + place for stroke in drawing.strokes]
        x += width + gap * float(np.mean(widths))
    extent = float(np.ptp(np.concatenate(strokes), axis=0).max()) + pen
    size = rng.uniform(*SIZES)
    canvas = draw(strokes, Pose(size, pen / extent * size * CANVAS_PX, 0.5, 0.5), SIDE_PX)
    rows = np.flatnonzero(canvas.any(axis=1))
    return np.pad(canvas[rows[0] : rows[-1] + 1], ((MARGIN_PX, MARGIN_PX), (0, 0))), [each.label for each in chosen]


def synthetic_hands(count: int, rng: np.random.Generator) -> list[list[Drawing]]:
    """So many times ten digits, each bent at random."""
    return [[Drawing(d, "", tuple(bend(usual_way(d, rng), rng))) for d in range(CLASSES)] for _ in range(count)]


def measured_hands(drawings: Sequence[Drawing]) -> list[list[Drawing]]:
    """The drawings of the writers that did not choose the costs, writer by writer."""
    writers = np.random.default_rng(WRITERS_SEED).permutation(sorted({drawing.writer for drawing in drawings}))
    return [
        [drawing for drawing in drawings if drawing.writer == writer] for writer in sorted(writers[len(writers) // 2 :])
    ]


def run(settings: Settings) -> dict[str, Any]:
    set_threads(1)
    rng = np.random.default_rng(0)
    count = QUICK if settings.quick else COUNT
    drawings = read_drawings(settings.strokes) if settings.strokes else []
    hands = measured_hands(drawings) if drawings else synthetic_hands(count, rng)
    recognizer = Recognizer()
    rows, times = [], []
    for gap in GAPS:
        right = pieces = 0
        for index in range(count):
            picture, labels = compose(hands[index % len(hands)], gap, rng)
            start = perf_counter()
            found = [result.digit for result in recognizer.recognize_string(picture)]
            times.append(perf_counter() - start)
            right += found == labels
            pieces += len(found) == len(labels)
        rows.append({
            "gap": gap, "strings": count, "right": right / count, "interval": list(wilson_interval(right, count)),
            "right_number_of_digits": pieces / count,
        })  # fmt: skip
        settings.say(f"gap {gap:+.2f}: {right / count:.1%} right, {pieces / count:.1%} with the right number of digits")
    paper = numbers_on_paper(drawings, QUICK_ON_PAPER if settings.quick else ON_PAPER, recognizer)
    return {"digits": "pen drawings" if settings.strokes else "synthetic", "hands": len(hands), "rows": rows,
            "median_s": median(times), "slowest_s": max(times), "paper": paper}  # fmt: skip


def tabulate(result: Any) -> str:
    """The documentation's table."""
    rows = [
        (
            f"{row['gap']:+.0%}".replace("+0%", "0%"), f"{row['right']:.1%}",
            f"{row['interval'][0]:.1%} to {row['interval'][1]:.1%}", f"{row['right_number_of_digits']:.1%}",
        )
        for row in result["rows"]
    ]  # fmt: skip
    header = ("gap, of a digit's width", "strings right", "95 % interval", "right number of digits")
    return markdown.table(header, rows) + (
        f"\n{result['rows'][0]['strings']} strings of 2 to 6 {result['digits']} for each gap; below 0 they overlap. "
        f"One core: {markdown.duration(result['median_s'])} a string on the median, "
        f"{markdown.duration(result['slowest_s'])} at most.\n"
        + paper_tables.on_paper(result, "numbers of 2 to 6 digits, by `read`")
    )
