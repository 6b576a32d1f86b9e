"""Ways of writing a digit: the fixed ones of `templates`, and those that a maker puts together from parts that vary.

A hand has its own flag, base, loop, crossing and tail, and they go together freely. So the makers reach shapes between
those of `templates`, and beyond them. Where people differ (a 1 with a level flag is another's 7), both makers reach the
shape, so that a network learns to be unsure there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastcnn.handwriting.synthesis.first_hands import four, one, three, two, zero
from fastcnn.handwriting.synthesis.last_hands import eight, five, nine, seven, six
from fastcnn.handwriting.synthesis.templates import WAYS, Way, ways_of

MADE = 0.4  # share of the ways that are made from parts

MAKERS: tuple[Callable[[np.random.Generator], Way], ...] = (
    zero, one, two, three, four, five, six, seven, eight, nine,
)  # fmt: skip


def usual_way(digit: int, rng: np.random.Generator) -> Way:
    """One of the fixed ways to write a digit."""
    ways = ways_of(WAYS[digit])
    return ways[rng.integers(len(ways))]


def random_way(digit: int, rng: np.random.Generator) -> Way:
    """One of the ways to write a digit, fixed or made."""
    return MAKERS[digit](rng) if rng.uniform() < MADE else usual_way(digit, rng)
