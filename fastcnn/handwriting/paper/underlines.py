"""Find lines drawn by hand under writing, follow each through the strokes that cross it, and take it away.

A line is followed by its clean columns, where the vertical run of ink is the line alone. So it may lie at any slope and
bend. Between two clean pieces it goes on where there is ink all along the way. A stroke that stands on a line or
crosses it stays. Where a stroke such as the foot of a 0 lies in the line, the line stays in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from fastcnn.handwriting.paper.inked import Inked
from fastcnn.handwriting.paper.runs import Places, Runs
from fastcnn.handwriting.preparation.components import Labels, Mask, find_components

Rows = npt.NDArray[np.float64]

# Lengths are shares of the height of the writing.
THICK = 0.2  # of a line, at most
LENGTH = 1.8  # at least; the 1s of a page on its side are shorter
SEED = 0.25  # a clean piece of a line has so many columns
FAR = 2.0  # from clean piece to clean piece
END = 1.0  # so much at the end of a piece says where it goes on
AROUND = 1.3  # from a line a digit ends
HIDDEN = 0.6  # a stroke's part in a line is no longer
NOTCH = 0.08  # such a gap between strokes is none
THICKER = 0.9  # of the columns in between: where a line is thicker a stroke lies in it
BEND, FLAT = 0.12, 1.8  # where a stroke comes to a line its slope is no steeper over so much
TAIL, TAIL_GAP = 0.4, 0.35  # a lower piece is a tail of its neighbour, so near
UNLIKE = 1.3  # times a line's thickness, and 1.5 pixels: longer runs are not the line alone
STEEPEST = 0.35
CLEAN = 0.2  # of a line's columns
MOST = 0.7  # of a line's clean columns lie in a known line
MOST_LINES = 60


@dataclass(frozen=True, eq=False)
class _Piece:
    """Clean columns of a line: from `left` to before `right`."""

    columns: Places
    rows: Rows  # the line's middle in each
    thick: float

    @cached_property
    def left(self) -> int:
        return int(self.columns[0])

    @cached_property
    def right(self) -> int:
        return int(self.columns[-1]) + 1

    @cached_property
    def end_rows(self) -> tuple[float, float]:
        """The mean rows of the first three columns and of the last three."""
        first, last = self.rows[:3].tolist(), self.rows[-3:].tolist()
        return sum(first) / len(first), sum(last) / len(last)

    def at_end(self, reach: float, *, right: bool) -> tuple[float, float]:
        """The row at an end, and the slope there."""
        near = self.columns >= self.right - reach if right else self.columns < self.left + reach
        x, y = self.columns[near].astype(np.float64), self.rows[near]
        slope = float(np.polyfit(x, y, 1)[0]) if len(x) > 2 else 0.0
        end = float(self.columns[-1] if right else self.columns[0])
        return float(y.mean() + slope * (end - x.mean())), slope


def remove_underlines(page: Inked, tall: float, surely: Mask | None = None) -> Inked:
    """The ink without long lines across.

    Parameters
    ----------
    tall : the height of the writing, in pixels
    surely : (H, W) where lines lie that are lines however short they are
    """
    boxes = page.parts.boxes
    wide_enough = len(boxes) and int((boxes[:, 3] - boxes[:, 2]).max()) >= SEED * tall
    lines = _find(page.mask, page.down, tall, surely) if wide_enough else []
    if not lines:
        return page
    gone = np.zeros_like(page.mask)
    for line in lines:
        _erase(page.mask, page.down, line, tall, gone)
    return page.without(gone)


def _find(mask: Mask, runs: Runs, tall: float, surely: Mask | None) -> list[_Piece]:
    """The lines, each as one piece with a row for all of its columns."""
    seeds = _seeds(runs, tall)
    chains: list[list[_Piece]] = []
    for seed in seeds:
        near = (chain for chain in chains if -2 <= seed.left - chain[-1].right <= FAR * tall)
        fits = [chain for chain in near if _goes_on(mask, chain[-1], seed, tall)]
        if fits:
            min(fits, key=lambda chain: seed.left - chain[-1].right).append(seed)
        else:
            chains.append([seed])
    found = []
    for chain in chains:
        length = chain[-1].right - chain[0].left
        clean = sum(len(piece.columns) for piece in chain)
        known = surely is not None and _lies_in(chain, surely)
        if known or (length >= LENGTH * tall and clean >= CLEAN * length):
            found.append(_whole(chain, tall))
    return sorted(found, key=lambda line: line.left - line.right)[:MOST_LINES]


def _seeds(runs: Runs, tall: float) -> list[_Piece]:
    """Clean pieces of what may be lines, by their left ends: runs in neighbouring columns, at nearly the same row."""
    pitch = runs.shape[1] + 1
    thin = runs.lengths <= max(3.0, THICK * tall)
    starts, lengths = runs.starts[thin], runs.lengths[thin]
    columns, tops = starts // pitch, starts % pitch
    rows = tops + lengths / 2
    if len(starts) < 2:
        return []
    after = _nearest(columns, rows, 1, pitch)
    before = _nearest(columns, rows, -1, pitch)
    number = np.arange(len(starts))
    mutual = (before >= 0) & (after[before] == number)
    near = mutual & (np.abs(rows - rows[before]) <= 1.0)
    roots = np.where(near, before, number)
    while True:
        further = roots[roots]
        if np.array_equal(further, roots):
            break
        roots = further
    found = []
    order = np.argsort(roots, kind="stable")
    edges = np.flatnonzero(np.diff(roots[order], prepend=-1))
    for first, stop in zip(edges, [*edges[1:], len(order)], strict=True):
        own = order[first:stop]
        if len(own) < SEED * tall:
            continue
        thick = _quarter(lengths[own])
        own = own[lengths[own] <= UNLIKE * thick + 1.5]
        if len(own) < SEED * tall or abs(rows[own[-1]] - rows[own[0]]) > STEEPEST * len(own) + 1:
            continue
        found.append(_Piece(columns[own], rows[own], thick))
    return sorted(found, key=lambda piece: piece.left)


def _quarter(values: Places) -> float:
    """The lower quartile, as `np.quantile` gives it in ten times the time."""
    ordered = np.sort(values)
    place, quarters = divmod(len(ordered) - 1, 4)
    low, high = int(ordered[place]), int(ordered[min(place + 1, len(ordered) - 1)])
    return low + (high - low) * quarters / 4


def _nearest(columns: Places, rows: Rows, step: int, pitch: int) -> Places:
    """For each run the nearest one in the next column; -1 if there is none."""
    keys = columns * pitch + rows
    wanted = keys + step * pitch
    right = np.searchsorted(keys, wanted)
    both = np.stack([np.maximum(right - 1, 0), np.minimum(right, len(keys) - 1)])
    gaps = np.where(columns[both] == columns + step, np.abs(keys[both] - wanted), np.inf)
    best = gaps.argmin(axis=0)
    at = np.arange(len(keys))
    return np.where(np.isfinite(gaps[best, at]), both[best, at], -1)


def _goes_on(mask: Mask, piece: _Piece, other: _Piece, tall: float) -> bool:
    """Whether a piece not far to the right is the same line: in its direction, as thick, and with ink up to it."""
    gap = other.left - piece.right
    across = max(gap, 0) + 1
    row, other_row = piece.end_rows[1], other.end_rows[0]
    if abs(other_row - row) > STEEPEST * across + 0.5 * piece.thick + 1:
        return False
    if max(piece.thick, other.thick) > 2 * min(piece.thick, other.thick) + 1:
        return False
    columns = np.arange(piece.right, other.left)
    between = (row + (other_row - row) / across * (columns - piece.right + 1)).astype(np.int64)
    inked = mask[np.clip(between, 0, len(mask) - 1), columns]
    if np.count_nonzero(~inked) > 1 + 0.03 * gap:
        return False
    (row, slope), (other_row, other_slope) = (
        piece.at_end(END * tall, right=True),
        other.at_end(END * tall, right=False),
    )
    near = 0.5 * piece.thick + 1 + 0.1 * across
    return abs(row + slope * across - other_row) <= near or abs(other_row - other_slope * across - row) <= near


def _lies_in(chain: list[_Piece], lines: Mask) -> bool:
    """Whether most of a line's clean columns lie in some lines."""
    columns = np.concatenate([piece.columns for piece in chain])
    rows = np.concatenate([piece.rows for piece in chain]).astype(np.int64)
    return bool(lines[np.clip(rows, 0, len(lines) - 1), columns].mean() >= MOST)


def _whole(chain: list[_Piece], tall: float) -> _Piece:
    columns = np.concatenate([piece.columns for piece in chain])
    rows = np.concatenate([piece.rows for piece in chain])
    order = np.argsort(columns, kind="stable")
    columns, rows = columns[order], rows[order]
    reach = max(1, round(0.05 * tall))
    wide = np.pad(rows, reach, mode="edge")
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(wide, 2 * reach + 1), axis=1)
    all_columns = np.arange(columns[0], columns[-1] + 1)
    thick = float(np.median(np.concatenate([np.full(len(piece.columns), piece.thick) for piece in chain])))
    return _Piece(all_columns, np.interp(all_columns, columns, smooth), thick)


def _erase(mask: Mask, runs: Runs, line: _Piece, tall: float, gone: Mask) -> None:
    """Add to `gone` the pixels of a line that belong to no stroke."""
    height, width = mask.shape
    pitch = height + 1
    ends = np.arange(max(0, line.left - 2), min(width, line.right + 2))
    rows = np.interp(ends, line.columns, line.rows)
    at = ends * pitch + np.clip(np.floor(rows).astype(np.int64), 0, height - 1)
    holder = np.searchsorted(runs.starts, at, side="right") - 1
    held = (holder >= 0) & (runs.stops[holder] > at)
    columns, rows, holder = ends[held], rows[held], holder[held]
    start, stop = runs.starts[holder] - columns * pitch, runs.stops[holder] - columns * pitch
    upper = np.rint(rows - line.thick / 2).astype(np.int64)
    lower = np.rint(rows + line.thick / 2).astype(np.int64)
    some = max(2.0, 0.5 * line.thick + 1)
    rises, falls = upper - start > some, stop - lower > some
    first = np.where(rises, np.where(falls, lower, upper), start)
    last = np.where(falls, lower, stop)
    own = np.zeros_like(mask)
    for column, top, bottom in zip(columns.tolist(), first.tolist(), last.tolist(), strict=True):
        own[top:bottom, column] = True
    around = AROUND * tall
    low = max(0, min(int(start.min()) - 1, int(rows.min() - around)))
    high = min(height, max(int(stop.max()) + 1, int(rows.max() + around)))
    window = slice(low, high), slice(int(columns[0]), int(columns[-1]) + 1)
    found = find_components(mask[window] & ~own[window])
    labels, count = found.labels, found.count
    boxes = np.concatenate([np.zeros((1, 4), np.int64), found.boxes])
    x = columns - columns[0]
    above = np.where(rises, labels[np.clip(upper - 1, low, high - 1) - low, x], 0)
    below = np.where(falls, labels[np.clip(lower, low, high - 1) - low, x], 0)
    crosses = np.zeros(count + 1, bool)
    crosses[above[(above > 0) & (below > 0)]] = crosses[below[(above > 0) & (below > 0)]] = True
    for side, depths, other in ((above, upper - start, below), (below, stop - lower, above)):
        for a, b in _hidden(side, depths, other > 0, columns, tall):
            own[:, a:b] = False
    for a, b in _tails(above, below, crosses, columns, boxes, tall):
        own[:, a:b] = False
    # What is left of a line's edge is no stroke.
    heights = boxes[:, 1] - boxes[:, 0]
    near = np.zeros(count + 1, bool)
    near[np.concatenate([above, below])] = True
    dropped = np.zeros_like(mask)
    dropped[window] = (near & (heights > 0) & (heights <= some + 1))[labels]
    gone |= own | dropped


def _hidden(labels: Labels, depths: Places, crosses: Mask, columns: Places, tall: float) -> list[tuple[int, int]]:
    """The columns, from and to, between two places where a stroke enters a line and leaves it on the same side.

    labels, depths : of the ink on this side in each column, and how far it goes from the line
    """
    inked = np.flatnonzero(labels > 0)
    near = max(2, round(BEND * tall))
    found = []
    for a, b in zip(inked[:-1].tolist(), inked[1:].tolist(), strict=True):
        gap = int(columns[b] - columns[a]) - 1
        if gap < 1 or gap > HIDDEN * tall:
            continue
        same = labels[a] == labels[b] and not (crosses[a] and crosses[b])
        round_foot = _sinks(depths[max(0, a - near) : a + 1], near) and _sinks(depths[b : b + near + 1][::-1], near)
        thicker = np.count_nonzero(depths[a + 1 : b] >= 1) >= THICKER * (b - a - 1)
        if gap <= NOTCH * tall or same or round_foot or thicker:
            found.append((int(columns[a]) + 1, int(columns[b])))
    return found


def _sinks(depths: Places, near: int) -> bool:
    """Whether a stroke comes down to a line at a small angle, as the foot of a 0 does, by its depths up to its end."""
    return bool(depths[-1] <= depths[0] and depths.max() <= FLAT * near)


def _tails(
    above: Labels, below: Labels, crosses: Mask, columns: Places, boxes: Labels, tall: float
) -> list[tuple[int, int]]:
    """The columns between a low piece of a stroke that a line cuts off, and the nearest stroke."""
    either = np.maximum(above, below)
    found = []
    for piece in np.unique(np.concatenate([above, below])).tolist():
        top, bottom, left, right = boxes[piece].tolist()
        # A flat piece on the line is no dot; below it there is none.
        if piece == 0 or crosses[piece] or bottom - top > TAIL * tall:
            continue
        if right - left < 2 * (bottom - top) and (above == piece).any():
            continue
        own = np.flatnonzero((above == piece) | (below == piece))
        others = np.flatnonzero((either > 0) & (above != piece) & (below != piece))
        if len(others) == 0:
            continue
        first, last = int(own[0]), int(own[-1])
        nearest = int(others[np.minimum(np.abs(others - first), np.abs(others - last)).argmin()])
        a, b = (nearest, first) if nearest < first else (last, nearest)
        if columns[b] - columns[a] <= TAIL_GAP * tall:
            found.append((int(columns[a]) + 1, int(columns[b])))
    return found
