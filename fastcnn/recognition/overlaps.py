"""Read a string whose digits may overlap: with more cuts, and with ink that belongs to both of two neighbours.

A cut gives each stroke to one digit, though digits that overlap or touch share some of their ink. So a digit is also
looked at with the ink beyond its cuts that is near them. This takes time: only digits on ways that are nearly the
cheapest get it, and only strings that are not read surely without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from fastcnn.handwriting.preparation.components import Mask, grown
from fastcnn.handwriting.preparation.cuts import FINE_APART, Pieces, cut
from fastcnn.handwriting.preparation.planes import Plane
from fastcnn.handwriting.preparation.prepare import Field
from fastcnn.recognition.strings import Candidate, join, near_best, prepare_blocks, shares_of, way

if TYPE_CHECKING:
    from fastcnn.recognition.answer import Recognition

MOST_PIECES = 40  # a string with more is not
REACH = 0.5  # widths of the stroke, from a cut; with 1 fewer digits that touch are read right
WITHIN = 2.0  # of the cheapest way's cost; with 1 to infinity the same strings are right


def may_overlap(digits: Sequence[Recognition], candidates: Sequence[Candidate]) -> bool:
    """Whether digits of a string may overlap: one was cut, or looks like no digit."""
    return any(found.cut > 0 for found in candidates) or any(digit.digit is None for digit in digits)


def read_overlaps(
    ink: Plane, answer: Callable[[Sequence[Field]], list[Recognition]]
) -> tuple[list[Recognition], float, list[Candidate]] | None:
    """The digits of a string from left to right, the probability of their number, and where they are.

    Parameters
    ----------
    ink : (H, W) uint8, cropped, 0 on paper
    answer : what a network makes of prepared pictures

    Returns
    -------
    None if there is nothing to cut, or too much.
    """
    pieces = cut(ink, FINE_APART)
    if not pieces.cuts or pieces.count > MOST_PIECES:
        return None
    candidates = join(ink, pieces)
    answers = answer([candidate.field for candidate in candidates])
    shared = []
    for index in near_best(candidates, shares_of(answers), WITHIN):
        blocks = with_shared_ink(pieces, candidates[index].first, candidates[index].stop)
        if blocks is not None:
            shared.append(replace(candidates[index], prepared=partial(prepare_blocks, ink, blocks, pieces.factor)))
    return way(candidates + shared, answers + answer([candidate.field for candidate in shared]))


def with_shared_ink(pieces: Pieces, first: int, stop: int) -> Mask | None:
    """The pieces from first to before stop (counted from 0), and the ink near their cuts.

    Returns
    -------
    (height, width) bool, in blocks; None if no cut separates them from another piece
    """
    beyond = set()
    for pair in pieces.cuts:
        outside = [piece for piece in pair[:2] if not first < piece <= stop]
        if len(outside) == 1:
            beyond.add(outside[0])
    if not beyond:
        return None
    chosen: Mask = (pieces.labels > first) & (pieces.labels <= stop)
    allowed = np.isin(pieces.labels, list(beyond))
    for _ in range(max(1, round(REACH * pieces.pen))):
        chosen = chosen | (grown(chosen) & allowed)
    return chosen
