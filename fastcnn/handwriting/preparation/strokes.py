"""Divide ink into strokes: centre lines between the places where they meet, and which goes on in which.

The ink is thinned to lines that are a pixel wide (Zhang and Suen 1984, "A fast parallel algorithm for thinning digital
patterns"). Where lines meet, one goes on in another if each is the most nearly straight way on for the other. So a
stroke is followed across strokes that cross it, and along ink that two digits share.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from fastcnn.handwriting.preparation.components import Labels, Mask, label_components, spread

AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))  # clockwise from above
SHORT = 0.7  # widths of the pen: shorter lines at a meeting place belong to it
REACH = 1.5  # widths of the pen: so much of a line, 4 pixels at least, gives its direction at its end
STRAIGHT = -0.6  # the cosine between the directions of two lines at their meeting place: 127 degrees and more
MOST_INSIDE = 0.5  # of a line: what has more of it belongs to a digit

Ends = list[tuple[int, npt.NDArray[np.float64]]]  # lines at one meeting place, and their directions away from it


@dataclass(frozen=True, eq=False)
class Strokes:
    """The lines of some ink, numbered from 1, and then the places where they meet."""

    owners: Labels  # (H, W): the number of the line or meeting place that each pixel of ink is nearest to; 0 for paper
    lines: Labels  # (H, W): the lines themselves
    meeting: list[set[int]]  # for each line, 0 first, its meeting places
    onward: list[set[int]]  # for each line, 0 first, the lines in which it goes on

    def along(self, inside: Mask, longest: float) -> Mask:
        """All ink of the lines that lie mostly inside, and of those up to a length in which they go on."""
        lengths = np.bincount(self.lines.ravel(), minlength=len(self.onward))
        own = np.bincount(self.lines[inside], minlength=len(self.onward)) >= MOST_INSIDE * np.maximum(lengths, 1)
        chosen: set[int] = set((np.flatnonzero(own[1:]) + 1).tolist())
        chosen |= {line for first in chosen for line in self.onward[first] if lengths[line] <= longest}
        places = {place for line in chosen for place in self.meeting[line]}
        found: Mask = np.isin(self.owners, list(chosen | places))
        return found


def find_strokes(mask: Mask, ink: Mask, pen: float) -> Strokes:
    """The strokes of a mask, drawn with a pen of such a width; `ink` is the mask with its soft edge."""
    lines, places, count = _lines_and_places(thinned(mask), pen)
    pairs = _touching(lines, places)
    meeting: list[set[int]] = [set() for _ in range(count + 1)]
    ends: dict[int, Ends] = {}
    for line, place in sorted(pairs):
        meeting[line].add(place)
        ends.setdefault(place, []).extend(_ends(lines == line, places == place, max(4.0, REACH * pen), line))
    onward: list[set[int]] = [set() for _ in range(count + 1)]
    for found in ends.values():
        for one, other in _straight_on(found):
            onward[one].add(other)
            onward[other].add(one)
    return Strokes(_nearest(np.maximum(lines, places), ink), lines, meeting, onward)


def thinned(mask: Mask) -> Mask:
    """The mask thinned to lines that are one pixel wide and hang together as it does."""
    line = mask
    while True:
        before = line
        for removable in _tables()[1:]:
            line = line & ~removable[_around(line)]
        if np.array_equal(line, before):
            return line


@cache
def _tables() -> tuple[Labels, Mask, Mask]:
    """For each pattern of neighbours: how many lines leave, and whether the pixel goes in the first and second step."""
    bits = (np.arange(256)[:, np.newaxis] >> np.arange(8)) & 1 == 1
    leaving = (~bits & np.roll(bits, -1, axis=1)).sum(axis=1)
    count = bits.sum(axis=1)
    above, right, below, left = bits[:, ::2].T
    edge = (count >= 2) & (count <= 6) & (leaving == 1)
    return leaving, edge & ~(right & below & (above | left)), edge & ~(above & left & (right | below))


def _shifted(values: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """The values of each pixel's eight neighbours, 0 outside."""
    height, width = values.shape
    wide = np.pad(values, 1)
    return [wide[1 + y : 1 + y + height, 1 + x : 1 + x + width] for y, x in AROUND]


def _around(mask: Mask) -> npt.NDArray[np.uint8]:
    """The pattern of each pixel's neighbours, a bit for each."""
    found = np.zeros(mask.shape, np.uint8)
    for bit, neighbour in enumerate(_shifted(mask.view(np.uint8))):
        found |= neighbour << bit
    return found


def _lines_and_places(line: Mask, pen: float) -> tuple[Labels, Labels, int]:
    """The numbered lines of a thinned mask, the places where they meet, numbered after them, and how many lines."""
    crossing = line & (_tables()[0][_around(line)] >= 3)
    place = line & np.logical_or.reduce([crossing, *_shifted(crossing)])
    lines, count = label_components(line & ~place)
    # Two strokes that cross at a small angle meet twice, close together. Thinning also leaves short spurs.
    touching = {number for number, _ in _touching(lines, place.astype(np.int64))}
    lengths = np.bincount(lines.ravel(), minlength=count + 1)
    short = [number for number in touching if lengths[number] <= SHORT * pen]
    place |= np.isin(lines, short)
    lines, count = label_components(line & ~place)
    places, _ = label_components(place)
    return lines, np.where(place, places + count, 0), count


def _touching(lines: Labels, places: Labels) -> set[tuple[int, int]]:
    """All pairs of a line and a place that are neighbours."""
    at = lines > 0
    pairs: set[tuple[int, int]] = set()
    for neighbour in _shifted(places):
        both = at & (neighbour > 0)
        pairs |= set(zip(lines[both].tolist(), neighbour[both].tolist(), strict=True))
    return pairs


def _ends(line: Mask, place: Mask, reach: float, number: int) -> Ends:
    """The ends of a line at a meeting place: two if it is a loop."""
    centre = np.argwhere(place).mean(axis=0)
    points = np.argwhere(line)
    away = np.hypot(*(points - centre).T)
    near = points[away <= away.min() + reach]
    corner = near.min(axis=0)
    small = np.zeros(near.max(axis=0) - corner + 1, bool)
    small[tuple((near - corner).T)] = True
    labels, count = label_components(small)
    found: Ends = []
    for label in range(1, count + 1):
        arm = np.argwhere(labels == label) + corner - centre
        lengths = np.hypot(*arm.T)
        if lengths.min() <= away.min() + 2.5:
            direction = arm[lengths >= 0.5 * lengths.max()].mean(axis=0)
            found.append((number, direction / max(float(np.hypot(*direction)), 1e-6)))
    return found


def _straight_on(ends: Ends) -> list[tuple[int, int]]:
    """Pairs of lines that go on in one another."""
    if len(ends) < 2:
        return []
    directions = np.stack([direction for _, direction in ends])
    cosines = directions @ directions.T
    np.fill_diagonal(cosines, 2.0)
    best = cosines.argmin(axis=1)
    return [
        (ends[one][0], ends[other][0])
        for one, other in enumerate(best.tolist())
        if one < other and best[other] == one and cosines[one, other] <= STRAIGHT
    ]


def _nearest(numbers: Labels, ink: Mask) -> Labels:
    """The number that each pixel of ink is nearest to, by steps through the ink to the sides."""
    found = numbers
    while True:
        before, found = found, spread(found, ink)
        if np.array_equal(found, before):
            return found
