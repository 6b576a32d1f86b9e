"""Which parts stand in one line: a line is followed from left to right, so it may rise, fall or bend a little."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastcnn.recognition.page.parts import PageParts

BIG = 0.5  # times the height of the writing: higher parts make lines, lower ones belong to a line near them
NEAR = 0.55  # of that height: the middle of a part is no farther from where its line goes on
LAST = 3  # parts of a line that say where it goes on
LINK = 2.5  # times that height: neighbours in a line are no farther apart
STEEPEST = 0.35  # the slope of a line
ABOVE, BELOW = -0.9, 0.95  # times that height from the middle of a line: small parts in between belong to it
ASIDE = 4.0  # times that height: a small part is no farther from its line's nearest big part


def find_lines(parts: PageParts) -> list[list[int]]:
    """The numbers of the parts in each line; lines from the top, parts from left to right."""
    big = np.flatnonzero(parts.heights >= BIG * parts.tall)
    if len(big) == 0:
        return []
    middles = np.stack([parts.boxes[:, 2] + parts.boxes[:, 3], parts.boxes[:, 0] + parts.boxes[:, 1]], axis=1) / 2
    slope = _slope(parts, big, middles)
    lines: list[list[int]] = []
    ends: list[tuple[float, float]] = []
    for number in big[np.argsort(middles[big, 0], kind="stable")].tolist():
        x, y = middles[number].tolist()
        apart = [abs(y - end_y - slope * (x - end_x)) for end_x, end_y in ends]  # how far from each line it is
        nearest = min(range(len(lines)), key=apart.__getitem__, default=-1)
        reach = NEAR * max(parts.tall, 0.7 * float(parts.heights[number]))
        if nearest >= 0 and apart[nearest] <= reach:
            lines[nearest].append(number)
            ends[nearest] = _end(lines[nearest], middles)
        else:
            lines.append([number])
            ends.append((x, y))
    lines.sort(key=lambda line: float(np.mean(middles[line, 1] - slope * middles[line, 0])))
    small: list[list[int]] = [[] for _ in lines]
    for number in np.flatnonzero(parts.heights < BIG * parts.tall).tolist():
        at = _line_of(number, lines, middles, slope, parts.tall)
        if at is not None:
            small[at].append(number)
    return [
        sorted([*line, *more], key=lambda number: int(parts.boxes[number, 2]))
        for line, more in zip(lines, small, strict=True)
    ]


def _end(line: list[int], middles: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The middle of the last parts of a line: x and y."""
    x, y = middles[line[-LAST:]].mean(axis=0).tolist()
    return x, y


def _slope(parts: PageParts, big: npt.NDArray[np.int64], middles: npt.NDArray[np.float64]) -> float:
    """How far lines fall, in pixels down for each to the right: the median over neighbours."""
    found = []
    for number in big[:400].tolist():
        x, y = middles[big, 0] - middles[number, 0], middles[big, 1] - middles[number, 1]
        right = (x > 0.3 * parts.tall) & (x < LINK * parts.tall) & (np.abs(y) <= 0.3 * parts.tall + STEEPEST * x)
        if right.any():
            nearest = np.flatnonzero(right)[np.hypot(x[right], 2 * y[right]).argmin()]
            found.append(float(y[nearest] / x[nearest]))
    return float(np.median(found)) if len(found) >= 3 else 0.0


def _line_of(
    number: int, lines: list[list[int]], middles: npt.NDArray[np.float64], slope: float, tall: float
) -> int | None:
    """The line that a small part belongs to, by the big part of each line that is nearest to its left or right."""
    best, found = np.inf, None
    x, y = middles[number]
    for index, line in enumerate(lines):
        aside = np.abs(middles[line, 0] - x)
        nearest = line[int(aside.argmin())]
        if float(aside.min()) > ASIDE * tall:
            continue
        below = float(y - middles[nearest, 1] - slope * (x - middles[nearest, 0])) / tall
        if ABOVE <= below <= BELOW and abs(below) < best:
            best, found = abs(below), index
    return found
