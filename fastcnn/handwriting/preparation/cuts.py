"""The ink of a string in pieces: its connected parts, the wide ones cut wherever little ink is in the way.

A cut is a path from the top of a part to its bottom, one column to the side at most in each row, as cheap as can be:
it follows slanted strokes and goes round those that reach over the neighbour. A string is up to LINE_PX blocks high
and is cut to whole blocks; how many pieces there are is limited, whatever the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastcnn.handwriting.preparation.components import Labels, label_components
from fastcnn.handwriting.preparation.layout import boxes_of
from fastcnn.handwriting.preparation.planes import Plane
from fastcnn.handwriting.preparation.stroke_width import edge_distance, stroke_width

Blocks = npt.NDArray[np.float64]
Path = npt.NDArray[np.int64]  # of each row from the top the first column to the right of a cut

LINE_PX = 64
PART_SHARE = 0.2  # of the contrast: a block with so much ink belongs to a part
SPECK_SHARE = 0.03  # of a digit's ink: smaller parts are left out
DIGIT_WIDTH = 0.6  # of the string's height; tells how much ink a digit has
MOST_PIECES = 100  # beyond that the parts with the least ink are left out, and nothing more is cut
CUT_FROM = 0.35  # of the string's height: narrower parts are not cut
CUTS_APART = 0.07  # of the string's height; at 0.1 a lattice lacks the right answer more often, at 0.04 it is larger
MOST_INK = 2.0  # widths of the stroke that a cut crosses; more has not helped
SIDEWAYS = 0.3  # what a path's step to the side costs, in blocks of ink
SMALLEST = 0.08  # of a digit's ink: no cut makes a smaller piece
SOFT_BLOCKS = 2  # how far round a part its soft edge reaches


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of ink, numbered from 1 by the middles of their extents."""

    labels: Labels  # (height, width), in blocks; 0 is paper
    factor: int  # pixels along a block's side
    boxes: tuple[tuple[int, int, int, int], ...]  # of each piece: top, bottom, left, right, the ends excluded
    cuts: tuple[tuple[int, int, float], ...]  # the pieces on both sides, and the ink crossed in widths of the stroke

    @property
    def count(self) -> int:
        return len(self.boxes)

    @property
    def height(self) -> int:
        """Of the string, in blocks."""
        return len(self.labels)


def cut(ink: Plane) -> Pieces:
    """Cut a string of digits, (H, W) uint8 on empty paper and cropped."""
    from PIL import Image

    factor = -(-ink.shape[0] // LINE_PX)
    blocks: Blocks = np.asarray(Image.fromarray(np.ascontiguousarray(ink)).reduce(factor)) / float(ink.max())
    parts, count = label_components(blocks >= PART_SHARE)
    height, width = parts.shape
    amounts = np.bincount(parts.ravel(), blocks.ravel(), count + 1)[1:]
    digit = float(amounts.sum()) * min(1.0, DIGIT_WIDTH * height / width)
    largest = np.argsort(-amounts, kind="stable")[:MOST_PIECES]
    kept = [part for part in largest if amounts[part] >= SPECK_SHARE * digit]
    pen = max(1.0, stroke_width(edge_distance(np.pad(blocks, 1).astype(np.float32), 1)))
    labels = np.zeros_like(parts)
    cuts: list[tuple[int, int, float]] = []
    done = 0
    for index, part in enumerate(kept):
        rows, columns = np.nonzero(parts == part + 1)
        box = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
        inside = parts[box] == part + 1
        paths: list[tuple[Path, float]] = []
        if inside.shape[1] >= CUT_FROM * height:
            room = MOST_PIECES - done - (len(kept) - index)
            paths = _paths(np.where(inside, blocks[box], 0), pen, CUTS_APART * height, SMALLEST * digit, room)
        labels[box] = np.where(inside, done + 1 + _sides([path for path, _ in paths], inside.shape), labels[box])
        cuts += [(done + 1 + k, done + 2 + k, crossed) for k, (_, crossed) in enumerate(paths)]
        done += len(paths) + 1
    return _in_order(labels, done, factor, cuts, blocks > 0)


def _paths(ink: Blocks, pen: float, apart: float, smallest: float, room: int) -> list[tuple[Path, float]]:
    """Cuts of one part from left to right, each with the ink that it crosses, the cheapest first to be taken."""
    found = []
    for plane in (ink, ink[::-1]):  # from one place at the top paths lead to several at the bottom, and the reverse
        total, steps = _cheapest(plane)
        near = max(1, round(apart))
        around = np.lib.stride_tricks.sliding_window_view(np.pad(total, near, constant_values=np.inf), 2 * near + 1)
        for x in np.flatnonzero(total == around.min(axis=1)):
            path = _trace(steps, int(x))[:: 1 if plane is ink else -1]
            crossed = float(ink[np.arange(len(path)), path].sum()) / pen
            if crossed <= MOST_INK:
                found.append((path, crossed))
    taken: list[tuple[Path, float]] = []
    for path, crossed in sorted(found, key=lambda item: item[1]):
        if len(taken) >= room:
            break
        if all(np.abs(path - other).mean() >= apart / 2 for other, _ in taken):
            more = sorted([*taken, (path, crossed)], key=lambda item: float(item[0].mean()))
            amounts = np.bincount(_sides([each for each, _ in more], ink.shape).ravel(), ink.ravel(), len(more) + 1)
            taken = more if amounts.min() >= smallest else taken
    return taken


def _cheapest(ink: Blocks) -> tuple[Blocks, npt.NDArray[np.int8]]:
    """What the cheapest path to each column of the last row costs, and the step to the side that led to each place."""
    steps = np.zeros(ink.shape, np.int8)
    total = ink[0].copy()
    for y in range(1, len(ink)):
        ways = np.full((3, len(total)), np.inf)
        ways[0] = total
        ways[1, 1:], ways[2, :-1] = total[:-1] + SIDEWAYS, total[1:] + SIDEWAYS
        steps[y] = np.array([0, -1, 1], np.int8)[ways.argmin(axis=0)]
        total = ways.min(axis=0) + ink[y]
    return total, steps


def _trace(steps: npt.NDArray[np.int8], x: int) -> Path:
    """The path that ends in column x of the last row."""
    path = np.empty(len(steps), np.int64)
    for y in range(len(steps) - 1, -1, -1):
        path[y] = x
        x += int(steps[y, x])
    return path


def _sides(paths: list[Path], shape: tuple[int, ...]) -> Labels:
    """How many of the paths each place has to its left."""
    sides = np.zeros(shape, np.int64)
    for path in paths:
        sides += np.arange(shape[1]) >= path[:, np.newaxis]
    return sides


def _in_order(
    labels: Labels, count: int, factor: int, cuts: list[tuple[int, int, float]], inked: npt.NDArray[np.bool_]
) -> Pieces:
    """Number the pieces from left to right and give each the soft edge round it."""
    middles = []
    for piece in range(1, count + 1):
        columns = np.flatnonzero((labels == piece).any(axis=0))
        middles.append((columns[0] + columns[-1]) / 2)
    order = np.zeros(count + 1, np.int64)
    order[np.argsort(middles, kind="stable") + 1] = np.arange(1, count + 1)
    labels = order[labels]
    for _ in range(SOFT_BLOCKS):
        wide = np.pad(labels, 1)
        beside = np.maximum.reduce([wide[:-2, 1:-1], wide[2:, 1:-1], wide[1:-1, :-2], wide[1:-1, 2:]])
        labels = np.where((labels == 0) & inked, beside, labels)
    boxes = tuple((top, bottom, left, right) for top, bottom, left, right in boxes_of(labels, count).tolist())
    return Pieces(labels, factor, boxes, tuple((int(order[a]), int(order[b]), ink) for a, b, ink in cuts))
