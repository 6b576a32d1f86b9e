"""The answer for a page: lines of tokens, and a text in reading order."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

Box = tuple[int, int, int, int]  # left, top, right, bottom; right and bottom are excluded

BLANK = 0.6  # of a line's height: wider gaps are blanks in the text


@dataclass(frozen=True)
class Token:
    """A digit or a sign on a page."""

    text: str  # "0" to "9", a sign of `marks.SIGNS`, or "?" for something that is neither
    box: Box  # in pixels of the picture, upright as its EXIF data say
    digit: int | None  # None for a sign, and for "?"
    confidence: float  # a digit's probability; how sure it is that a sign is no digit; 0 for "?"


@dataclass(frozen=True)
class Page:
    """What stands on a page. `str(page)` is its text: a line of text for each line, with blanks at wide gaps.

    lines : from the top to the bottom, each a list of tokens from left to right; empty if nothing can be made out
    reason : why nothing can be made out, a sentence; None if there is a token
    """

    lines: list[list[Token]] = field(default_factory=list)
    reason: str | None = None

    def __str__(self) -> str:
        return "\n".join(map(_text, self.lines))


def _text(line: list[Token]) -> str:
    """The tokens of one line. A gap is compared with the median height of what is no small sign.

    The line of a turned page may go on to the left, up or down.
    """
    if not line:
        return ""
    first, last = line[0].box, line[-1].box
    across = abs(last[0] + last[2] - first[0] - first[2]) >= abs(last[1] + last[3] - first[1] - first[3])
    along, up = (0, 1) if across else (1, 0)
    heights = sorted(token.box[up + 2] - token.box[up] for token in line if token.text not in (".", ",", "-"))
    blank = BLANK * heights[len(heights) // 2] if heights else 0.0
    parts = [line[0].text]
    for before, token in pairwise(line):
        gap = max(token.box[along] - before.box[along + 2], before.box[along] - token.box[along + 2])
        parts.append(f" {token.text}" if blank and gap > blank else token.text)
    return "".join(parts)
