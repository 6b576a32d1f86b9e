"""Drawings as strokes of a pen: reading them from a file, and drawing them with a pen of any width.

Validation, the paper's experiment and the synthetic digits of the training all draw here. Plain NumPy and Pillow.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastcnn.errors import FastcnnError
from fastcnn.pictures import Plane

if TYPE_CHECKING:
    from PIL import ImageDraw

Points = npt.NDArray[np.float64]

CANVAS_PX = 280
WINDOW_PX = 560  # the canvas of the window
WINDOW_FORMAT = "fastcnn drawings 1"  # of its exports
FIELD_PX = 28  # of what the network saw
SUPERSAMPLING = 2  # Pillow draws without antialiasing: draw larger, then average
SIZES = (0.15, 0.95)  # of the canvas's side, pen included
PENS_PX = (6.0, 40.0)
WIDEST_PEN = 0.25  # of the drawing's size: a wider one fills the holes of 8 and 0, and nobody can read it
MAX_FILE_BYTES = 200_000_000
MAX_POINTS = 100_000  # of one drawing


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


def read_drawings(path: str | Path) -> list[Drawing]:
    """Read a stroke file: a JSON list of {label, writer, strokes}, also compressed by gzip, or the window's export.

    A stroke is a list of [x, y]; a writer may be missing.

    Raises
    ------
    FastcnnError
        If the file cannot be read or holds something else.
    """
    content = _read(Path(path))
    try:
        found = json.loads(content)
        if isinstance(found, dict) and found["format"] == WINDOW_FORMAT:
            if not found["drawings"]:
                raise ValueError("there is no drawing in it")
            return [drawing_of_window(each) for each in found["drawings"]]
        if not isinstance(found, list) or not found:
            raise ValueError("it is no list of drawings")
        return [_drawing(each) for each in found]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError, OverflowError) as error:
        reason = " ".join(str(error).split())[:200]
        raise FastcnnError(
            f"{path} is no stroke file, a list of {{label, writer, strokes}} or the window's export: {reason}"
        ) from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            is_compressed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if is_compressed else path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "it is damaged"
        raise FastcnnError(f"cannot read {path}: {reason}; give the path of a stroke file") from None
    if len(content) > MAX_FILE_BYTES:
        raise FastcnnError(f"{path} holds more than {MAX_FILE_BYTES // 1_000_000} MB; give a smaller stroke file")
    return content


def drawing_of_window(found: dict[str, Any]) -> Drawing:
    """A drawing from the form in which the window keeps it; one without strokes is a picture that was opened.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is something else.
    """
    label, kept = _label(found["label"]), found["strokes"]
    pens = tuple(Pen(float(stroke["width"]), bool(stroke["erases"])) for stroke in kept)
    if not all(0 < pen.width_px <= WINDOW_PX for pen in pens):
        raise ValueError(f"a pen must be up to {WINDOW_PX} pixels wide")
    pixels = np.frombuffer(base64.b64decode(found["field"], validate=True), np.uint8)
    if pixels.size != FIELD_PX**2 or not pixels.any():
        raise ValueError(f"its field must be {FIELD_PX} x {FIELD_PX} pixels with ink")
    lines = _lines([stroke["points"] for stroke in kept]) if kept else ()
    return Drawing(label, "", lines, pens, pixels.reshape(FIELD_PX, FIELD_PX))


def _drawing(found: dict[str, object]) -> Drawing:
    label, strokes = _label(found["label"]), found["strokes"]
    if not isinstance(strokes, list):
        raise ValueError("strokes must be a list")
    lines = _lines([stroke for stroke in strokes if len(stroke)])
    return Drawing(label, str(found.get("writer", "")), lines)


def _label(label: object) -> int:
    if isinstance(label, bool) or not isinstance(label, int) or not 0 <= label <= 9:
        raise ValueError(f"label {label!r} is no digit")
    return label


def _lines(strokes: list[Any]) -> tuple[Points, ...]:
    lines = tuple(np.array(stroke, np.float64).reshape(-1, 2) for stroke in strokes)
    if (
        not lines
        or sum(map(len, lines)) > MAX_POINTS
        or not all(len(line) and np.isfinite(line).all() for line in lines)
    ):
        raise ValueError(f"a drawing needs 1 to {MAX_POINTS:,} points, all finite")
    return lines
