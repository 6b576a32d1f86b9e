"""Cut the ink of a string into pieces: its connected parts, where wide parts are cut at places with little ink.

A cut is a path from the top of a part to its bottom that crosses as little ink as possible. In each row it moves by at
most one column. So it follows slanted strokes, and goes round strokes that reach over the next digit. A string is up to
LINE_PX blocks high, and cuts lie between whole blocks. The number of pieces is limited for any picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastcnn.handwriting.preparation.components import Labels, label_components, spread
from fastcnn.handwriting.preparation.layout import boxes_of
from fastcnn.handwriting.preparation.planes import Plane
from fastcnn.handwriting.preparation.stroke_width import ink_depth, stroke_width

Blocks = npt.NDArray[np.float64]
CutPath = npt.NDArray[np.int64]  # for each row from the top the first column to the right of a cut

LINE_PX = 64
PART_SHARE = 0.2  # share of the contrast; a block with more ink belongs to a part
SPECK_SHARE = 0.03  # share of a digit's ink; smaller parts are left out
DIGIT_WIDTH = 0.6  # width of a digit as a share of the string's height; it gives the amount of ink in a digit
MOST_PIECES = 100  # if there are more, the parts with the least ink are left out, and nothing more is cut
CUT_FROM = 0.35  # share of the string's height; narrower parts are not cut
CUTS_APART = 0.07  # share of the string's height; 0.1 misses the right answer more often
FINE_APART = 0.04  # the same where digits may overlap: it gives half as many cuts again
MOST_INK = 2.0  # the most ink that a cut crosses, in widths of the stroke; more does not help
SIDEWAYS = 0.3  # the cost of a path's move to the side, in blocks of ink
SMALLEST = 0.08  # share of a digit's ink; no cut makes a smaller piece
SOFT_BLOCKS = 2  # the width of the soft edge round a part


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of ink, numbered from 1 from left to right by the middles of their widths."""

    labels: Labels  # (height, width), in blocks; 0 is paper
    factor: int  # pixels along a block's side
    boxes: tuple[tuple[int, int, int, int], ...]  # for each piece top, bottom, left, right; bottom and right excluded
    cuts: tuple[tuple[int, int, float], ...]  # the two pieces, and the ink that the cut crosses in widths of the stroke
    pen: float  # the width of the stroke, in blocks
    amounts: Blocks  # (height, width): the ink in each block, 0 to 1

    @property
    def count(self) -> int:
        return len(self.boxes)

    @property
    def height(self) -> int:
        """The height of the string, in blocks."""
        return len(self.labels)


def cut(ink: Plane, apart: float = CUTS_APART) -> Pieces:
    """Cut a string of digits, (H, W) uint8, cropped, with 0 for paper; cuts are about so far apart, by its height."""
    from PIL import Image

    factor = -(-ink.shape[0] // LINE_PX)
    blocks: Blocks = np.asarray(Image.fromarray(np.ascontiguousarray(ink)).reduce(factor)) / float(ink.max())
    parts, count = label_components(blocks >= PART_SHARE)
    height, width = parts.shape
    amounts = np.bincount(parts.ravel(), blocks.ravel(), count + 1)[1:]
    digit = float(amounts.sum()) * min(1.0, DIGIT_WIDTH * height / width)
    largest = np.argsort(-amounts, kind="stable")[:MOST_PIECES]
    kept = [part for part in largest if amounts[part] >= SPECK_SHARE * digit]
    pen = max(1.0, stroke_width(ink_depth(np.pad(blocks, 1).astype(np.float32))))
    labels = np.zeros_like(parts)
    cuts: list[tuple[int, int, float]] = []
    done = 0
    for index, part in enumerate(kept):
        rows, columns = np.nonzero(parts == part + 1)
        box = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
        inside = parts[box] == part + 1
        paths: list[tuple[CutPath, float]] = []
        if inside.shape[1] >= CUT_FROM * height:
            room = MOST_PIECES - done - (len(kept) - index)
            paths = _paths(np.where(inside, blocks[box], 0), pen, apart * height, SMALLEST * digit, room)
        labels[box] = np.where(inside, done + 1 + _sides([path for path, _ in paths], inside.shape), labels[box])
        cuts += [(done + 1 + k, done + 2 + k, crossed) for k, (_, crossed) in enumerate(paths)]
        done += len(paths) + 1
    return _in_order(labels, done, factor, cuts, blocks, pen)


def _paths(ink: Blocks, pen: float, apart: float, smallest: float, room: int) -> list[tuple[CutPath, float]]:
    """Cuts of one part from left to right, each with the ink that it crosses. The cheapest cuts are chosen first."""
    found = []
    for plane in (ink, ink[::-1]):  # from the top: paths from one place may lead to several; then from the bottom
        total, moves = _cheapest(plane)
        near = max(1, round(apart))
        around = np.lib.stride_tricks.sliding_window_view(np.pad(total, near, constant_values=np.inf), 2 * near + 1)
        for x in np.flatnonzero(total == around.min(axis=1)):
            path = _trace(moves, int(x))[:: 1 if plane is ink else -1]
            crossed = float(ink[np.arange(len(path)), path].sum()) / pen
            if crossed <= MOST_INK:
                found.append((path, crossed))
    taken: list[tuple[CutPath, float]] = []
    for path, crossed in sorted(found, key=lambda item: item[1]):
        if len(taken) >= room:
            break
        if all(np.abs(path - other).mean() >= apart / 2 for other, _ in taken):
            more = sorted([*taken, (path, crossed)], key=lambda item: float(item[0].mean()))
            amounts = np.bincount(_sides([each for each, _ in more], ink.shape).ravel(), ink.ravel(), len(more) + 1)
            taken = more if amounts.min() >= smallest else taken
    return taken


def _cheapest(ink: Blocks) -> tuple[Blocks, npt.NDArray[np.int8]]:
    """The cost of the cheapest path to each column of the last row, and the move to the side that led to each place."""
    wide = np.full((len(ink), ink.shape[1] + 2), np.inf)
    total = wide[:, 1:-1]  # of paths to each place
    total[0] = ink[0]
    side = np.empty(ink.shape[1])
    for y in range(1, len(ink)):  # the moves follow from the totals: so this loop has four calls
        np.minimum(wide[y - 1, :-2], wide[y - 1, 2:], out=side)
        side += SIDEWAYS
        np.minimum(side, total[y - 1], out=side)
        np.add(side, ink[y], out=total[y])
    moves = np.zeros(ink.shape, np.int8)
    left, right = wide[:-1, :-2] + SIDEWAYS, wide[:-1, 2:] + SIDEWAYS
    moves[1:] = np.where(right < np.minimum(left, total[:-1]), 1, np.where(left < total[:-1], -1, 0))
    return total[-1], moves


def _trace(moves: npt.NDArray[np.int8], x: int) -> CutPath:
    """The path that ends in column x of the last row."""
    path = np.empty(len(moves), np.int64)
    for y in range(len(moves) - 1, -1, -1):
        path[y] = x
        x += int(moves[y, x])
    return path


def _sides(paths: list[CutPath], shape: tuple[int, ...]) -> Labels:
    """The number of paths to the left of each place."""
    sides = np.zeros(shape, np.int64)
    for path in paths:
        sides += np.arange(shape[1]) >= path[:, np.newaxis]
    return sides


def _in_order(
    labels: Labels,
    count: int,
    factor: int,
    cuts: list[tuple[int, int, float]],
    blocks: Blocks,
    pen: float,
) -> Pieces:
    """Number the pieces from left to right and add the soft edge round each."""
    middles = []
    for piece in range(1, count + 1):
        columns = np.flatnonzero((labels == piece).any(axis=0))
        middles.append((columns[0] + columns[-1]) / 2)
    order = np.zeros(count + 1, np.int64)
    order[np.argsort(middles, kind="stable") + 1] = np.arange(1, count + 1)
    labels = order[labels]
    for _ in range(SOFT_BLOCKS):
        labels = spread(labels, blocks > 0)
    boxes = tuple((top, bottom, left, right) for top, bottom, left, right in boxes_of(labels, count).tolist())
    return Pieces(labels, factor, boxes, tuple((int(order[a]), int(order[b]), ink) for a, b, ink in cuts), pen, blocks)
