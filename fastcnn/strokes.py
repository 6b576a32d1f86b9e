"""Drawings as strokes of a pen: reading them from a file, and drawing them with a pen of any width.

Validation, the paper's experiment and the synthetic digits of the training all draw here. Plain NumPy and Pillow.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fastcnn.errors import FastcnnError
from fastcnn.pictures import Plane

Points = npt.NDArray[np.float64]

CANVAS_PX = 280
SUPERSAMPLING = 2  # Pillow draws without antialiasing: draw larger, then average
SIZES = (0.15, 0.95)  # of the canvas's side, pen included
PENS_PX = (6.0, 40.0)
WIDEST_PEN = 0.25  # of the drawing's size: a wider one fills the holes of 8 and 0, and nobody can read it
MAX_FILE_BYTES = 200_000_000
MAX_POINTS = 100_000  # of one drawing


@dataclass(frozen=True, eq=False)
class Drawing:
    """A digit as it was written: each stroke is (points, 2) float64, x to the right and y downwards, in any unit."""

    label: int
    writer: str
    strokes: tuple[Points, ...]


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
        canvas.line([(x, y) for x, y in points.tolist()], fill=255, width=max(1, round(pen)))
        for x, y in points.tolist():  # round joints and ends
            canvas.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    return np.array(image.reduce(SUPERSAMPLING))


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
    """Read a stroke file: a JSON list of {label, writer, strokes}, also compressed by gzip.

    A stroke is a list of [x, y]; a writer may be missing.

    Raises
    ------
    FastcnnError
        If the file cannot be read or holds something else.
    """
    content = _read(Path(path))
    try:
        found = json.loads(content)
        if not isinstance(found, list) or not found:
            raise ValueError("it is no list of drawings")
        return [_drawing(each) for each in found]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError, OverflowError) as error:
        reason = " ".join(str(error).split())[:200]
        raise FastcnnError(f"{path} is no stroke file, a list of {{label, writer, strokes}}: {reason}") from None


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


def _drawing(found: dict[str, object]) -> Drawing:
    label, strokes = found["label"], found["strokes"]
    if isinstance(label, bool) or not isinstance(label, int) or not 0 <= label <= 9:
        raise ValueError(f"label {label!r} is no digit")
    if not isinstance(strokes, list):
        raise ValueError("strokes must be a list")
    lines = tuple(np.array(stroke, np.float64).reshape(-1, 2) for stroke in strokes if len(stroke))
    if not lines or sum(map(len, lines)) > MAX_POINTS or not all(np.isfinite(line).all() for line in lines):
        raise ValueError(f"a drawing needs 1 to {MAX_POINTS:,} points, all finite")
    return Drawing(label, str(found.get("writer", "")), lines)
