"""Drawings as strokes of a pen, and pictures of them with a pen of any width.

Validation, the paper's experiment and the synthetic digits of a training all use this file. It needs only NumPy and
Pillow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.handwriting.preparation.planes import Plane

if TYPE_CHECKING:
    from PIL import ImageDraw

Points = npt.NDArray[np.float64]

CANVAS_PX = 280
WINDOW_PX = 560  # side of the window's canvas
FIELD_PX = 28  # side of the picture that the network read
SUPERSAMPLING = 2  # Pillow draws without antialiasing, so we draw larger and average
SIZES = (0.15, 0.95)  # share of the canvas's side, with the pen
PENS_PX = (6.0, 40.0)
WIDEST_PEN = 0.25  # share of the drawing's size; a wider pen fills the holes of 8 and 0, and nobody can read it


@dataclass(frozen=True)
class Pen:
    """The tool that drew a stroke in the window."""

    width_px: float
    erases: bool = False


@dataclass(frozen=True, eq=False)
class Drawing:
    """A digit as it was written. Each stroke is (points, 2) float64, with x to the right and y downwards.

    Strokes without pens are in any unit. Strokes of the window have one pen each and are in pixels of its canvas.
    `field`, (28, 28) uint8, is the picture that the network read. The window keeps it; for a picture that was opened
    or pasted it is the only data.
    """

    label: int
    writer: str
    strokes: tuple[Points, ...]
    pens: tuple[Pen, ...] = ()
    field: Plane | None = None


@dataclass(frozen=True)
class Pose:
    """The size, the place and the rotation of a drawing on the canvas."""

    size: float  # length of the longer side with the pen, as a share of the canvas's side
    pen_px: float
    x: float  # place in the free room: 0 at the left edge, 1 at the right edge
    y: float
    turn_deg: float = 0.0  # clockwise


def random_pose(rng: np.random.Generator, turn_deg: float = 0.0) -> Pose:
    """A random size between `SIZES`, place, and pen between `PENS_PX` that keeps the drawing legible."""
    size = float(rng.uniform(*SIZES))
    widest = max(PENS_PX[0], min(PENS_PX[1], WIDEST_PEN * size * CANVAS_PX))
    pen_px = float(rng.uniform(PENS_PX[0], widest))
    turn = float(rng.uniform(-turn_deg, turn_deg))
    return Pose(size, pen_px, float(rng.uniform()), float(rng.uniform()), turn)


def draw(strokes: Sequence[Points], pose: Pose, side_px: int = CANVAS_PX) -> Plane:
    """Draw strokes with a round pen, white on black.

    Parameters
    ----------
    strokes : (points, 2) arrays in any unit, y downwards; one point makes a dot
    pose : its sizes are for a canvas of `CANVAS_PX`, and grow with side_px

    Returns
    -------
    (side_px, side_px) uint8
    """
    from PIL import Image, ImageDraw

    scale = SUPERSAMPLING * side_px / CANVAS_PX
    pen = pose.pen_px * scale
    placed = _place(strokes, pose, side_px * SUPERSAMPLING, pen)
    image = Image.new("L", (side_px * SUPERSAMPLING,) * 2)
    canvas = ImageDraw.Draw(image)
    for points in placed:
        _draw_line(canvas, points, pen, 255)
    return np.array(image.reduce(SUPERSAMPLING))


def draw_as_written(drawing: Drawing) -> Plane:
    """The window's canvas, (WINDOW_PX, WINDOW_PX) uint8, with strokes of pen and eraser in their order."""
    from PIL import Image, ImageDraw

    image = Image.new("L", (WINDOW_PX * SUPERSAMPLING,) * 2)
    canvas = ImageDraw.Draw(image)
    for points, pen in zip(drawing.strokes, drawing.pens, strict=True):
        _draw_line(canvas, points * SUPERSAMPLING, pen.width_px * SUPERSAMPLING, 0 if pen.erases else 255)
    return np.array(image.reduce(SUPERSAMPLING))


def picture_of(drawing: Drawing, rng: np.random.Generator, turn_deg: float = 0.0) -> Plane:
    """A picture of the drawing: as it was written or read, if that is known, or else with a pose of `random_pose`."""
    if not all(pen.erases for pen in drawing.pens):
        return draw_as_written(drawing)
    return drawing.field if drawing.field is not None else draw(drawing.strokes, random_pose(rng, turn_deg))


def _draw_line(canvas: ImageDraw.ImageDraw, points: Points, pen: float, fill: int) -> None:
    canvas.line([(x, y) for x, y in points.tolist()], fill=fill, width=max(1, round(pen)))
    for x, y in points.tolist():  # round joints and round ends
        canvas.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=fill)


def _place(strokes: Sequence[Points], pose: Pose, side: float, pen: float) -> list[Points]:
    """The strokes' points in pixels of a canvas."""
    angle = np.deg2rad(pose.turn_deg)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = [stroke @ turn for stroke in strokes]
    every = np.concatenate(turned)
    low, extent = every.min(axis=0), np.ptp(every, axis=0)
    scale = max(pose.size * side - pen, 0.0) / max(float(extent.max()), 1e-9)
    room = side - pen - extent * scale
    start = pen / 2 + room * (pose.x, pose.y)
    return [start + (stroke - low) * scale for stroke in turned]
