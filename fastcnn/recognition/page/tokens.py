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
    """The tokens of one line. A gap is compared with the median height of what is no small sign."""
    heights = sorted(token.box[3] - token.box[1] for token in line if token.text not in (".", ",", "-"))
    blank = BLANK * heights[len(heights) // 2] if heights else 0.0
    parts = [line[0].text] if line else []
    for before, token in pairwise(line):
        wide = blank and token.box[0] - before.box[2] > blank
        parts.append(f" {token.text}" if wide else token.text)
    return "".join(parts)
