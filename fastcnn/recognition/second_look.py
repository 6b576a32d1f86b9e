"""What else a picture may show than the first look found: ink on real paper, or ink that covers much of the border.

The recognizer asks where its first answer is not sure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fastcnn.handwriting.preparation.ink import unblock
from fastcnn.handwriting.preparation.planes import Plane, border_of, is_of_paper
from fastcnn.handwriting.preparation.prepare import Field, Sight, look, look_at_ink

if TYPE_CHECKING:
    from fastcnn.recognition.page.parts import PageParts

SMALL_PX = 56  # twice MNIST's size: in smaller pictures a line is as wide as a stroke
# Of the border: with more ink the darker and the lighter level may both be the paper. Squares round digits have up to
# 0.6, and those round digits of a thick pen more.
MIXED = 0.25
APART = 0.7  # of the picture's contrast: the border's two levels are ink and paper, not light and shade
MARGIN = 1 / 16  # of the longer side
HALF = 0.5  # of the full ink
UNDER_ROWS, OVER_ROWS = 4, 3  # of a prepared picture: a line under a digit lies in the lowest, and the digit over them


@dataclass(frozen=True, eq=False)
class OnPaper:
    """A digit on paper.

    sight : what is seen without what is not the digit
    underlined : whether there was a line under it, which is no part of any digit
    other : what is seen with that line; or, where a line may be the digit's base, without it. None without such a line
    """

    sight: Sight
    underlined: bool
    other: Sight | None


def is_photograph(plane: Plane) -> bool:
    """Whether a plane of grey is a photograph or a scan in the resolution of one: real paper, and many pixels."""
    return is_of_paper(plane) and _is_large(plane)


def on_paper(plane: Plane, ruled: bool) -> OnPaper | None:
    """What is seen in a plane of grey with one digit without what is not the digit; None if there is no such thing.

    That is a table, shade, rules, frames and pale ink. In pictures of few pixels, enlarged or not, a line is as wide
    as a stroke. A drawing made on a screen is searched only where a line was seen: a pen must not wait for its answer.
    """
    if not (ruled or is_of_paper(plane)) or not _is_large(plane):
        return None
    from fastcnn.handwriting.paper.page import find_page
    from fastcnn.recognition.page.parts import find_parts_of_page

    page = find_page(plane)
    parts = None if page.ink is None else find_parts_of_page(page.ink)
    if parts is None or not (page.changed or parts.pale):
        return None
    other = None if page.other is None else find_parts_of_page(page.other)
    return OnPaper(_seen(parts), page.underlined, None if other is None else _seen(other))


def may_be_underlined(field: Field) -> bool:
    """Whether a line seems to lie under a prepared digit, (28, 28): the lowest ink is wider at both sides than the ink
    over it. That costs little; a search of the paper decides.
    """
    inked = field >= HALF
    rows = np.flatnonzero(inked.any(axis=1))
    if len(rows) < UNDER_ROWS + OVER_ROWS:
        return False
    under = np.flatnonzero(inked[rows[-UNDER_ROWS:]].any(axis=0))
    over = np.flatnonzero(inked[rows[-UNDER_ROWS - OVER_ROWS : -UNDER_ROWS]].any(axis=0))
    return bool(under[0] < over[0] and under[-1] > over[-1])


def with_margins(plane: Plane) -> list[Sight]:
    """What is seen in a plane of grey with a margin of its lighter level, and of its darker one, if both cover much of
    its border. The first look takes for the paper what covers more of the border.
    """
    border = border_of(plane)
    low, high = int(plane.min()), int(plane.max())
    light = border > (low + high) / 2
    if not MIXED <= light.mean() <= 1 - MIXED:
        return []
    levels = int(np.median(border[light])), int(np.median(border[~light]))
    if levels[0] - levels[1] < APART * (high - low):
        return []
    small = unblock(plane)
    margin = 1 + int(MARGIN * max(small.shape))
    return [look(np.pad(small, margin, constant_values=level)) for level in levels]


def _is_large(plane: Plane) -> bool:
    return bool(max(unblock(plane).shape) > SMALL_PX)


def _seen(parts: PageParts) -> Sight:
    return look_at_ink(parts.select(list(range(parts.count)))[0])
