"""The marks of a line: groups of parts that may be a digit, and signs, told by their shapes and places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastcnn.handwriting.preparation.components import Mask
from fastcnn.recognition.page.lines import BIG
from fastcnn.recognition.page.parts import PageParts

DOT, COMMA, DASH, PLUS, EQUALS, SLASH, COLON = ".", ",", "-", "+", "=", "/", ":"
SIGNS = (DOT, COMMA, DASH, PLUS, EQUALS, SLASH, COLON)

# Lengths are shares of the height of the writing.
OVERLAP = 0.35  # of the narrower: parts that share so many columns are one mark
OWN = 0.5  # of a small part: so much of it above or under a digit belongs to the digit
FOOT = 0.3  # a small part that low below the middle of its line is a dot or a comma, whatever is above it
HIGH, BAR_GAP = 0.2, 0.05  # a small part that high above the middle, and so near to the right of another, is a 5's bar
DOT_SIDE, DOT_ASPECT = 0.3, 2.0
COMMA_HEIGHT = 0.65
DASH_ASPECT, DASH_WIDTH = 1.5, 0.18
PLUS_HEIGHT, PLUS_ASPECT, PLUS_ARM, PLUS_OUTSIDE = (0.3, 1.0), 1.8, 0.75, 0.15
PLUS_PENS = 2.5  # widths of the pen: smaller parts are dots and commas
SLASH_HEIGHT, SLASH_THIN, LEANING_DEG = 1.12, 0.2, 14.0  # a 1 may lean as much, but is no higher than its neighbours


@dataclass(frozen=True)
class Mark:
    """One or several parts that are one character, or that a cut must separate."""

    parts: list[int]
    sign: str = ""  # "" if it may be a digit


def find_marks(parts: PageParts, line: list[int]) -> list[Mark]:
    """The marks of a line, from left to right."""
    big = [number for number in line if parts.heights[number] >= BIG * parts.tall]
    middle = _middles(parts, big)
    groups: list[list[int]] = []
    signs: list[Mark] = []
    for number in big:
        sign = _sign_of_big(parts, number)
        if sign:
            signs.append(Mark([number], sign))
        elif groups and _share(parts, groups[-1], number) > OVERLAP:
            groups[-1].append(number)
        else:
            groups.append([number])
    loose: list[int] = []
    for number in (each for each in line if parts.heights[each] < BIG * parts.tall):
        owner = _owner(parts, groups, number, middle)
        if owner is None:
            loose.append(number)
        else:
            owner.append(number)
    signs += _small_signs(parts, loose, middle)
    marks = [*(Mark(group) for group in groups), *signs]
    return sorted(marks, key=lambda mark: sum(parts.around(mark.parts)[2:]))


def _middles(parts: PageParts, big: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Where the middle of the line is: columns, and the row at each, smoothed over three parts."""
    x = (parts.boxes[big, 2] + parts.boxes[big, 3]) / 2
    y = (parts.boxes[big, 0] + parts.boxes[big, 1]) / 2
    order = np.argsort(x, kind="stable")
    wide = np.pad(y[order], 1, mode="edge")
    return x[order], np.median(np.stack([wide[:-2], wide[1:-1], wide[2:]]), axis=0)


def _below(parts: PageParts, number: int, middle: tuple[np.ndarray, np.ndarray]) -> float:
    """How far the middle of a part is below that of its line, as a share of the writing's height."""
    top, bottom, left, right = parts.boxes[number].tolist()
    return float((top + bottom) / 2 - np.interp((left + right) / 2, *middle)) / parts.tall


def _share(parts: PageParts, group: list[int], number: int) -> float:
    """The columns that a part shares with a group, as a share of the narrower one."""
    _, _, left, right = parts.around(group)
    own_left, own_right = parts.boxes[number, 2:].tolist()
    return float((min(right, own_right) - max(left, own_left)) / max(1, min(right - left, own_right - own_left)))


def _owner(
    parts: PageParts, groups: list[list[int]], number: int, middle: tuple[np.ndarray, np.ndarray]
) -> list[int] | None:
    """The group that a small part is a piece of, such as the flag of a 5."""
    below = _below(parts, number, middle)
    if below > FOOT:
        return None
    left, right = parts.boxes[number, 2:].tolist()
    for group in groups:
        _, _, first, last = parts.around(group)
        if min(right, last) - max(left, first) >= OWN * (right - left):
            return group
        if below < -HIGH and first < left <= last + BAR_GAP * parts.tall < right:
            return group
    return None


def _small_signs(parts: PageParts, loose: list[int], middle: tuple[np.ndarray, np.ndarray]) -> list[Mark]:
    found: list[Mark] = []
    rest = sorted(loose, key=lambda number: int(parts.boxes[number, 2]))
    while rest:
        number = rest.pop(0)
        pair = next((other for other in rest if _share(parts, [number], other) >= OWN), None)
        kinds = [_small_kind(parts, each, middle) for each in (number, pair) if each is not None]
        if pair is not None and (kinds == [DASH, DASH] or all(kind in (DOT, COMMA) for kind in kinds)):
            rest.remove(pair)
            found.append(Mark([number, pair], EQUALS if kinds[0] == DASH else COLON))
        else:
            found.append(Mark([number], kinds[0]))
    return found


def _small_kind(parts: PageParts, number: int, middle: tuple[np.ndarray, np.ndarray]) -> str:
    """What a small part that stands alone is; "" if it may be a small digit."""
    height, width = parts.heights[number] / parts.tall, parts.widths[number] / parts.tall
    below = _below(parts, number, middle)
    if width >= DASH_ASPECT * height and width >= DASH_WIDTH:
        return DASH
    if _is_plus(parts, number):
        return PLUS
    if max(height, width) <= DOT_SIDE and max(height, width) <= DOT_ASPECT * min(height, width):
        return DOT
    if height <= COMMA_HEIGHT and below > FOOT:
        return COMMA if height > width else DOT
    return ""


def _sign_of_big(parts: PageParts, number: int) -> str:
    if _is_plus(parts, number):
        return PLUS
    return SLASH if _is_slash(parts, number) else ""


def _is_plus(parts: PageParts, number: int) -> bool:
    """Whether the ink is two bars that cross near their middles, and nothing else."""
    height, width = int(parts.heights[number]), int(parts.widths[number])
    low, high = PLUS_HEIGHT
    if not low * parts.tall <= height <= high * parts.tall or max(height, width) > PLUS_ASPECT * min(height, width):
        return False
    if min(height, width) < PLUS_PENS * parts.pen:
        return False
    mask = parts.mask(number)
    across, down = mask.sum(axis=1), mask.sum(axis=0)
    row, column = int(across.argmax()), int(down.argmax())
    if not (0.2 * height <= row <= 0.8 * height and 0.2 * width <= column <= 0.8 * width):
        return False
    reach = max(1, round(0.75 * parts.pen))
    bar, stem = mask[max(0, row - reach) : row + reach + 1], mask[:, max(0, column - reach) : column + reach + 1]
    if float(bar.any(axis=0).mean()) < PLUS_ARM or float(stem.any(axis=1).mean()) < PLUS_ARM:
        return False
    outside = mask.copy()
    outside[max(0, row - reach) : row + reach + 1] = False
    outside[:, max(0, column - reach) : column + reach + 1] = False
    return float(outside.sum()) <= PLUS_OUTSIDE * float(mask.sum())


def _is_slash(parts: PageParts, number: int) -> bool:
    """Whether the ink is a straight stroke that leans to the right and is higher than digits."""
    if parts.heights[number] < SLASH_HEIGHT * parts.tall:
        return False
    return _lean(parts.mask(number)) >= LEANING_DEG


def _lean(mask: Mask) -> float:
    """The angle in degrees by which a straight stroke leans to the right; 0 if it is not straight."""
    y, x = np.nonzero(mask)
    if len(y) < 8:
        return 0.0
    (thin, long), axes = np.linalg.eigh(np.cov(x, y))
    across, down = axes[:, 1]
    if thin > SLASH_THIN**2 * long:
        return 0.0
    return float(np.rad2deg(np.arctan2(-across * np.sign(down), abs(down))))
