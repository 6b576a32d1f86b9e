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
from fastcnn.recognition.page.marks import PLUS, Mark, find_marks
from fastcnn.recognition.page.parts import PageParts, find_parts_of_page
from fastcnn.recognition.page.tokens import Box, Token
from fastcnn.recognition.strings import Candidate, after_all, candidates_of, choose, shares_of

if TYPE_CHECKING:
    from fastcnn.recognition.answer import Recognition

Answer = Callable[[Sequence[Field]], "list[Recognition]"]

SURE, SURE_SCORE = 0.9, 0.7  # of a digit and of its being one: more is not cut
WIDE, WIDE_SURE, WIDE_SCORE = 1.05, 0.99, 0.9  # of the writing's height: wider marks are cut unless they are surer
CLOSE = 0.2  # of the writing's height: marks with a smaller gap are read together, unless both are sure
MOST_CUTS = 40  # runs of a page that are cut: where nearly nothing is sure, it is no page of digits
NOTHING = "?"
SURELY = np.ones(1, np.float32)


@dataclass(eq=False)
class _Run:
    """Marks that follow one another without a sign: perhaps digits, perhaps pieces of digits."""

    marks: list[Mark]
    answers: list[Recognition] = field(default_factory=list)


@dataclass(eq=False)
class Cut:
    """A run that is read as a string: its candidates, the corner of its ink, and what is known of the candidates."""

    candidates: list[Candidate]
    left: int
    top: int
    answers: dict[int, Recognition] = field(default_factory=dict)
    way: list[int] = field(default_factory=list)

    @property
    def unread(self) -> list[int]:
        """The candidates on the way that are not read yet."""
        return [index for index in self.way if index not in self.answers]

    def choose(self) -> None:
        """Find the cheapest way. What is not read yet counts as surely a digit."""
        shares = [SURELY] * len(self.candidates)
        for index, share in zip(self.answers, shares_of(list(self.answers.values())), strict=True):
            shares[index] = share
        self.way = choose(self.candidates, shares)


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
    read = [[_known(mark, next(answers)) for mark in line] for line in lines]
    runs = [_runs(parts, line) for line in read]
    unsure = [run for line in runs for run in line if _is_unsure(parts, run)]
    cuts = {id(run): _cut(parts, run) for run in unsure[:MOST_CUTS]}
    read_cuts(list(cuts.values()), answer)
    return [_line(parts, line, cuts) for line in runs if line]


def quality(lines: Sequence[Sequence[Token]]) -> float:
    """How well lines were read: the mean confidence of what may be digits, 0 if there is none."""
    shares = [token.confidence for line in lines for token in line if token.digit is not None or token.text == NOTHING]
    return float(np.mean(shares)) if shares else 0.0


def _known(mark: Mark, result: Recognition) -> tuple[Mark, Recognition]:
    """A mark and what it was read as. A 4 or a thick 9 may look like two bars that cross, but no plus like a digit."""
    return (Mark(mark.parts) if mark.sign == PLUS and _sure(result) else mark), result


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


def _sure(result: Recognition, confidence: float = SURE, score: float = SURE_SCORE) -> bool:
    return result.digit is not None and result.confidence >= confidence and result.digit_score >= score


def _is_unsure(parts: PageParts, run: _Run) -> bool:
    """Whether a run is to be read as a string."""
    if run.marks[0].sign:
        return False
    _, _, left, right = parts.around(run.marks[0].parts)
    least = (WIDE_SURE, WIDE_SCORE) if right - left > WIDE * parts.tall else (SURE, SURE_SCORE)
    return len(run.marks) > 1 or not _sure(run.answers[0], *least)


def _cut(parts: PageParts, run: _Run) -> Cut:
    ink, left, top = parts.select([number for mark in run.marks for number in mark.parts])
    candidates, across, down = candidates_of(ink)
    return Cut(candidates, left + across, top + down)


def read_cuts(cuts: list[Cut], answer: Answer) -> None:
    """Find the cheapest way of each cut.

    A candidate is read only if it lies on a way that would be the cheapest if it were surely a digit. When all
    candidates on the cheapest way are read, it is the cheapest of all: to read more could only make others dearer.
    """
    while cuts:
        for cut in cuts:
            cut.choose()
        cuts = [cut for cut in cuts if cut.unread]
        wanted = [(cut, index) for cut in cuts for index in cut.unread]
        read = answer([cut.candidates[index].field for cut, index in wanted])
        for (cut, index), result in zip(wanted, read, strict=True):
            cut.answers[index] = result


def _line(parts: PageParts, line: Sequence[_Run], cuts: dict[int, Cut]) -> list[Token]:
    """The tokens of a line, which is a row if more than one of its marks may be a digit."""
    in_row = sum(len(run.marks) for run in line if not run.marks[0].sign) > 1
    found: list[Token] = []
    for run in line:
        cut = cuts.get(id(run))
        found += (cut and _tokens_of_cut(cut, in_row)) or _tokens(parts, run, in_row)
    return found


def _tokens_of_cut(cut: Cut, in_row: bool) -> list[Token]:
    found = []
    for index in cut.way:
        candidate = cut.candidates[index]
        top, bottom, left, right = candidate.box
        box = (cut.left + left, cut.top + top, cut.left + right, cut.top + bottom)
        found.append(_token(cut.answers[index], box, candidate.cut, in_row))
    return found


def _tokens(parts: PageParts, run: _Run, in_row: bool) -> list[Token]:
    """The tokens of a run that needs no cut."""
    found = []
    for mark, result in zip(run.marks, run.answers, strict=True):
        top, bottom, left, right = parts.around(mark.parts)
        box = (left, top, right, bottom)
        if mark.sign:
            found.append(Token(mark.sign, box, None, max(0.0, 1.0 - result.digit_score)))
        else:
            found.append(_token(result, box, 0.0, in_row))
    return found


def _token(result: Recognition, box: Box, cut: float, in_row: bool) -> Token:
    """A digit, or NOTHING. What is a digit only in its row is as sure as both networks together."""
    digit = after_all(result, cut, in_row=in_row)
    if digit is not None:
        return Token(str(digit.digit), box, digit.digit, digit.confidence * digit.digit_score)
    text = NOTHING if result.digit is None else str(result.digit)
    return Token(text, box, result.digit, result.confidence)
