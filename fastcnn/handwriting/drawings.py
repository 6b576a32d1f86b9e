"""Drawings as strokes of a pen: reading them from a file, and drawing them with a pen of any width.

Validation, the paper's experiment and the synthetic digits of the training all draw here. Plain NumPy and Pillow.
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
WINDOW_PX = 560  # the canvas of the window
FIELD_PX = 28  # of what the network saw
SUPERSAMPLING = 2  # Pillow draws without antialiasing: draw larger, then average
SIZES = (0.15, 0.95)  # of the canvas's side, pen included
PENS_PX = (6.0, 40.0)
WIDEST_PEN = 0.25  # of the drawing's size: a wider one fills the holes of 8 and 0, and nobody can read it


@dataclass(frozen=True)
class Pen:
    """What a stroke in the window was drawn with."""

    width_px: float
    erases: bool = False


@dataclass(frozen=True, eq=False)
class Drawing:
    """A digit as it was written: each stroke is (points, 2) float64, x to the right and y downwards.

    Strokes without pens are in any unit. Those of the window have a pen each and are in pixels of its canvas.
    `field` is what the network saw, (28, 28) uint8: the window keeps it, and of a picture that was opened or pasted
    there is nothing else.
    """

    label: int
    writer: str
    strokes: tuple[Points, ...]
    pens: tuple[Pen, ...] = ()
    field: Plane | None = None


@dataclass(frozen=True)
class Pose:
    """How a drawing lies on the canvas."""

    size: float  # of its longer side, pen included, as a share of the canvas's side
    pen_px: float
    x: float  # 0 at the left edge to 1 at the right edge of the room that is left
    y: float
    turn_deg: float = 0.0  # clockwise


def random_pose(rng: np.random.Generator, turn_deg: float = 0.0) -> Pose:
    """Any size of `SIZES`, any place, and any pen of `PENS_PX` that leaves the drawing legible."""
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
    pose : sizes in it are for a canvas of `CANVAS_PX`, and grow with side_px

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
    """The window's canvas, (WINDOW_PX, WINDOW_PX) uint8, with strokes and eraser as they went over it."""
    from PIL import Image, ImageDraw

    image = Image.new("L", (WINDOW_PX * SUPERSAMPLING,) * 2)
    canvas = ImageDraw.Draw(image)
    for points, pen in zip(drawing.strokes, drawing.pens, strict=True):
        _draw_line(canvas, points * SUPERSAMPLING, pen.width_px * SUPERSAMPLING, 0 if pen.erases else 255)
    return np.array(image.reduce(SUPERSAMPLING))


def picture_of(drawing: Drawing, rng: np.random.Generator, turn_deg: float = 0.0) -> Plane:
    """A canvas with the drawing: as it was written or seen where that is known, else as `random_pose` says."""
    if not all(pen.erases for pen in drawing.pens):
        return draw_as_written(drawing)
    return drawing.field if drawing.field is not None else draw(drawing.strokes, random_pose(rng, turn_deg))


def _draw_line(canvas: ImageDraw.ImageDraw, points: Points, pen: float, fill: int) -> None:
    canvas.line([(x, y) for x, y in points.tolist()], fill=fill, width=max(1, round(pen)))
    for x, y in points.tolist():  # round joints and ends
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
