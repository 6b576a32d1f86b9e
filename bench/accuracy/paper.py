"""Lay written ink on paper: its colour and grain, rules, squares, boxes, shade, shadows, the other side, a dark table.

A page is a photograph or a scan, (H, W, 3) uint8. What stands where moves with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from fastcnn.bench.accuracy.writing import Ink, Mark, Rng, Writing

Picture = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

INKS: tuple[Colour, ...] = ((20, 20, 25), (25, 35, 120), (60, 60, 66), (120, 25, 30))
BLUE: tuple[Colour, ...] = ((150, 175, 225), (120, 160, 220), (175, 190, 225))
GREY: tuple[Colour, ...] = ((180, 180, 184), (160, 160, 160), (195, 195, 195))
DARK: tuple[Colour, ...] = ((40, 40, 45), (70, 70, 75), (30, 40, 110))
TABLES: tuple[Colour, ...] = ((60, 45, 35), (40, 40, 44), (90, 70, 50), (20, 24, 30))
GRAIN = (1.0, 4.0)  # standard deviation of the paper's grain, in levels of 255
TILT = 0.10  # a corner of a sheet on a table moves by up to this share of its sides
TABLE = (0.08, 0.35)  # what is seen of the table, at each side, as a share of the sheet's
TURN_DEG = 6.0
BLEED = 0.22  # how much of the other side's ink is seen


@dataclass(frozen=True, eq=False)
class Page:
    """A picture of a page and its lines: what stands where, in pixels of the picture."""

    picture: Picture
    lines: tuple[tuple[Mark, ...], ...]


def _rules(shape: tuple[int, int], pitch: float, width: float, squares: bool, rng: Rng) -> Ink:
    """Lines across, or squares, (H, W) from 0 to 1; a line has a soft edge and its place need not be whole pixels."""
    found: Ink = np.zeros(shape, np.float32)
    for axis in (0, 1) if squares else (0,):
        places = np.arange(shape[axis]) + 0.5
        distance = np.abs((places - rng.uniform(0, pitch)) % pitch)
        distance = np.minimum(distance, pitch - distance)
        line = np.clip(width / 2 - distance + 0.5, 0, 1).astype(np.float32)
        np.maximum(found, line[:, np.newaxis] if axis == 0 else line, out=found)
    return found


def _underlines(writing: Writing, width: float, rng: Rng) -> Ink:
    """A line drawn by hand under each line of the writing; it often touches the digits."""
    from PIL import Image, ImageDraw

    image = Image.new("L", writing.ink.shape[::-1])
    canvas = ImageDraw.Draw(image)
    for line in writing.lines:
        height = line[0].height
        left, right = line[0].x - rng.uniform(0.4, 0.9) * height, line[-1].x + rng.uniform(0.4, 0.9) * height
        drop = rng.uniform(0.48, 0.7) * height
        xs = np.linspace(left, right, 12)
        ys = np.interp(xs, [line[0].x, line[-1].x], [line[0].y, line[-1].y]) + drop
        ys += np.cumsum(rng.normal(0, 0.01 * height, 12)) + rng.normal(0, 0.02) * (xs - left)
        canvas.line(list(zip(xs.tolist(), ys.tolist(), strict=True)), 255, max(1, round(width)), "curve")
    return np.asarray(image, np.float32) / np.float32(255)


def _frame(writing: Writing, width: float, by_hand: bool, rng: Rng) -> Ink:
    """A frame round all the writing, with a ruler or by hand."""
    from PIL import Image, ImageDraw

    image = Image.new("L", writing.ink.shape[::-1])
    inked = np.argwhere(writing.ink > 0.2)
    (top, left), (bottom, right) = inked.min(axis=0), inked.max(axis=0)
    gap = writing.lines[0][0].height * rng.uniform(0.25, 0.5)
    corners = [
        (left - gap, top - gap),
        (right + gap, top - gap),
        (right + gap, bottom + gap),
        (left - gap, bottom + gap),
    ]
    loop = np.array([*corners, corners[0]])
    points = np.concatenate([np.linspace(a, b, 12) for a, b in pairwise(loop)])
    if by_hand:
        points += rng.normal(0, 0.012 * gap * 4, points.shape)
    ImageDraw.Draw(image).line(list(map(tuple, points.tolist())), 255, max(1, round(width)), "curve")
    return np.asarray(image, np.float32) / np.float32(255)


def _boxes(writing: Writing, width: float, rng: Rng) -> Ink:
    """A box round each character, as forms have them."""
    from PIL import Image, ImageDraw

    image = Image.new("L", writing.ink.shape[::-1])
    canvas = ImageDraw.Draw(image)
    for line in writing.lines:
        middle = float(np.mean([mark.y for mark in line]))
        for mark in line:
            half, tall = 0.5 * mark.height, 0.68 * mark.height
            box = (mark.x - half, middle - tall, mark.x + half, middle + tall)
            canvas.rectangle(box, outline=255, width=max(1, round(width)))
    return np.asarray(image, np.float32) / np.float32(255)


def lay(writing: Writing, kind: str, rng: Rng) -> Page:
    """Lay a writing on paper of one of KINDS."""
    shape = writing.ink.shape
    height = writing.lines[0][0].height
    paper = np.array([rng.integers(225, 253)] * 3) - [0, rng.integers(0, 6), rng.integers(0, 18)]
    page = np.ones((*shape, 1), np.float32) * paper.astype(np.float32)
    ink = np.array(INKS[int(rng.integers(len(INKS)))], np.float32)
    thin = max(1.0, height * rng.uniform(0.02, 0.05))
    if kind in ("ruled", "squared, blue", "squared, grey", "squared, dark"):
        colours = DARK if kind == "squared, dark" else GREY if kind == "squared, grey" else BLUE
        pitch = height * (rng.uniform(0.9, 2.2) if kind == "ruled" else rng.uniform(0.35, 1.1))
        lines = _rules(shape, max(pitch, 6 * thin), thin, kind != "ruled", rng)
        page = _over(page, lines, np.array(colours[int(rng.integers(len(colours)))], np.float32))
    if kind == "bleed":
        page = _over(page, BLEED * np.roll(writing.ink[:, ::-1], int(height * 0.7), axis=0), ink)
    page = _over(page, writing.ink, ink)
    if kind == "underlined":
        page = _over(page, _underlines(writing, height * rng.uniform(0.04, 0.1), rng), ink)
    if kind in ("framed", "framed by hand"):
        page = _over(page, _frame(writing, height * rng.uniform(0.04, 0.1), kind == "framed by hand", rng), ink)
    if kind == "boxes":
        page = _over(page, _boxes(writing, thin, rng), np.array(DARK[int(rng.integers(len(DARK)))], np.float32))
    page = page * _light(shape, rng, hard=kind == "shadow")[..., np.newaxis]
    page += rng.normal(0, rng.uniform(*GRAIN), (*shape, 1)).astype(np.float32)
    found = Page(_bytes(page), writing.lines)
    if kind in ("table", "turned"):
        found = _photograph(found, kind == "table", rng)
    return replace(found, picture=_compressed(found.picture, rng))


def _over(page: Ink, cover: Ink, colour: npt.NDArray[np.float32]) -> Ink:
    mixed: Ink = page * (1 - cover[..., np.newaxis]) + colour * cover[..., np.newaxis]
    return mixed


def _light(shape: tuple[int, int], rng: Rng, *, hard: bool) -> Ink:
    """The light on the page: a little less in one corner; with a hard shadow half of it is darker."""
    rows, columns = (np.linspace(0, 1, side, dtype=np.float32) for side in shape)
    slope = rng.uniform(-0.12, 0.12, 2)
    light: Ink = (
        1 - abs(slope[0]) - abs(slope[1]) + np.abs(slope[0] * rows[:, np.newaxis] + slope[1] * columns)
    ).astype(np.float32)
    if hard:
        across = rows[:, np.newaxis] * rng.uniform(-0.6, 0.6) + columns - rng.uniform(0.3, 0.7)
        edge = np.clip(across * max(shape) / rng.uniform(2, 14) + 0.5, 0, 1)
        light = (light * (1 - rng.uniform(0.3, 0.55) * edge)).astype(np.float32)
    return light


def _bytes(values: npt.NDArray[np.float32]) -> Picture:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _photograph(page: Page, table: bool, rng: Rng) -> Page:
    """The page on a table, seen from aside; or only turned by a few degrees, with more of the same paper round it."""
    from PIL import Image

    height, width = page.picture.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    if table:
        seen = corners + rng.uniform(-TILT, TILT, (4, 2)) * (width, height) * 0.5
        sides = rng.uniform(*TABLE, 4) * (width, height, width, height)
    else:
        sides = np.zeros(4)
        seen = corners
    turn = np.deg2rad(rng.uniform(-TURN_DEG, TURN_DEG))
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    seen = (seen - seen.mean(axis=0)) @ matrix
    seen = seen - seen.min(axis=0) + sides[:2] + 1
    size = tuple(np.ceil(seen.max(axis=0) + sides[2:] + 1).astype(int).tolist())
    to_page = homography(seen, corners)
    around = np.array(TABLES[int(rng.integers(len(TABLES)))]) if table else np.median(page.picture, axis=(0, 1))
    image = Image.fromarray(page.picture)
    flat = image.transform(size, Image.Transform.PERSPECTIVE, to_page, Image.Resampling.BICUBIC)
    inside = Image.new("L", image.size, 255).transform(size, Image.Transform.PERSPECTIVE, to_page)
    grain = rng.normal(0, rng.uniform(1, 6), (size[1], size[0], 1))
    ground = _bytes((around + grain).astype(np.float32))
    picture = np.where(np.asarray(inside)[..., np.newaxis] > 127, np.asarray(flat), ground)
    to_picture = homography(corners, seen)
    lines = tuple(tuple(_moved(mark, to_picture) for mark in line) for line in page.lines)
    return Page(picture, lines)


def homography(source: npt.NDArray[np.float64], target: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Pillow's eight numbers of the perspective that brings four source points to the targets."""
    rows, right = [], []
    for (x, y), (u, v) in zip(source.tolist(), target.tolist(), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return tuple(np.linalg.solve(np.array(rows, np.float64), np.array(right, np.float64)).tolist())


def _moved(mark: Mark, numbers: Sequence[float]) -> Mark:
    a, b, c, d, e, f, g, h = numbers
    under = g * mark.x + h * mark.y + 1
    return replace(mark, x=(a * mark.x + b * mark.y + c) / under, y=(d * mark.x + e * mark.y + f) / under)


def _compressed(picture: Picture, rng: Rng) -> Picture:
    """A little blur and JPEG's noise."""
    from io import BytesIO

    from PIL import Image, ImageFilter

    image = Image.fromarray(picture).filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 0.9))))
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=int(rng.integers(60, 95)))
    return np.asarray(Image.open(buffer))


KINDS = ("plain", "ruled", "squared, blue", "squared, grey", "squared, dark", "underlined", "framed", "framed by hand",
         "boxes", "shadow", "bleed", "turned", "table")  # fmt: skip
