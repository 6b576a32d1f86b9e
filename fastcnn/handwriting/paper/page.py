"""From a picture of a page to its ink: the sheet seen from above, without shade, turn, frames and rules.

Ordinary drawings on an empty canvas come through unchanged but for their levels. `view` says where in the picture each
pixel of the ink was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.handwriting.paper.inked import Inked
from fastcnn.handwriting.paper.light import LARGEST_PX, page_ink, reduced
from fastcnn.handwriting.paper.line_under import find_line_under
from fastcnn.handwriting.paper.rules import remove_rules
from fastcnn.handwriting.paper.runs import Places
from fastcnn.handwriting.paper.sheet import find_sheet, straighten
from fastcnn.handwriting.preparation.components import Mask
from fastcnn.handwriting.preparation.pictures import to_plane
from fastcnn.handwriting.preparation.planes import Plane

if TYPE_CHECKING:
    from fastcnn.handwriting.preparation.pictures import Picture

Matrix = npt.NDArray[np.float64]  # (3, 3), of homogeneous x and y

TURNS_DEG = (12.0, 0.5, 0.1)  # the largest, the first step and the second
LEAST_TURN_DEG = 0.15  # less is not turned back
TURN_POINTS = 20_000
RULE = 0.35  # of the page's side: rules have so many pixels in one row
SHARPER = 1.02  # times the contrast without a turn
FRAMES = 40  # parts that may be frames
STICKS_OUT = 0.1  # of a digit's height: an underline sticks out so far at both sides, the base of a 2 does not
INNER = 0.06  # of a frame's ink: what lies farther inside is writing that touches it
RIM = 0.3  # of the highest part that touches no edge of the picture: pieces of a cut frame lie so near to the edges
BAND, ALONG = 0.1, 0.75  # of a frame's sides: its lines are that near to its rectangle, along so much of it


@dataclass(frozen=True, eq=False)
class PageInk:
    """What is written on a page.

    ink : (H, W) uint8, 0 on paper to 255; None if there is nothing
    view : brings a place in the ink to its place in the picture
    size : of the picture, its width and height in pixels
    reason : why there is nothing, one of `reasons`
    changed : whether the paper is no empty canvas: it has a grain, it was a sheet on a table, or something was removed
    underlined : whether a line under a single digit was removed
    other : where a line under a single digit was removed the ink with it, and where it may be its base, the ink without
        it; None without such a line
    """

    ink: Plane | None
    view: Matrix
    size: tuple[int, int]
    reason: str | None = None
    changed: bool = False
    underlined: bool = False
    other: Plane | None = None


def find_page(image: Picture) -> PageInk:
    """The ink of a page in a picture; arguments and errors as for `pictures.to_plane`."""
    plane = to_plane(image)
    size = plane.shape[1], plane.shape[0]
    view = np.eye(3)
    corners = find_sheet(plane)
    if corners is not None:
        plane, numbers = straighten(plane, corners)
        view = np.array([*numbers, 1.0]).reshape(3, 3)
    plane, factor = reduced(plane, LARGEST_PX)
    view = view @ np.diag([factor, factor, 1.0])
    ink, reason, real = page_ink(plane)
    if ink is None:
        return PageInk(None, view, size, reason)
    first = Inked(ink)
    turn = _turn_of_rules(first.mask)
    if abs(turn) >= LEAST_TURN_DEG:
        turned, back = _turned(ink, turn)
        framed = _without_frames(Inked(turned))
        cleaned = remove_rules(framed)
        if cleaned is not framed:
            return PageInk(cleaned.ink, view @ back, size, changed=True)
    cleaned = remove_rules(_without_rim(_without_frames(first)))
    changed = real or corners is not None or cleaned is not first
    line = find_line_under(cleaned)
    if line is not None and line.out >= STICKS_OUT:
        return PageInk(line.without, view, size, changed=True, underlined=True, other=cleaned.ink)
    return PageInk(cleaned.ink, view, size, changed=changed, other=None if line is None else line.without)


def quarter_turned(page: PageInk, quarters: int) -> PageInk:
    """The same page, its ink turned by so many quarters against the clock."""
    assert page.ink is not None
    ink, view = page.ink, page.view
    for _ in range(quarters % 4):
        # The place (x, y) of the turned ink was (width - y, x) before.
        view = view @ np.array([[0.0, -1.0, ink.shape[1]], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
        ink = np.rot90(ink)
    return PageInk(np.ascontiguousarray(ink), view, page.size, page.reason, page.changed)


def _turn_of_rules(mask: Mask) -> float:
    """The angle in degrees by which rules fall to the right, 0 without rules."""
    places = np.flatnonzero(mask)
    step = max(1, -(-len(places) // TURN_POINTS))
    rows, columns = np.divmod(places[::step], mask.shape[1])
    if len(rows) == 0:
        return 0.0
    sharpest, around = 0.0, 0.0
    most, first, second = TURNS_DEG
    for angles in (np.arange(-most, most + first / 2, first), np.arange(-first, first + second / 2, second)):
        tried = around + angles
        sharpest, around = max((_sharpness(_turned_rows(rows, columns, angle)), angle) for angle in tried.tolist())
    fullest = step * float(np.sort(_turned_rows(rows, columns, around))[-3:].mean())
    if fullest < RULE * min(mask.shape) or sharpest < SHARPER * _sharpness(_turned_rows(rows, columns, 0.0)):
        return 0.0
    return around


def _turned_rows(rows: Places, columns: Places, degrees: float) -> Places:
    """How many of some pixels lie in each row after a turn; a turn moves all pixels of a column by as much."""
    slope = np.tan(np.deg2rad(degrees))
    moves = np.floor(-slope * np.arange(columns.max() + 1)).astype(np.int64)
    return np.bincount(rows + (moves - moves.min())[columns])


def _sharpness(counts: Places) -> float:
    """The contrast between rows with so many pixels."""
    return float(counts @ counts)


def _turned(ink: Plane, degrees: float) -> tuple[Plane, Matrix]:
    from PIL import Image

    height, width = ink.shape
    angle = np.deg2rad(degrees)
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    x, y = width / 2, height / 2
    back = np.array([[cosine, -sine, x - cosine * x + sine * y], [sine, cosine, y - sine * x - cosine * y], [0, 0, 1]])
    image = Image.fromarray(ink).transform(
        (width, height), Image.Transform.AFFINE, tuple(back[:2].ravel().tolist()), Image.Resampling.BICUBIC
    )
    return np.asarray(image), back


def _without_frames(page: Inked) -> Inked:
    """The ink without frames that surround other ink and do not touch it: those drawn by hand are not straight."""
    labels, boxes = page.parts.labels, page.parts.boxes
    if len(boxes) < 2:
        return page
    sizes = np.minimum(boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2])
    least = 1.2 * page.tall
    frames = np.zeros(len(boxes) + 1, bool)
    for part in np.argsort(-sizes)[:FRAMES].tolist():
        top, bottom, left, right = boxes[part].tolist()
        within = (boxes[:, 0] > top) & (boxes[:, 1] < bottom) & (boxes[:, 2] > left) & (boxes[:, 3] < right)
        # The frame itself may have most of the ink, and then its height counts.
        inner = float((boxes[within, 1] - boxes[within, 0]).max(initial=0))
        if inner == 0 or sizes[part] < min(least, 1.2 * inner) or inner < 0.2 * sizes[part]:
            continue
        if _runs_along(labels[top:bottom, left:right] == part + 1):
            frames[part + 1] = True
    return page.without(frames[labels]) if frames.any() else page


def _without_rim(page: Inked) -> Inked:
    """The ink without what lies along the picture's edges: the pieces of a frame that the edges cut."""
    labels, boxes = page.parts.labels, page.parts.boxes
    if len(boxes) < 2:
        return page
    height, width = labels.shape
    at_edge = (boxes[:, 0] == 0) | (boxes[:, 1] == height) | (boxes[:, 2] == 0) | (boxes[:, 3] == width)
    tall = int((boxes[~at_edge, 1] - boxes[~at_edge, 0]).max(initial=0))
    deep = round(RIM * tall)
    if deep == 0 or not at_edge.any():
        return page
    inner = np.bincount(labels[deep:-deep, deep:-deep].ravel(), minlength=len(boxes) + 1)[1:]
    rim = np.concatenate([[False], inner == 0])
    return page if rim[1:].all() or not rim.any() else page.without(rim[labels])


def _runs_along(part: Mask) -> bool:
    """Whether ink lies along all four sides of the part's rectangle, and no writing is joined to it."""
    deep, wide = (max(2, round(BAND * side)) for side in part.shape)
    inner = part[2 * deep : -2 * deep, 2 * wide : -2 * wide]
    if inner.sum() > INNER * part.sum():
        return False
    sides = part[:deep].any(axis=0), part[-deep:].any(axis=0), part[:, :wide].any(axis=1), part[:, -wide:].any(axis=1)
    return all(float(side.mean()) >= ALONG for side in sides)
