"""Find where one digit of a string ends and the next begins: cut at more places than needed, then let a network choose.

This is heuristic over-segmentation (LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to
document recognition", section V). A digit is one piece of ink, or several pieces that follow one another. Dynamic
programming finds the cheapest of all ways to read the string. A digit is cheap if the network is sure of it, if it is
as high as the string and not too wide, and if its cuts cross little ink. `cuts` makes the pieces.

Where digits overlap, the way is often unsure. Then `overlaps` gives more ways.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.handwriting.preparation.components import Mask
from fastcnn.handwriting.preparation.cuts import LINE_PX, Pieces, cut
from fastcnn.handwriting.preparation.ink import INK_SHARE, crop, find_ink, find_parts, remove_specks
from fastcnn.handwriting.preparation.pictures import to_plane
from fastcnn.handwriting.preparation.planes import Plane
from fastcnn.handwriting.preparation.prepare import Field, prepare_ink
from fastcnn.handwriting.preparation.reasons import NO_DIGIT
from fastcnn.recognition.answer import Recognition, digit_answer
from fastcnn.recognition.signs import notes_of

if TYPE_CHECKING:
    from fastcnn.handwriting.preparation.pictures import Picture

MOST_JOINED = 8  # the most pieces in one digit; with at most 100 pieces there are 800 candidates to recognize
WIDEST = 1.6  # share of the string's height; the pieces of one digit are not wider together
FARTHEST = 0.15  # share of the string's height; the gap between two pieces of a digit is smaller
# Costs, in the unit of the network's log probability. They were fitted by maximum likelihood to 1,400 strings, made of
# pen drawings by 15 people, with the seven gaps of `python -m bench strings` equally often.
DIGIT = -0.65
LOW, LOW_FROM = 2.7, 0.7  # for digits lower than LOW_FROM of the string's height
WIDTH = 0.45
WIDE, WIDE_FROM = 2.3, 0.85
CUT = 0.5  # for each stroke's width of ink that the cuts round a digit cross; neighbours share the cost
LEAST = 1e-6  # a lower probability does not cost more
LEAST_SCORE = 0.3  # a lower score of being a digit counts as much; without it letters are cut to pieces like digits
LEAST_CUT_SCORE = 0.07  # of a digit next to a cut; a lower score of being a digit refuses it
LEAST_ROW_SCORE, ROW_SURE = 0.12, 0.9  # the same among other digits, if it is so sure of which digit it is
COUNT_WEIGHT = (
    3.0  # factor of the costs in `share_of_count`; with it, 99 of 100 strings with a confidence from 90 % are right
)


@dataclass(frozen=True, eq=False)
class Candidate:
    """Pieces that may be one digit. Lengths are shares of the string's height, ink is in widths of the stroke."""

    first: int  # piece, from 0
    stop: int  # after the last piece
    prepared: Callable[[], Field]  # makes its `field`
    height: float
    width: float
    cut: float  # half of the ink that the cuts round it cross; its neighbours pay for the other half
    box: tuple[int, int, int, int] = (0, 0, 0, 0)  # top, bottom, left, right, in pixels of the string's ink

    @cached_property
    def field(self) -> Field:
        """(28, 28), as `prepare.prepare` gives it. Where not all candidates are read, most of the time is saved."""
        return self.prepared()

    def cost(self, probability: float) -> float:
        """The cost of reading it as a digit with this probability. It is finite for any probability."""
        share = min(probability, 1.0) if probability > LEAST else LEAST  # max would give NaN for NaN
        return (
            DIGIT
            - float(np.log(share))
            + LOW * max(0.0, LOW_FROM - self.height)
            + WIDTH * self.width
            + WIDE * max(0.0, self.width - WIDE_FROM)
            + CUT * self.cut
        )


def ink_of(image: Picture) -> Plane | None:
    """The cropped ink of a picture of a string, (H, W) uint8, 0 on paper; None if it is blank.

    Arguments and errors as for `prepare.prepare`.
    """
    ink = find_ink(to_plane(image))
    return None if ink is None else crop(remove_specks(ink, find_parts(ink)))


def find_string(ink: Plane) -> tuple[list[Candidate], tuple[str, ...]]:
    """What may be a digit in the ink of a string, by first piece, and its notes: codes as in `DigitString.notes`.

    ink : as `ink_of` gives it. Each piece is a candidate by itself, so that there is a way from the first to the last.
    """
    return join(ink, cut(ink)), notes_of(find_parts(ink, -(-len(ink) // LINE_PX)))


def candidates_of(ink: Plane) -> tuple[list[Candidate], int, int]:
    """What may be a digit in some ink, (H, W) uint8, 0 on paper; and the column and row that their boxes count from."""
    inked = ink >= INK_SHARE * int(ink.max())
    cropped = crop(ink)
    return join(cropped, cut(cropped)), int(inked.any(axis=0).argmax()), int(inked.any(axis=1).argmax())


def join(ink: Plane, pieces: Pieces) -> list[Candidate]:
    """The candidates of cropped ink and its pieces, sorted by the piece that they begin with."""
    found = []
    for first in range(pieces.count):
        top, bottom, left, right = pieces.boxes[first]
        for stop in range(first + 1, min(first + MOST_JOINED, pieces.count) + 1):
            last = pieces.boxes[stop - 1]
            far = last[2] - right > FARTHEST * pieces.height
            top, bottom, left, right = min(top, last[0]), max(bottom, last[1]), min(left, last[2]), max(right, last[3])
            if far or (stop > first + 1 and right - left > WIDEST * pieces.height):
                break
            prepared = partial(_prepare_pieces, ink, pieces, first, stop)
            crossed = sum(ink for a, b, ink in pieces.cuts if (first < a <= stop) != (first < b <= stop))
            height, width = (bottom - top) / pieces.height, (right - left) / pieces.height
            box = (top * pieces.factor, bottom * pieces.factor, left * pieces.factor, right * pieces.factor)
            found.append(Candidate(first, stop, prepared, height, width, crossed / 2, box))
    return found


def shares_of(answers: Sequence[Recognition]) -> list[npt.NDArray[np.float32]]:
    """The probabilities that `choose` takes: each times the score of being a digit.

    A wrong cut often gives something that looks like no digit. Where digits touch, this factor makes 3 to 5 more of 100
    strings right.
    """
    return [answer.probabilities * np.float32(max(answer.digit_score, LEAST_SCORE)) for answer in answers]


def choose(candidates: Sequence[Candidate], probabilities: Sequence[npt.NDArray[np.float32]]) -> list[int]:
    """The cheapest way to read the string: candidates that follow one another from the first piece to the last.

    Parameters
    ----------
    candidates : as `find_string` gives them
    probabilities : (classes,) for each, what the network makes of it

    Returns
    -------
    Indices of the chosen candidates, from left to right. The list is empty if there is no way.
    """
    end = max((candidate.stop for candidate in candidates), default=0)
    best = [0.0] + [np.inf] * end
    last = [-1] * (end + 1)
    for index, cost in _by_end(candidates, probabilities):
        candidate = candidates[index]
        if best[candidate.first] + cost < best[candidate.stop]:
            best[candidate.stop], last[candidate.stop] = best[candidate.first] + cost, index
    chosen: list[int] = []
    while end > 0:
        if last[end] < 0:
            return []
        chosen.append(last[end])
        end = candidates[last[end]].first  # before it
    return chosen[::-1]


def way(
    candidates: Sequence[Candidate], answers: Sequence[Recognition]
) -> tuple[list[Recognition], float, list[Candidate]]:
    """The answers on the cheapest way, the probability of their number, and their candidates.

    Where a digit is one only `after_all`, the probability falls.
    """
    shares = shares_of(answers)
    chosen = choose(candidates, shares)
    share = share_of_count(len(chosen), candidates, shares) if chosen else 0.0
    found = [answers[index] for index in chosen]
    for place, index in enumerate(chosen):
        digit = after_all(answers[index], candidates[index].cut, in_row=len(chosen) > 1)
        if digit is not None:
            found[place] = digit
            share *= digit.digit_score
    return found, share, [candidates[index] for index in chosen]


def after_all(answer: Recognition, cut: float, *, in_row: bool) -> Recognition | None:
    """The digit that something refused is after all, or None.

    A digit that was cut looks less like one, and what stands in a row with others is more probably one. So such a digit
    is refused at a lower score.
    """
    sure = in_row and float(answer.probabilities.max()) >= ROW_SURE
    least = LEAST_CUT_SCORE if cut > 0 else LEAST_ROW_SCORE if sure else 1.0
    if answer.reason != NO_DIGIT or answer.digit_score < least:
        return None
    return digit_answer(answer.probabilities, answer.input, answer.digit_score)


def near_best(
    candidates: Sequence[Candidate], probabilities: Sequence[npt.NDArray[np.float32]], within: float
) -> list[int]:
    """Indices of the candidates on ways that cost at most `within` more than the cheapest."""
    ordered = _by_end(candidates, probabilities)
    end = max((candidate.stop for candidate in candidates), default=0)
    before, after = [0.0] + [np.inf] * end, [np.inf] * end + [0.0]
    for index, cost in ordered:
        first, stop = candidates[index].first, candidates[index].stop
        before[stop] = min(before[stop], before[first] + cost)
    for index, cost in reversed(ordered):
        first, stop = candidates[index].first, candidates[index].stop
        after[first] = min(after[first], after[stop] + cost)
    most = before[end] + within
    return [
        index
        for index, cost in ordered
        if before[candidates[index].first] + cost + after[candidates[index].stop] <= most
    ]


def share_of_count(
    count: int, candidates: Sequence[Candidate], probabilities: Sequence[npt.NDArray[np.float32]]
) -> float:
    """The probability, 0 to 1, that the string has `count` digits. Costs are negative logarithms of probabilities.

    Ways with the same number of digits differ a little in their cuts, and rarely in the digits.
    """
    end = max((candidate.stop for candidate in candidates), default=0)
    total = np.full((end + 1, end + 1), -np.inf)  # indexed by the end of a way and by its number of digits
    total[0, 0] = 0.0
    for index, cost in _by_end(candidates, probabilities):
        before, after = total[candidates[index].first], total[candidates[index].stop]
        after[1:] = np.logaddexp(after[1:], before[:-1] - COUNT_WEIGHT * cost)
    return float(np.exp(total[end, count] - np.logaddexp.reduce(total[end])))


def _by_end(
    candidates: Sequence[Candidate], probabilities: Sequence[npt.NDArray[np.float32]]
) -> list[tuple[int, float]]:
    """Each candidate's index and cost, sorted by its end. So all ways to a candidate's beginning come before it."""
    order = sorted(range(len(candidates)), key=lambda index: candidates[index].stop)
    return [(index, candidates[index].cost(float(probabilities[index].max()))) for index in order]


def _prepare_pieces(ink: Plane, pieces: Pieces, first: int, stop: int) -> Field:
    return prepare_blocks(ink, (pieces.labels > first) & (pieces.labels <= stop), pieces.factor)


def prepare_blocks(ink: Plane, blocks: Mask, factor: int) -> Field:
    """The ink in some blocks of factor x factor pixels, prepared as a digit."""
    rows, columns = np.flatnonzero(blocks.any(axis=1)), np.flatnonzero(blocks.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    blocks, ink = blocks[top:bottom, left:right], ink[top * factor : bottom * factor, left * factor : right * factor]
    chosen = blocks.repeat(factor, axis=0)[: ink.shape[0]].repeat(factor, axis=1)[:, : ink.shape[1]]
    return prepare_ink(np.where(chosen, ink, np.uint8(0)))
