"""Remove rules, squares, boxes, frames and underlines from a page, and keep the strokes that cross them.

A rule is a thin, straight run of ink that is longer than strokes are. It is taken for one if it goes from edge to edge,
or other rules meet it at both of its ends or along it, or it is much longer than digits are high. `long_lines` finds
what may be one. Where a stroke crosses a rule, the ink above and below the rule goes on, and all of it stays. Rules
down are rules across of the picture on its side. What was tried with boxes: docs/tried.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastcnn.handwriting.paper.inked import Inked
from fastcnn.handwriting.paper.long_lines import Lines, find_long_lines
from fastcnn.handwriting.paper.runs import Places, Runs, long_runs, runs_of
from fastcnn.handwriting.paper.underlines import remove_underlines
from fastcnn.handwriting.preparation.components import Mask, find_components, grown

Rows = npt.NDArray[np.float64]

LONG = 0.06  # of the longer side: shorter lines down that stand alone are no rules
CORNER = 0.12  # of its length: a line that ends so near to another meets it
AT_EDGE = 0.03  # of the side: a rule that ends so near goes from edge to edge
ALONG, MET = 0.3, 3  # of the side, and rules across it: a part of a net
UNDER, DOWN = 1.8, 2.6  # times the height of a digit: longer lines across and down are no strokes
MORE, ALONE = 1.1, 1.3  # times it: a line from edge to edge is so long, with others next to it and without
THICK = 0.2  # times it: thicker lines are strokes
LIKE = 1.3  # times the usual thickness of rules that meet: a thicker line among them is a stroke
UNLIKE = 1.6  # times the line's thickness, and 1.5 pixels: longer runs across a line are not the line alone
SLACK = 0.25  # of a line's thickness: it is nowhere thicker by so much at each side
ROUNDS, BLOCK = 3, 32  # fits of a straight line to a rule; and clean columns that say how far it bends
REMAINDER = 0.9  # of a part: so much of it lies in the course of rules that were taken away, and it is no stroke
PALE = 0.7  # of the full ink: what is darker than such rules is a stroke


def remove_rules(page: Inked) -> Inked:
    """The ink without its rules; they are parallel to its edges, up to a pixel in fifty."""
    parts, boxes = page.parts.labels, page.parts.boxes
    if len(boxes) == 0:
        return page
    height, width = parts.shape
    across = find_long_lines(page, parts, boxes[:, 3] - boxes[:, 2])
    down = find_long_lines(page.on_side, parts.T, boxes[:, 1] - boxes[:, 0])
    whole, joined = (_whole(across, width), _whole(down, height)), _joined(across, down, parts.shape)
    found = whole[0] | joined[0], whole[1] | joined[1]
    first = _erased(page, across, down, found)
    tall = first.tall
    if tall == 0:
        return page
    # Now that the net is gone, the height of the digits is known.
    long = LONG * max(height, width)
    sure = joined[0] | (whole[0] & (across.length >= (MORE if whole[0].sum() >= 2 else ALONE) * tall))
    rules = (
        sure,
        joined[1] | (whole[1] & (sure.sum() >= 2) & (down.length >= MORE * tall))
        | ((down.length >= max(DOWN * tall, long)) & (down.thick <= THICK * tall) & down.thin),
    )  # fmt: skip
    same = all(np.array_equal(one, other) for one, other in zip(found, rules, strict=True))
    cleaned = remove_underlines(first if same else _erased(page, across, down, rules), tall)
    return cleaned if cleaned.mask.any() else page


def _whole(lines: Lines, length: int) -> Mask:
    """Which lines go from edge to edge."""
    ends: Mask = (lines.left <= AT_EDGE * length) & (lines.right >= (1 - AT_EDGE) * length)
    return ends & lines.thin


def _met(lines: Lines, others: Lines) -> tuple[Mask, Mask, Mask]:
    """(lines, others) where a line is met at its left end, at its right end, and anywhere along it."""
    margin = np.minimum(2 * lines.thick + 3, np.maximum(3, CORNER * lines.length))[:, np.newaxis]
    row, left, right = (values[:, np.newaxis] for values in (lines.at, lines.left, lines.right))
    meets = (others.left - margin <= row) & (row <= others.right + margin)
    within = meets & (left - margin <= others.at) & (others.at <= right + margin) & others.thin
    at_left = within & (np.abs(others.at - left) <= margin)
    at_right = within & (np.abs(others.at - right) <= margin)
    return at_left, at_right, within


def _ends_as(lines: Lines, others: Mask, margin: float | Rows) -> Mask:
    """Which lines begin and end where one of some others does, up to a margin in pixels for each."""
    margin = np.broadcast_to(margin, lines.thick.shape)[:, np.newaxis]
    left = np.abs(lines.left[:, np.newaxis] - lines.left[others]) <= margin
    right = np.abs(lines.right[:, np.newaxis] - lines.right[others]) <= margin
    found: Mask = (left & right).any(axis=1)
    return found


def _joined(across: Lines, down: Lines, shape: tuple[int, ...]) -> tuple[Mask, Mask]:
    """Which lines meet lines of the other direction at both of their ends, or many along them.

    A line at the ends counts if it is a side of its part of the ink, or is met at both of its own ends: digits stick
    out of boxes.
    """
    both = across, down
    met = _met(across, down), _met(down, across)
    # A box has corners. The stem of a 7 goes from the end of its bar to somewhere along an underline.
    ends = [left | right for left, right, _ in met]
    corners = ends[0] & ends[1].T
    cornered = [
        lines.thin & (left & corner).any(axis=1) & (right & corner).any(axis=1)
        for lines, (left, right, _), corner in zip(both, met, (corners, corners.T), strict=True)
    ]
    sides = [lines.side & each for lines, each in zip(both, cornered, strict=True)]
    # The bar of a 7 may go from a line down to the next one, too, but not from one end of a row of boxes to the other.
    closed = [
        lines.thin
        & lines.unbroken
        & left.any(axis=1)
        & right.any(axis=1)
        & _ends_as(lines, each, 0.5 * lines.thick + 1)
        for lines, (left, right, _), each in zip(both, met, cornered, strict=True)
    ]
    for _ in range(3):
        closed = [
            each & (left[:, other].any(axis=1) & right[:, other].any(axis=1))
            for each, other, (left, right, _) in zip(closed, closed[::-1], met, strict=True)
        ]
    # Digits on an underline cross it, too; but the lines of a net are all crossed by many.
    crossed = [within.sum(axis=1) >= MET for _, _, within in met]
    net = [
        lines.thin & (within[:, other].sum(axis=1) >= MET) & (lines.length >= ALONG * length)
        for lines, (_, _, within), other, length in zip(both, met, crossed[::-1], shape[::-1], strict=True)
    ]
    found = [side | box | many for side, box, many in zip(sides, closed, net, strict=True)]
    rule = np.concatenate([lines.thick[chosen] for lines, chosen in zip(both, found, strict=True)])
    weight = np.concatenate([lines.length[chosen] for lines, chosen in zip(both, found, strict=True)])
    if len(rule) == 0:
        return found[0], found[1]
    order = np.argsort(rule, kind="stable")
    usual = float(rule[order][np.searchsorted(weight[order].cumsum(), weight.sum() / 2)])
    single = [each & (lines.thick <= LIKE * usual + 1.5) for lines, each in zip(both, found, strict=True)]
    # Boxes side by side have two sides close together. No stroke ends so exactly where they do.
    double = [
        each & (lines.thick <= 2 * LIKE * usual + 1.5) & lines.even & _ends_as(lines, sides, 0.5 * usual + 1)
        for lines, each, sides in zip(both, found, single, strict=True)
    ]
    return single[0] | double[0], single[1] | double[1]


def _erased(page: Inked, across: Lines, down: Lines, rules: tuple[Mask, Mask]) -> Inked:
    """The ink without the chosen lines."""
    if not (rules[0].any() or rules[1].any()):
        return page
    mask = page.mask
    gone, on_across = _gone(page, across, rules[0])
    gone_down, on_down = (each.T for each in _gone(page.on_side, down, rules[1]))
    gone = gone | gone_down
    # Where two rules cross, each is a stroke that crosses the other. What stands alone now is no stroke, and what lies
    # in the course of rules only is none either.
    left = find_components(mask & ~gone)
    places = ((on_across & on_down, 0.5), (grown(on_across | on_down), REMAINDER))
    for place, share in places:
        own = np.bincount(left.labels[place & (left.labels > 0)], minlength=left.count + 1)[1:]
        gone |= np.concatenate([[False], own > share * left.sizes])[left.labels]
    return page.without(gone)


def _gone(page: Inked, lines: Lines, chosen: Mask) -> tuple[Mask, Mask]:
    """The pixels of the chosen lines that no stroke crosses, by the vertical runs of ink there; and all of them."""
    mask, whole = page.mask, page.down
    upper, lower, number = _bands(mask, whole, lines, chosen)
    on = whole.mask(upper, lower).T & mask
    # The ink of a line a pixel thick may lie next to its place.
    holder = np.searchsorted(whole.stops, upper, side="left")
    further = np.searchsorted(whole.starts, (upper + lower) // 2, side="right") - 1
    holder = np.minimum(np.maximum(holder, further), len(whole.starts) - 1)
    held = (whole.stops[holder] >= upper) & (whole.starts[holder] <= lower)
    holder, upper, lower, number = holder[held], upper[held], lower[held], number[held]
    if len(holder) == 0:
        return on, on
    start, stop = whole.starts[holder], whole.stops[holder]
    above, under, thick = upper - start, stop - lower, lower - upper
    slack = np.maximum(1, np.rint(SLACK * thick).astype(np.int64))
    thin = stop - start <= thick + slack
    flat = np.zeros(mask.shape[1] * (mask.shape[0] + 1) + 1, np.uint8)
    flat[:-1].reshape(mask.shape[1], mask.shape[0] + 1)[:, :-1] = page.on_side.ink
    darkest = np.maximum.reduceat(flat, np.stack([start, stop], axis=1).ravel())[::2]
    # A stroke along a pale rule is darker than it. How dark a thin rule is depends on where it lies between the pixels.
    stroke = np.zeros(len(start), bool)
    usual = float(np.median(darkest[thin])) if thin.any() else 255.0
    for own in np.split(np.arange(len(number)), np.flatnonzero(np.diff(number)) + 1):
        level = max(usual, float(np.median(darkest[own][thin[own]]))) if thin[own].any() else 255.0
        stroke[own] = (level <= PALE * 255) & (darkest[own] > (level + 255) / 2)
    at_top, at_bottom = thin | (above <= slack), thin | (under <= slack)
    first, last = np.where(at_top, start, upper), np.where(at_bottom, stop, lower)
    erased = ~stroke & (at_top | at_bottom)
    gone = whole.mask(first[erased], last[erased])
    # Where a line is thicker along some way, but not by two strokes, a stroke lies in it.
    thicker = ~stroke & ~thin & (stop - start <= 2 * thick + 2)
    long = long_runs(whole.mask(first[thicker], last[thicker]).T, max(4, round(2.5 * float(np.median(thick)))), 1)
    return gone.T & ~long.mask(long.starts, long.stops), on


def _bands(mask: Mask, whole: Runs, lines: Lines, chosen: Mask) -> tuple[Places, Places, Places]:
    """Where the chosen lines begin and end in each column, as places in `whole`; and the line's number.

    whole : the vertical runs of the mask. A line goes where its clean columns are: no stroke along it is part of it.
    """
    own = np.concatenate([[False], chosen])[lines.labels] & mask
    parts = runs_of(np.ascontiguousarray(own.T))
    pitch = len(mask) + 1
    columns, rows = parts.starts // pitch, parts.starts % pitch
    line = lines.labels[rows, columns] - 1
    holder = np.searchsorted(whole.starts, parts.starts, side="right") - 1
    clean = whole.lengths[holder] <= UNLIKE * lines.thick[line] + 1.5
    middles = (whole.starts[holder] + whole.stops[holder]) / 2 - columns * pitch
    order = np.flatnonzero(clean)[np.argsort(line[clean], kind="stable")]
    edges = np.searchsorted(line[order], np.arange(len(chosen) + 1))
    starts, stops, numbers = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for number in np.flatnonzero(chosen).tolist():
        along = np.arange(lines.left[number], lines.right[number])
        at = order[edges[number] : edges[number + 1]]
        half = float(np.median(whole.lengths[holder[at]]) if len(at) else lines.thick[number]) / 2
        track = _track(columns[at], middles[at], along, half) if len(at) else np.full(len(along), lines.at[number])
        starts.append(along * pitch + np.clip(np.rint(track - half).astype(np.int64), 0, len(mask)))
        stops.append(along * pitch + np.clip(np.rint(track + half).astype(np.int64), 0, len(mask)))
        numbers.append(np.full(len(along), number))
    return np.concatenate(starts), np.concatenate(stops), np.concatenate(numbers)


def _track(columns: Places, rows: Rows, along: Places, half: float) -> Rows:
    """The row of a line at each place along it: a straight line through its clean columns, and what it bends."""
    used = np.ones(len(rows), bool)
    for _ in range(ROUNDS):  # each leaves out more of the strokes next to the line
        slope, level = np.polyfit(columns[used], rows[used], 1) if np.ptp(columns[used]) else (0.0, rows[used].mean())
        gap = rows - slope * columns - level
        used = np.abs(gap) <= max(half + 1, 3 * float(np.median(np.abs(gap[used]))))
    blocks = np.array_split(np.flatnonzero(used), -(-int(used.sum()) // BLOCK))
    middles = [float(np.median(columns[block])) for block in blocks]
    bends = np.interp(along, middles, [float(np.median(gap[block])) for block in blocks])
    track: Rows = slope * along + level + bends
    return track
