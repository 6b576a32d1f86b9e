"""A smooth line through the places where the pen was seen: a fast pen is seen at a few places only."""

from __future__ import annotations

from math import cos, hypot, radians
from typing import NamedTuple

Point = tuple[float, float]

SHARPEST = cos(radians(75))  # a larger turn is meant as a corner, as in a 7
FLAT_PX = 0.25  # a curve that leaves its chord by less is drawn as a line


class Piece(NamedTuple):
    """A cubic Bézier curve between two places of the pen, or a line where it is straight."""

    start: Point
    control_1: Point
    control_2: Point
    end: Point

    @property
    def is_line(self) -> bool:
        """Whether it is as good as straight."""
        (x, y), (ex, ey) = self.start, self.end
        length = hypot(ex - x, ey - y)
        return all(
            abs((ex - x) * (cy - y) - (ey - y) * (cx - x)) <= FLAT_PX * length
            for cx, cy in (self.control_1, self.control_2)
        )


def piece(points: list[Point], number: int) -> Piece:
    """The piece of a stroke that ends at point `number`, from 1, as far as it is known: later points may change it.

    It is a spline after Catmull and Rom. Its tangents have a third of the piece's length, so that unequal lengths do
    not make loops.
    """
    start, end = points[number - 1], points[number]
    third = hypot(end[0] - start[0], end[1] - start[1]) / 3
    (sx, sy), (ex, ey) = (_direction(points, each) for each in (number - 1, number))
    return Piece(start, (start[0] + third * sx, start[1] + third * sy), (end[0] - third * ex, end[1] - third * ey), end)


def _direction(points: list[Point], number: int) -> Point:
    """The direction of the line at a point, of length 1; (0, 0) at its ends and at corners."""
    if not 0 < number < len(points) - 1:
        return 0.0, 0.0
    (x0, y0), (x1, y1), (x2, y2) = points[number - 1 : number + 2]
    before, after = hypot(x1 - x0, y1 - y0), hypot(x2 - x1, y2 - y1)
    turn = ((x1 - x0) * (x2 - x1) + (y1 - y0) * (y2 - y1)) / (before * after) if before and after else 0.0
    length = hypot(x2 - x0, y2 - y0)
    return (0.0, 0.0) if turn < SHARPEST or not length else ((x2 - x0) / length, (y2 - y0) / length)
