"""Read a string whose digits may overlap: with more cuts, and with strokes that go on across a cut.

A cut gives ink to one digit, though digits that overlap or touch share some, and a stroke of one may reach into the
other. So a digit is also looked at as whole strokes: those that lie mostly in it, and those in which they go on. This
takes time: only digits on ways that are nearly the cheapest get it, and only strings that are not read surely without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from fastcnn.handwriting.preparation.cuts import FINE_APART, cut
from fastcnn.handwriting.preparation.planes import Plane
from fastcnn.handwriting.preparation.prepare import Field
from fastcnn.handwriting.preparation.strokes import find_strokes
from fastcnn.recognition.strings import Candidate, join, near_best, prepare_blocks, shares_of, way

if TYPE_CHECKING:
    from fastcnn.recognition.answer import Recognition

MOST_PIECES = 40  # a string with more is not
INKED = 0.4  # of the full ink: blocks with more have a part in the strokes' centre lines
LONGEST = 0.5  # of the string's height: longer strokes in which others go on belong to another digit
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
    strokes = find_strokes(pieces.amounts >= INKED, pieces.labels > 0, pieces.pen)
    whole = []
    for candidate in (candidates[index] for index in near_best(candidates, shares_of(answers), WITHIN)):
        inside = (pieces.labels > candidate.first) & (pieces.labels <= candidate.stop)
        blocks = strokes.along(inside, LONGEST * pieces.height)
        if candidate.cut > 0 and blocks.any():
            whole.append(replace(candidate, prepared=partial(prepare_blocks, ink, blocks, pieces.factor)))
    return way(candidates + whole, answers + answer([candidate.field for candidate in whole]))
