"""Read the ink of a page: lines, and in each its digits and signs.

A mark that a network surely takes for a digit is one. Marks that stand close together and are not all sure are read
like a string of digits: they are cut at more places than needed, and the cheapest way through the pieces is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from fastcnn.handwriting.preparation.planes import Plane
from fastcnn.handwriting.preparation.prepare import Field, prepare_ink
from fastcnn.recognition.page.lines import find_lines
from fastcnn.recognition.page.marks import Mark, find_marks
from fastcnn.recognition.page.parts import PageParts, find_parts_of_page
from fastcnn.recognition.page.tokens import Box, Token
from fastcnn.recognition.strings import Candidate, candidates_of, choose, shares_of

if TYPE_CHECKING:
    from fastcnn.recognition.answer import Recognition

Answer = Callable[[Sequence[Field]], "list[Recognition]"]

SURE, SURE_SCORE = 0.9, 0.7  # of a digit and of its being one: more is not cut
WIDE = 1.05  # of the writing's height: wider marks are cut in any case
CLOSE = 0.2  # of the writing's height: marks with a smaller gap are read together, unless both are sure
MOST_CUTS = 40  # runs of a page that are cut: where nearly nothing is sure, it is no page of digits
NOTHING = "?"


@dataclass(eq=False)
class _Run:
    """Marks that follow one another without a sign: perhaps digits, perhaps pieces of digits."""

    marks: list[Mark]
    answers: list[Recognition] = field(default_factory=list)


@dataclass(eq=False)
class _Cut:
    """A run that is read as a string: its candidates, and the corner of its ink."""

    candidates: list[Candidate]
    left: int
    top: int


def read_ink(ink: Plane, answer: Answer) -> list[list[Token]]:
    """The lines of a page's ink, from the top, each a list of tokens from left to right, in pixels of the ink.

    Parameters
    ----------
    ink : (H, W) uint8, 0 on paper
    answer : what a network makes of prepared pictures
    """
    parts = find_parts_of_page(ink)
    if parts is None:
        return []
    lines = [find_marks(parts, line) for line in find_lines(parts)]
    fields = [prepare_ink(parts.select(mark.parts)[0]) for line in lines for mark in line]
    answers = iter(answer(fields))
    read = [[(mark, next(answers)) for mark in line] for line in lines]
    runs = [_runs(parts, line) for line in read]
    unsure = [run for line in runs for run in line if _is_unsure(parts, run)]
    cuts = {id(run): _cut(parts, run) for run in unsure[:MOST_CUTS]}
    of_cuts = iter(answer([each.field for cut in cuts.values() for each in cut.candidates]))
    found: dict[int, list[Token]] = {}
    for key, cut in cuts.items():
        found[key] = _tokens_of_cut(cut, [next(of_cuts) for _ in cut.candidates])
    return [[token for run in line for token in (found.get(id(run)) or _tokens(parts, run))] for line in runs if line]


def quality(lines: Sequence[Sequence[Token]]) -> float:
    """How well lines were read: the mean confidence of what may be digits, 0 if there is none."""
    shares = [token.confidence for line in lines for token in line if token.digit is not None or token.text == NOTHING]
    return float(np.mean(shares)) if shares else 0.0


def _runs(parts: PageParts, line: Sequence[tuple[Mark, Recognition]]) -> list[_Run]:
    """Marks that may be pieces of one another's digits; a sign, and a mark with wide gaps, is alone."""
    runs: list[_Run] = []
    for mark, result in line:
        last = runs[-1] if runs else None
        if last is not None and not mark.sign and not last.marks[-1].sign:
            gap = parts.around(mark.parts)[2] - parts.around(last.marks[-1].parts)[3]
            if gap <= CLOSE * parts.tall and not (_sure(last.answers[-1]) and _sure(result)):
                last.marks.append(mark)
                last.answers.append(result)
                continue
        runs.append(_Run([mark], [result]))
    return runs


def _sure(result: Recognition) -> bool:
    return result.digit is not None and result.confidence >= SURE and result.digit_score >= SURE_SCORE


def _is_unsure(parts: PageParts, run: _Run) -> bool:
    """Whether a run is to be read as a string."""
    if run.marks[0].sign:
        return False
    _, _, left, right = parts.around(run.marks[0].parts)
    return len(run.marks) > 1 or not _sure(run.answers[0]) or right - left > WIDE * parts.tall


def _cut(parts: PageParts, run: _Run) -> _Cut:
    ink, left, top = parts.select([number for mark in run.marks for number in mark.parts])
    candidates, across, down = candidates_of(ink)
    return _Cut(candidates, left + across, top + down)


def _tokens_of_cut(cut: _Cut, answers: Sequence[Recognition]) -> list[Token]:
    found = []
    for index in choose(cut.candidates, shares_of(answers)):
        top, bottom, left, right = cut.candidates[index].box
        found.append(_token(answers[index], (cut.left + left, cut.top + top, cut.left + right, cut.top + bottom)))
    return found


def _tokens(parts: PageParts, run: _Run) -> list[Token]:
    """The tokens of a run that needs no cut."""
    found = []
    for mark, result in zip(run.marks, run.answers, strict=True):
        top, bottom, left, right = parts.around(mark.parts)
        box = (left, top, right, bottom)
        if mark.sign:
            found.append(Token(mark.sign, box, None, max(0.0, 1.0 - result.digit_score)))
        else:
            found.append(_token(result, box))
    return found


def _token(result: Recognition, box: Box) -> Token:
    text = NOTHING if result.digit is None else str(result.digit)
    return Token(text, box, result.digit, result.confidence)
