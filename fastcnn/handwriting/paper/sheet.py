"""Find a sheet of paper on a darker table, and see it from above."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastcnn.handwriting.paper.light import reduced
from fastcnn.handwriting.preparation.components import Mask, find_components
from fastcnn.handwriting.preparation.planes import Plane

Corners = npt.NDArray[np.float64]  # (4, 2): x and y; from the top left clockwise
Points = npt.NDArray[np.float64]
View = tuple[float, ...]  # Pillow's eight numbers: where in the picture a pixel of the straight page was

FOUND_PX = 240  # the size at which a sheet is looked for
SHARES = (0.1, 0.97)  # of the picture that a sheet covers
DARKER = 45  # of 255: the table is at least so much darker
LEAST_FILLED = 0.93  # of the four corners' area
HOLES = (0.002, 0.35)  # of a sheet: the dark writing on it
AT_EDGE = 0.015  # of the picture's side: a side of the sheet that near to the edge is cut off
LEAST_SIDES = 3  # that are seen: the edge of a shadow is one
INSET = 0.012  # of a sheet: its rim is left out


def find_sheet(plane: Plane) -> Corners | None:
    """The corners of a light sheet on a darker table, in pixels of the plane; None if there is none."""
    small, factor = reduced(plane, FOUND_PX)
    light = small > _between(small)
    if not SHARES[0] <= float(light.mean()) <= SHARES[1]:
        return None
    parts = find_components(light)
    own = parts.labels == 1 + int(parts.sizes.argmax())
    filled = _filled(own)
    share, holes = float(filled.mean()), 1 - own.sum() / filled.sum()
    if not SHARES[0] <= share <= SHARES[1] or not HOLES[0] <= holes <= HOLES[1]:
        return None
    if float(np.median(small[own])) - float(np.median(small[~filled])) < DARKER:
        return None
    border = _border(filled)
    corners = _four_corners(border)
    if corners is None or not LEAST_FILLED <= filled.sum() / max(_area(corners), 1.0) <= 2 - LEAST_FILLED:
        return None
    corners = _fitted(corners, border)
    if _sides_seen(corners, small.shape) < LEAST_SIDES:
        return None
    inside: Corners = corners + INSET * (corners.mean(axis=0) - corners)
    return inside * factor


def straighten(plane: Plane, corners: Corners) -> tuple[Plane, View]:
    """The sheet, seen from above, and where its pixels were."""
    from PIL import Image

    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width, height = (max(8, round(float(max(pair)))) for pair in (sides[::2], sides[1::2]))
    square = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    view = perspective(square, corners)
    image = Image.fromarray(np.ascontiguousarray(plane))
    seen = image.transform((width, height), Image.Transform.PERSPECTIVE, view, Image.Resampling.BICUBIC)
    return np.asarray(seen), view


def perspective(source: Points, target: Points) -> View:
    """The perspective that brings four points to four others."""
    rows, right = [], []
    for (x, y), (u, v) in zip(source.tolist(), target.tolist(), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return tuple(np.linalg.solve(np.array(rows, np.float64), np.array(right, np.float64)).tolist())


def _between(small: Plane) -> int:
    """The level that separates light from dark best (Otsu)."""
    counts = np.bincount(small.ravel(), minlength=256).astype(np.float64)
    below = counts.cumsum()
    sums = (counts * np.arange(256)).cumsum()
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return int(np.nan_to_num(apart).argmax())


def _filled(own: Mask) -> Mask:
    """The part with its holes, and with what lies between its left and right ends."""
    right = np.maximum.accumulate(own[:, ::-1], axis=1)[:, ::-1]
    down = np.maximum.accumulate(own[::-1], axis=0)[::-1]
    across = np.maximum.accumulate(own, axis=1) & right
    along = np.maximum.accumulate(own, axis=0) & down
    return across & along


def _border(filled: Mask) -> Points:
    """The points along the edge of a filled part: the ends of each row and of each column."""
    found = []
    for part, flip in ((filled, False), (filled.T, True)):
        rows = np.flatnonzero(part.any(axis=1))
        lefts = part[rows].argmax(axis=1)
        rights = part.shape[1] - part[rows, ::-1].argmax(axis=1)
        for ends in (lefts, rights):
            pair = np.stack([ends, rows + 0.5], axis=1).astype(np.float64)
            found.append(pair[:, ::-1] if flip else pair)
    return np.concatenate(found)


def _hull(points: Points) -> list[tuple[float, float]]:
    """The convex hull, in one turn round it."""
    ordered = sorted(set(map(tuple, points.tolist())))
    halves = []
    for half in (ordered, ordered[::-1]):
        chain: list[tuple[float, float]] = []
        for x, y in half:
            while len(chain) >= 2 and _turn(chain[-2], chain[-1], (x, y)) <= 0:
                chain.pop()
            chain.append((x, y))
        halves.append(chain[:-1])
    return halves[0] + halves[1]


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _four_corners(border: Points) -> Corners | None:
    """The hull without its least corners, until four are left; the first is the nearest to the top left."""
    hull = _hull(border)
    while len(hull) > 4:
        sizes = [abs(_turn(hull[i - 1], hull[i], hull[(i + 1) % len(hull)])) for i in range(len(hull))]
        hull.pop(sizes.index(min(sizes)))
    if len(hull) < 4:
        return None
    corners = np.array(hull, np.float64)
    return np.roll(corners, -int(corners.sum(axis=1).argmin()), axis=0)


def _area(corners: Corners) -> float:
    x, y = corners.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def _fitted(corners: Corners, border: Points) -> Corners:
    """The corners where lines through the border's points meet; corners of a sheet may be round or bent."""
    lines = []
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-9)
        normal = np.array([-along[1], along[0]])
        place, apart = (border - a) @ along, (border - a) @ normal
        length = float(np.linalg.norm(b - a))
        near = border[(np.abs(apart) <= 3) & (place > 0.1 * length) & (place < 0.9 * length)]
        if len(near) < 8:
            return corners
        middle = near.mean(axis=0)
        normal = np.linalg.eigh(np.cov((near - middle).T))[1][:, 0]
        lines.append((normal, float(normal @ middle)))
    found = []
    for (first, at), (second, other) in zip([lines[-1], *lines[:-1]], lines, strict=True):
        matrix = np.stack([first, second])
        if abs(float(np.linalg.det(matrix))) < 0.2:
            return corners
        found.append(np.linalg.solve(matrix, np.array([at, other])))
    return np.array(found)


def _sides_seen(corners: Corners, shape: tuple[int, ...]) -> int:
    """How many sides do not lie along the picture's edges."""
    size = np.array(shape[::-1], np.float64)
    middles = (corners + np.roll(corners, -1, axis=0)) / 2
    margin = AT_EDGE * size
    return int(((middles > margin) & (middles < size - margin)).all(axis=1).sum())
