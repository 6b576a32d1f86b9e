"""Parts of a digit as points of a pen: bows, corners and lines, from which `hands` puts a digit together.

A part is a list of points (x, y, whether the pen makes a corner there); parts of one stroke are added. A digit is about
60 wide and 100 high, and y points downwards.
"""

from __future__ import annotations

import numpy as np

from fastcnn.handwriting.synthesis.templates import Way

Rng = np.random.Generator
Part = list[tuple[float, float, bool]]

STEP_DEG = 45.0  # along a bow from point to point


def soft(*points: tuple[float, float]) -> Part:
    """Points through which the pen goes smoothly."""
    return [(x, y, False) for x, y in points]


def sharp(*points: tuple[float, float]) -> Part:
    """Points at which the pen makes a corner."""
    return [(x, y, True) for x, y in points]


def either(rng: Rng, point: tuple[float, float], share: float = 0.5) -> Part:
    """A point that is sharp with this probability, and else soft."""
    return sharp(point) if rng.uniform() < share else soft(point)


def bow(x: float, y: float, across: float, down: float, start_deg: float, stop_deg: float) -> Part:
    """A part of an ellipse round (x, y), with half axes `across` and `down`.

    Angles are 0 at the right, 90 at the bottom, 180 at the left and 270 or -90 at the top; from a smaller to a larger
    angle the pen goes clockwise.
    """
    count = max(1, round(abs(stop_deg - start_deg) / STEP_DEG))
    angles = np.deg2rad(np.linspace(start_deg, stop_deg, count + 1))
    return [(x + across * float(np.cos(each)), y + down * float(np.sin(each)), False) for each in angles]


def pick(rng: Rng, **weights: float) -> str:
    """One of the names, each as often as its weight says."""
    shares = np.cumsum(list(weights.values()))
    return list(weights)[int(np.searchsorted(shares, rng.uniform(0, shares[-1]), side="right"))]


def way(*strokes: Part) -> Way:
    """A way of writing from its strokes."""
    points = tuple(np.array([(x, y) for x, y, _ in stroke], np.float64) for stroke in strokes)
    return Way(points, tuple(tuple(is_corner for _, _, is_corner in stroke) for stroke in strokes))
