"""Synthetic pen digits: a way of writing is bent at random, drawn with a random pen, and prepared like any drawing.

Americans wrote MNIST with thick pencils. It has few crossed 7s, slashed 0s, and 1s with a flag and a base.
"""

from __future__ import annotations

import numpy as np

from fastcnn.arrays import Array
from fastcnn.digits import SIDE_PX
from fastcnn.handwriting.drawings import Points, Pose, draw
from fastcnn.handwriting.preparation.prepare import prepare
from fastcnn.handwriting.synthesis.hands import random_way, usual_way
from fastcnn.handwriting.synthesis.scans import enlarged, prepared_each, worn
from fastcnn.handwriting.synthesis.templates import Way, smooth

# The digits that are drawn in turn. Digits that look alike in some ways of writing occur twice.
DIGITS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 4, 7, 9)
DRAWN_PX = 140  # half of the canvas: twice as fast, and still more pixels than the preparation keeps
SIZES = (0.4, 0.95)
SCANS_PX = (80, 180)  # sides of enlarged pictures
PENS = (0.03, 0.26)  # share of the drawing's size, uniform; wide pens fill loops and hide crossings
JITTER = 4.0  # of 100; standard deviation of a point's distance from that of the way
WIDTH = (0.55, 1.3)  # share of the way's width
SLANT = 0.25  # sideways by up; standard deviation
TURN = 0.15  # radians; standard deviation
BEND = 5.0  # of 100; standard deviation of a slow wave's height along the whole digit


def bend(way: Way, rng: np.random.Generator) -> list[Points]:
    """The strokes of a way as a hand could write them, as dense points."""
    width = np.exp(rng.uniform(*np.log(WIDTH)))
    slant, turn = rng.normal(0, SLANT), rng.normal(0, TURN)
    matrix = np.array([[width, 0.0], [0.0, 1.0]]) @ np.array([[1.0, 0.0], [-slant, 1.0]])
    matrix = matrix @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    jitter = JITTER * rng.uniform(0.3, 1.5)
    phases, heights = rng.uniform(0, 2 * np.pi, (2, 2)), rng.normal(0, BEND, (2, 2)) / (1, 2)
    strokes = []
    for points, corners in zip(way.points, way.corners, strict=True):
        moved = points + rng.normal(0, jitter, points.shape) + rng.normal(0, jitter / 2, 2)
        line = smooth(moved, corners)
        along = line / 100 * np.pi
        for axis in (0, 1):
            waves = [heights[axis, k] * np.sin((k + 1) * along[:, 1 - axis] + phases[axis, k]) for k in (0, 1)]
            line[:, axis] += waves[0] + waves[1]
        strokes.append(line @ matrix)
    return strokes


def size_and_pen(rng: np.random.Generator) -> tuple[float, float]:
    """A random size, as a share of the canvas, and a random pen, in the canvas's pixels, for a `Pose`."""
    size = float(rng.uniform(*SIZES))
    return size, size * float(rng.uniform(*PENS)) * 2 * DRAWN_PX


def synthetic_digits(count: int, *, seed: int, varied: bool = False) -> tuple[Array, Array]:
    """Prepared pictures of pen digits. The same arguments give the same pictures.

    Parameters
    ----------
    varied : also ways of writing that are made from parts (`hands`), and pictures that are worn like scans (`scans`)

    Returns
    -------
    images : (count, 1, 28, 28) uint8
    labels : (count,) int64; 1, 4, 7 and 9 occur twice as often as the others
    """
    rng = np.random.Generator(np.random.PCG64([seed, 5]))
    images = np.empty((count, 1, SIDE_PX, SIDE_PX), np.uint8)
    labels = np.resize(np.array(DIGITS, np.int64), count)
    for index, label in enumerate(labels):
        way = (random_way if varied else usual_way)(int(label), rng)
        size, pen_px = size_and_pen(rng)
        drawn = draw(bend(way, rng), Pose(size, pen_px, 0.5, 0.5), DRAWN_PX)
        field = prepare(worn(drawn, rng) if varied else drawn)
        assert field is not None  # a stroke is never blank
        images[index, 0] = np.rint(255 * field)
    return images, labels


def redrawn(images: Array, *, seed: int) -> Array:
    """Pictures of MNIST's size, enlarged and prepared: shapes that people wrote, with strokes of the standard width.

    Parameters
    ----------
    images : (N, 1, 28, 28) uint8, none of them blank

    Returns
    -------
    (N, 1, 28, 28) uint8
    """
    rng = np.random.Generator(np.random.PCG64([seed, 8]))
    return prepared_each(images, lambda image: np.pad(enlarged(image, int(rng.integers(*SCANS_PX))), 4))
