"""Pages of handwriting made by code: digits of one hand and signs, line by line, and what stands where.

A hand is a list of drawings of one writer, or of pictures of MNIST. `paper` lays the ink on paper. All random values
come from one generator. A report takes a seed that no choice has ever seen, and writers that no choice has seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastcnn.bench.accuracy.conditions import Digit, Scan
from fastcnn.handwriting.drawings import CANVAS_PX, Points, Pose, draw
from fastcnn.handwriting.preparation.ink import crop
from fastcnn.handwriting.preparation.planes import Plane
from fastcnn.handwriting.preparation.prepare import resize

Ink = npt.NDArray[np.float32]
Rng = np.random.Generator

HEIGHTS_PX = (36, 80)  # of a digit
PENS = (0.06, 0.14)  # share of a digit's height
UNEVEN = 0.05  # standard deviation of a digit's height and of its distance from the line, as a share of the height
GAP, GAP_SPREAD = 0.22, 0.06  # from ink to ink, as a share of the height
WORD_GAP = 0.9  # the same for a blank
SCAN_PX = 4  # a picture of MNIST is enlarged so many times, and then its edges are made sharp
SIGNS = ".,-+=/:"
WRITERS_SEED = 1  # divides the writers of a stroke file: one half for choices, the other for reports


@dataclass(frozen=True)
class Mark:
    """One character: what it is, the middle of its ink, and the height of the writing; in pixels of the page."""

    text: str
    x: float
    y: float
    height: float


@dataclass(frozen=True, eq=False)
class Writing:
    """The ink of a page, (H, W) float32 from 0 to 1, and its lines from the top, each from left to right."""

    ink: Ink
    lines: tuple[tuple[Mark, ...], ...]


def _sign(text: str, height: float, rng: Rng) -> list[Points]:
    """The strokes of a sign with its base at y 0 and its left at x 0; y is negative above the line."""

    def stroke(*points: tuple[float, float]) -> Points:
        return height * (np.array(points, np.float64) + rng.normal(0, 0.015, (len(points), 2)))

    middle = -0.45 + rng.normal(0, 0.04)
    long = rng.uniform(0.35, 0.55)
    if text in ".:":
        dots = [(0.0, -0.03)] if text == "." else [(0.0, -0.1), (0.0, -0.62)]
        return [stroke(dot) for dot in dots]
    if text == ",":
        return [stroke((0.06, -0.04), (0.05, 0.06), (-0.02, 0.2))]
    if text == "/":
        return [stroke((rng.uniform(0.45, 0.65), -1.08), (0.0, 0.1))]
    across = stroke((0.0, middle), (long, middle + rng.normal(0, 0.03)))
    if text == "=":
        half = np.array([0.0, 0.11 * height])
        return [across - half, stroke((0.0, middle), (long, middle)) + half]
    if text == "+":
        return [across, stroke((long / 2, middle - long / 2), (long / 2, middle + long / 2))]
    return [across]


def _drawn(strokes: Sequence[Points], pen: float) -> Plane:
    """Strokes in pixels, drawn with a pen, with the smallest rectangle of ink."""
    extent = float(np.ptp(np.concatenate(strokes), axis=0).max()) + pen
    side = max(8, int(np.ceil(extent)) + 4)
    return crop(draw(strokes, Pose(min(1.0, extent / side), pen / side * CANVAS_PX, 0.5, 0.5), side))


def _scanned(picture: Plane, height: float) -> Plane:
    """A picture of MNIST at a larger size, with sharp edges."""
    values = resize(crop(picture).astype(np.float32), max(4, round(SCAN_PX * 20)))
    sharp = np.clip((values / values.max() - 0.5) * 4 + 0.5, 0, 1)
    share = sharp.shape[0] / max(sharp.shape)
    large = resize(sharp.astype(np.float32), max(4, round(height / share)))
    scanned: Plane = np.rint(255 * np.clip(large, 0, 1)).astype(np.uint8)
    return scanned


def _digit(digit: Digit, height: float, pen: float) -> Plane:
    if isinstance(digit, Scan):
        return crop(_scanned(digit.picture, height))
    points = np.concatenate(digit.strokes)
    tall, wide = (max(float(np.ptp(points[:, axis])), 1e-6) for axis in (1, 0))
    scale = max(height - pen, 1.0) / max(tall, 0.4 * wide)
    return _drawn([stroke * scale for stroke in digit.strokes], pen)


def write(texts: Sequence[str], hand: Sequence[Digit], rng: Rng, *, height: float | None = None, gap: float = GAP,
          slope: float = 0.0, spacing: float | None = None, margin: float = 0.9) -> Writing:  # fmt: skip
    """Write lines of digits and signs, one under the other.

    Parameters
    ----------
    texts : lines of digits, SIGNS and blanks
    hand : digits of each kind that the texts have
    height : of a digit, in pixels; a random one of HEIGHTS_PX if None
    gap : from ink to ink, as a share of the height; digits overlap where it is negative
    slope : how far the lines fall, in pixels down for each pixel to the right
    spacing : from line to line, as a share of the height; a random one if None
    margin : of empty page round the writing, as a share of the height
    """
    height = float(rng.uniform(*HEIGHTS_PX)) if height is None else height
    pen = max(2.0, height * float(rng.uniform(*PENS)))
    spacing = float(rng.uniform(1.6, 2.4)) if spacing is None else spacing
    by_label = {label: [each for each in hand if each.label == label] for label in range(10)}
    placed: list[tuple[Plane, float, float, str, int]] = []  # ink, left, top, text, line
    for number, text in enumerate(texts):
        base = (number + 1) * spacing * height
        x = float(rng.uniform(0, 0.5)) * height
        for character in text:
            if character == " ":
                x += WORD_GAP * height
                continue
            line = base + slope * x
            if character.isdigit():
                own = by_label[int(character)]
                tall = height * float(np.clip(rng.normal(1, UNEVEN), 0.8, 1.2))
                ink = _digit(own[int(rng.integers(len(own)))], tall, pen)
                top = line + rng.normal(0, UNEVEN) * height - ink.shape[0]
            else:
                strokes = _sign(character, height, rng)
                ink = _drawn(strokes, pen)
                top = line + float(np.concatenate(strokes)[:, 1].min()) - pen / 2
            placed.append((ink, x, top, character, number))
            x += ink.shape[1] + (gap + (float(rng.normal(0, GAP_SPREAD)) if gap == GAP else 0.0)) * height
    return _page(placed, len(texts), height, margin)


def _page(placed: list[tuple[Plane, float, float, str, int]], count: int, height: float, margin: float) -> Writing:
    left = min(each[1] for each in placed) - margin * height
    top = min(each[2] for each in placed) - margin * height
    right = max(each[1] + each[0].shape[1] for each in placed) + margin * height
    bottom = max(each[2] + each[0].shape[0] for each in placed) + margin * height
    page = np.zeros((round(bottom - top) + 1, round(right - left) + 1), np.float32)
    lines: list[list[Mark]] = [[] for _ in range(count)]
    for ink, x, y, text, number in placed:
        column, row = round(x - left), round(y - top)
        part = page[row : row + ink.shape[0], column : column + ink.shape[1]]
        np.maximum(part, ink[: part.shape[0], : part.shape[1]] / np.float32(255), out=part)
        middle = (column + ink.shape[1] / 2, row + ink.shape[0] / 2)
        lines[number].append(Mark(text, *middle, height))
    return Writing(page, tuple(map(tuple, lines)))


def random_number(rng: Rng, least: int = 2, most: int = 6) -> str:
    """Some digits, each as likely."""
    return "".join(map(str, rng.integers(10, size=rng.integers(least, most + 1)).tolist()))


def random_lines(rng: Rng, least: int = 3, most: int = 12) -> list[str]:
    """Lines of one or two numbers of up to six digits each."""
    count = int(rng.integers(least, most + 1))
    return [" ".join(random_number(rng) for _ in range(rng.integers(1, 3))) for _ in range(count)]


def random_date(rng: Rng) -> str:
    """A date in one of five forms."""
    day, month, year = int(rng.integers(1, 29)), int(rng.integers(1, 13)), int(rng.integers(1950, 2040))
    forms = (f"{day}.{month}.{year}", f"{day:02}.{month:02}.{year}", f"{day:02}-{month:02}-{year}",
             f"{year}-{month:02}-{day:02}", f"{day}/{month}/{year}")  # fmt: skip
    return forms[int(rng.integers(len(forms)))]


def random_sum(rng: Rng) -> str:
    """A sum, a difference, a number with a comma, a time, or a number with dashes."""
    a, b = (int(each) for each in rng.integers(1, 1000, 2))
    forms = (f"{a}+{b}={a + b}", f"{a + b}-{b}={a}", f"{a},{b % 100:02}", f"{a % 24:02}:{b % 60:02}",
             f"{a}-{b}-{int(rng.integers(10, 9999))}")  # fmt: skip
    return forms[int(rng.integers(len(forms)))]
