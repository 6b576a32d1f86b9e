"""Shapes, scribbles and unknown signs as strokes of a pen, made by rules, for pictures that show no digit.

Each maker takes a random generator and returns strokes in a square with a side of about 100. y points downwards.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from fastcnn.handwriting.drawings import Points

Rng = np.random.Generator
Strokes = list[Points]

DENSE = 24  # points along a curve


def _line(start: Points, stop: Points) -> Points:
    return np.linspace(start, stop, DENSE // 3)


def _through(points: Points) -> Points:
    """A smooth line through the points, as if written by hand."""
    from fastcnn.handwriting.synthesis.templates import smooth

    return smooth(points, (False,) * len(points))


def _ring(count: int, phase: float, radii: Points) -> Points:
    """Corners round the centre. The last one is the first one again."""
    angles = phase + 2 * np.pi * np.arange(count + 1) / count
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return 50 + 50 * around * radii[np.arange(count + 1) % len(radii), np.newaxis]


def _edges(corners: Points) -> Points:
    return np.concatenate([_line(a, b) for a, b in pairwise(corners)])


def polygon(rng: Rng) -> Strokes:
    """A polygon of three to six corners, with a flat side down or rotated."""
    count = int(rng.choice([3, 3, 4, 4, 4, 5, 6]))
    phase = np.pi / 2 + np.pi / count + (rng.uniform(-0.2, 0.2) if rng.uniform() < 0.7 else rng.uniform(0, 6.3))
    corners = _ring(count, phase, np.ones(1)) + rng.normal(0, 4, (count + 1, 2))
    corners[-1] = corners[0] + rng.normal(0, 5, 2)
    return [_edges(corners * (1, rng.uniform(0.6, 1.2)))]


def star(rng: Rng) -> Strokes:
    """An outlined star."""
    tips = int(rng.integers(4, 8))
    corners = _ring(2 * tips, -np.pi / 2, np.array([1.0, rng.uniform(0.3, 0.6)]))
    return [_edges(corners + rng.normal(0, 3, corners.shape))]


def pentagram(rng: Rng) -> Strokes:
    """A star drawn with one stroke, which crosses itself."""
    corners = _ring(5, -np.pi / 2, np.ones(1))[[0, 2, 4, 1, 3, 0]]
    return [_edges(corners + rng.normal(0, 4, corners.shape))]


def spiral(rng: Rng) -> Strokes:
    """Two turns or more."""
    angles = np.linspace(0, 2 * np.pi * rng.uniform(1.9, 4.5), 3 * DENSE)
    radius = 4 + 46 * angles / angles[-1]
    turned = angles * rng.choice([-1, 1]) + rng.uniform(0, 6.3)
    return [50 + np.stack([radius * np.cos(turned), radius * np.sin(turned)], axis=1)]


def wave(rng: Rng) -> Strokes:
    """One to three waves or zigzags, along or across."""
    periods, along = rng.uniform(1.4, 5), np.linspace(0, 1, 3 * DENSE)
    phase = 2 * np.pi * (periods * along + rng.uniform())
    height = np.sin(phase) if rng.uniform() < 0.5 else 2 / np.pi * np.arcsin(np.sin(phase))
    waves = []
    for row in range(int(rng.choice([1, 1, 1, 2, 3]))):
        line = np.stack([100 * along, 34 * row + rng.uniform(8, 40) * height], axis=1)
        waves.append(line)
    return [line[:, ::-1] for line in waves] if rng.uniform() < 0.3 else waves


def loops(rng: Rng) -> Strokes:
    """A pen that draws circles while it moves on, as in a row of e and l."""
    turns = rng.uniform(2, 6)
    angles = np.linspace(0, 2 * np.pi * turns, 5 * DENSE)
    size = rng.uniform(8, 24) * (1 + 0.5 * np.sin(angles * rng.uniform(0.1, 0.5) + rng.uniform(0, 6)))
    x = 100 * angles / angles[-1] + size * np.cos(angles) * rng.uniform(0.4, 1)
    line = np.stack([x, size * np.sin(angles) * rng.uniform(1, 2)], axis=1)
    return [line @ _turn(rng.normal(0, 0.4))]


def circles(rng: Rng) -> Strokes:
    """Rings inside each other, chains, or a ring with something in it."""
    angles = np.linspace(0, 2 * np.pi, DENSE)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    kind = rng.integers(3)
    if kind == 0:  # larger, and farther from the rim, than the curl at the end of some 0s
        return [50 + 50 * ring, 50 + rng.uniform(14, 28) * ring + rng.normal(0, 2, 2)]
    if kind == 1:  # in a row, not one above the other as in an 8
        return [30 * ring + (0, rng.normal(0, 8)), 30 * ring + (rng.uniform(40, 70), rng.normal(0, 8))]
    cross = [_line(50 - 50 * way, 50 + 50 * way) for way in np.eye(2) @ _turn(rng.uniform(0, 1.6))]
    return [50 + 50 * ring, *cross]


def rays(rng: Rng) -> Strokes:
    """A sun or an asterisk."""
    count = int(rng.integers(5, 12))
    angles = 2 * np.pi * np.arange(count) / count + rng.normal(0, 0.08, count) + rng.uniform(0, 1)
    inner = rng.choice([0.0, 16.0, 26.0])
    ways = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    lines = [_line(50 + inner * way, 50 + rng.uniform(36, 50) * way) for way in ways]
    return [50 + 0.8 * (_ring(DENSE, 0, np.full(1, inner / 50)) - 50), *lines] if inner else lines


def scribble(rng: Rng) -> Strokes:
    """A pen that moves at random, in one to three strokes."""
    strokes = []
    for _ in range(int(rng.choice([1, 1, 2, 3]))):
        strokes.append(_through(rng.uniform(0, 100, (int(rng.integers(8, 26)), 2))))
    return strokes


def hatching(rng: Rng) -> Strokes:
    """Parallel strokes, separate or joined to one stroke, and more strokes across them."""
    strokes: Strokes = []
    for _ in range(int(rng.choice([1, 1, 2]))):
        count = int(rng.integers(4, 14))
        x = np.linspace(0, 100, count) + rng.normal(0, 3, count)
        ends = np.stack([np.stack([x, rng.normal(0, 8, count)], 1), np.stack([x, rng.normal(90, 8, count)], 1)], axis=1)
        if rng.uniform() < 0.5:
            ends[1::2] = ends[1::2, ::-1]
            lines = [_edges(ends.reshape(-1, 2))]
        else:
            lines = [_line(*pair) for pair in ends]
        around = _turn(rng.uniform(0, np.pi))
        strokes += [line @ around for line in lines]
    return strokes


def glyph(rng: Rng) -> Strokes:
    """A sign of an unknown script: four to eight lines, arcs and hooks in a square."""
    strokes = []
    for _ in range(int(rng.integers(4, 9))):
        start, stop = rng.uniform(0, 100, (2, 2))
        kind = rng.integers(4)
        if kind == 0:  # horizontal or vertical, like most strokes in most scripts
            stop[int(rng.integers(2))] = start[int(rng.integers(2))] + rng.normal(0, 4)
        if kind < 2:
            strokes.append(_line(start, stop))
        else:
            strokes.append(_through(np.stack([start, (start + stop) / 2 + rng.normal(0, 24, 2), stop])))
    return strokes


def character(rng: Rng) -> Strokes:
    """Horizontal and vertical strokes and some diagonal ones, as in Chinese."""
    strokes = []
    for y in np.sort(rng.uniform(0, 100, int(rng.integers(1, 5)))):
        left, right = rng.uniform(0, 30), rng.uniform(60, 100)
        strokes.append(_line(np.array([left, y + rng.normal(3, 2)]), np.array([right, y + rng.normal(-3, 2)])))
    for x in rng.uniform(10, 90, int(rng.integers(1, 4))):
        strokes.append(_line(np.array([x, rng.uniform(0, 40)]), np.array([x + rng.normal(0, 4), rng.uniform(60, 104)])))
    for _ in range(int(rng.integers(0, 4))):
        start = rng.uniform(10, 70, 2)
        strokes.append(
            _through(start + np.array([[0, 0], [8, 12], [22, 26]]) * rng.uniform(0.5, 2) * (rng.choice([-1, 1]), 1))
        )
    return strokes


def thing(rng: Rng) -> Strokes:
    """A drawing of rings, boxes, triangles, arcs and lines, like a house or a face."""
    strokes: Strokes = []
    for _ in range(int(rng.integers(3, 7))):
        place, size = rng.uniform(20, 80, 2), rng.uniform(10, 40, 2)
        kind = rng.integers(4)
        if kind == 0:
            part = _ring(DENSE, 0, np.ones(1))
        elif kind == 1:
            part = _edges(_ring(int(rng.integers(3, 5)), np.pi / 4, np.ones(1)))
        elif kind == 2:
            part = _ring(DENSE, rng.uniform(0, 6.3), np.ones(1))[: int(rng.integers(8, 18))]
        else:
            part = _line(*rng.uniform(0, 100, (2, 2)))
        strokes.append(place + (part - 50) / 50 * size)
    return strokes


def path(rng: Rng) -> Strokes:
    """One line with six to eleven sharp corners."""
    corners = rng.uniform(0, 100, (int(rng.integers(8, 14)), 2))
    if rng.uniform() < 0.4:  # horizontal and vertical in turn
        corners[1::2, 0], corners[2::2, 1] = (
            corners[:-1:2, 0][: len(corners[1::2])],
            corners[1:-1:2, 1][: len(corners[2::2])],
        )
    return [_edges(corners)]


def dots(rng: Rng) -> Strokes:
    """Dots and dashes at random places."""
    count = int(rng.integers(3, 14))
    return [start + np.array([[0, 0], rng.normal(0, 6, 2)]) for start in rng.uniform(0, 100, (count, 2))]


def _turn(angle: float) -> Points:
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


MAKERS: dict[str, Callable[[Rng], Strokes]] = {
    maker.__name__: maker
    for maker in (
        polygon, star, pentagram, spiral, wave, loops, circles, rays, scribble, hatching, glyph, character, thing,
        path, dots,
    )
}  # fmt: skip
