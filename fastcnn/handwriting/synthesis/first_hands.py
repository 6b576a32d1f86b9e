"""How hands write the digits 0 to 4; `hands` says how the makers are used."""

from __future__ import annotations

import numpy as np

from fastcnn.handwriting.synthesis.parts import Part, Rng, bow, either, pick, sharp, soft, way
from fastcnn.handwriting.synthesis.templates import Way

BARS_DEG = {"slash": 57.0, "upright": 90.0, "level": 0.0, "back": 122.0}  # upwards from the right
SHORTEST_BARS = {"bar": 0.8, "joined": 1.1, "struck": 2.2}  # times as long as the 0 is along the bar


def zero(rng: Rng) -> Way:
    """An oval or a diamond, closed or open at any side, with a bar of any slope, or with a tail inside.

    A small one may be struck through by a slash that is longer than the oval is high.
    """
    across, down = rng.uniform(16, 32), rng.uniform(36, 52)
    kind = pick(rng, closed=0.24, open=0.2, tail=0.13, bar=0.2, joined=0.08, diamond=0.08, struck=0.07)
    turns = -1.0 if rng.uniform() < 0.75 else 1.0
    start = rng.uniform(-130, 0)
    if kind == "diamond":
        return way(sharp((30, 50 - down), (30 + across, 50), (30, 50 + down), (30 - across, 50), (30, 52 - down)))
    if kind == "open":
        start = rng.uniform(-180, 180)
        return way(bow(30, 50, across, down, start, start + turns * (360 - rng.uniform(15, 85))))
    if kind in ("closed", "tail"):
        stop = start + turns * rng.uniform(345, 395)
        outline = bow(30, 50, across, down, start, stop)
        return way(outline + _inwards(rng, across, down, stop, turns) if kind == "tail" else outline)
    small = rng.uniform(0.5, 0.9) if rng.uniform() < 0.3 else 1.0
    if kind == "struck":  # wide, or its hole would be filled
        across, small = rng.uniform(24, 36), rng.uniform(0.4, 0.62)
    across, down = across * small, down * small
    end_x, end_y = _bar(rng, across, down, kind)
    bar = sharp((30 + end_x, 50 - end_y)) + soft((30 - end_x, 50 + end_y))
    if kind == "joined":
        start = -rng.uniform(30, 80)
        return way(bow(30, 50, across, down, start, start + turns * 355) + bar)
    return way(bow(30, 50, across, down, start, start + turns * 365), bar)


def _inwards(rng: Rng, across: float, down: float, start_deg: float, turns: float) -> Part:
    """A spiral from the outline to the inside."""
    sweep, inner = rng.uniform(40, 300), rng.uniform(0.25, 0.65)
    points = bow(0, 0, 1, 1, start_deg, start_deg + turns * sweep)[1:]
    shrink = np.linspace(1, inner, len(points) + 1)[1:]
    return [(30 + across * s * x, 50 + down * s * y, False) for (x, y, _), s in zip(points, shrink, strict=True)]


def _bar(rng: Rng, across: float, down: float, kind: str) -> tuple[float, float]:
    """Half a bar through an oval, to the right and up: it ends inside, or sticks out."""
    slope = pick(rng, slash=0.58, upright=0.2, level=0.15, back=0.07) if kind == "bar" else "slash"
    angle = np.deg2rad(BARS_DEG[slope] + rng.uniform(-13, 13))
    edge = 1 / np.hypot(np.cos(angle) / across, np.sin(angle) / down)
    length = rng.uniform(edge * SHORTEST_BARS[kind], 50 + 20 * np.sin(angle))
    return float(length * np.cos(angle)), float(length * np.sin(angle))


def one(rng: Rng) -> Way:
    """A stem that may lean, with or without a flag and a base; or two strokes that meet at the foot; or a thick bar."""
    lean = -rng.uniform(8, 42) if rng.uniform() < 0.12 else rng.normal(5, 9)
    top, foot = 30 + lean / 2, 30 - lean / 2
    kind = pick(rng, stem=0.89, thick=0.06, meeting=0.05)
    if kind == "thick":
        places = np.arange(0, rng.uniform(8, 45), 4)
        return way(*(soft((top + x, 0), (foot + x, 100)) for x in places))
    if kind == "meeting":
        return way(soft((top, 0), (foot, 100)), soft((foot, 100), (foot + rng.uniform(12, 28), rng.uniform(30, 62))))
    head = _flag(rng, top)
    feet = pick(rng, none=0.55, joined=0.17, apart=0.18, hook=0.1)
    left, right = foot - rng.uniform(8, 36), foot + rng.uniform(10, 44)
    slope = rng.normal(0, 3)
    if feet == "joined":
        return way(head + sharp((foot, 98), (left, 98 + slope)) + soft((right, 98 - slope)))
    if feet == "apart":
        return way(head + soft((foot, 100)), soft((left, 99 + slope), (right, 99 - slope)))
    if feet == "hook":
        end = foot + rng.choice([-1, 1]) * rng.uniform(8, 18), 100 - rng.uniform(4, 16)
        return way(head + either(rng, (foot, 95)) + soft(end))
    return way(head + soft((foot, 100)))


def _flag(rng: Rng, top: float) -> Part:
    """The begin of a 1, up to the top of its stem: a flag that is straight, round or level, or none.

    A long one rises from the lower half of the stem or from its foot, as many Europeans write it.
    """
    kind = pick(rng, none=0.26, straight=0.34, round=0.17, level=0.08, long=0.15)
    reach, fall = rng.uniform(8, 46), rng.uniform(8, 60)
    if kind == "straight":
        return soft((top - reach, fall)) + sharp((top, 0))
    if kind == "long":
        reach, fall = rng.uniform(14, 56), rng.uniform(56, 100)
        middle = top - reach * rng.uniform(0.35, 0.6), fall * rng.uniform(0.4, 0.65)
        return soft((top - reach, fall), middle) + sharp((top, 0))
    if kind == "round":
        middle = top - reach * rng.uniform(0.4, 0.7), fall * rng.uniform(0.1, 0.35)
        return soft((top - reach, fall), middle) + either(rng, (top, 0))
    if kind == "level":
        return soft((top - reach, rng.uniform(-4, 9))) + sharp((top, 0))
    return soft((top, 0))


def two(rng: Rng) -> Way:
    """A hook, then a base that is straight, a wave or a loop, small or closed like an a; or no base."""
    across, down = rng.uniform(17, 30), rng.uniform(17, 32)
    head = bow(28, down, across, down, rng.uniform(180, 235), 360 + rng.uniform(10, 45))
    if rng.uniform() < 0.1:  # it begins with a curl
        head = bow(28 - across + 6, down, 6, 7, -60, 200) + head[1:]
    low = rng.uniform(-2, 14), rng.uniform(94, 100)
    end = rng.uniform(46, 74), 97 + rng.normal(0, 4)
    kind = pick(rng, straight=0.4, wave=0.2, loop=0.25, belly=0.08, none=0.07)
    if kind == "none":
        whole = head + soft((low[0] + 12, 100))
    elif kind == "straight":
        whole = head + sharp(low) + soft(end)
    elif kind == "wave":
        whole = head + either(rng, (low[0], low[1])) + soft((24, 90 + rng.normal(0, 3)), (40, 98), end)
    else:
        radius = rng.uniform(4, 9) if kind == "loop" else rng.uniform(9, 18)
        whole = head + bow(low[0] + radius, 99 - radius, radius, radius, 120, 400)
        whole += soft(((end[0] + low[0]) / 2 + 4, 97), end)
    flat = rng.uniform(0.45, 0.7) if rng.uniform() < 0.08 else 1.0  # lying
    return way([(x, y * flat, is_corner) for x, y, is_corner in whole])


def three(rng: Rng) -> Way:
    """A top that is flat, round or closed like a 9's, a waist that may have a loop, and a bow, short or long."""
    middle, waist = rng.uniform(28, 50), rng.uniform(14, 34)
    right, start = rng.uniform(40, 54), rng.uniform(-2, 10)
    kind = pick(rng, flat=0.32, round=0.5, closed=0.18)
    across = rng.uniform(15, 26)
    if kind == "flat":
        top = soft((start, rng.uniform(0, 8))) + sharp((right, rng.uniform(0, 5)))
    elif kind == "round":
        top = bow(26, middle / 2, across, middle / 2, rng.uniform(190, 245), 360 + rng.uniform(20, 80))
    else:
        top = bow(30, middle / 2, 0.7 * across, middle / 2, rng.uniform(100, 190), rng.uniform(410, 450))
    if kind == "closed" and rng.uniform() < 0.6:
        pass  # no corner at its waist: the bow begins where the loop ends
    elif rng.uniform() < 0.15:
        top += bow(waist, middle, rng.uniform(3, 7), rng.uniform(3, 6), 0, 300)
    else:
        top += either(rng, (waist, middle), 0.7)
    across, down = rng.uniform(14, 32), (100 - middle) / 2
    stop = rng.uniform(90, 195)
    return way(top + bow(rng.uniform(44, 62) - across, middle + down, across, down, -65, stop))


def four(rng: Rng) -> Way:
    """Open above, closed to a point, or in one stroke like a 9; the stem is long or short, upright or slanted."""
    joint, stem, slant = rng.uniform(46, 74), rng.uniform(38, 56), rng.uniform(-3, 20)
    top, bottom = rng.uniform(-3, 10), rng.uniform(max(78, joint + 14), 106)
    left, end = rng.uniform(-2, 10), rng.uniform(46, 68)
    foot = soft((stem - slant, bottom))
    corner = either(rng, (left, joint), 0.7)
    level = soft((end, joint + rng.normal(0, 4)))
    kind = pick(rng, open=0.44, closed=0.4, loop=0.16)
    if kind == "open":
        begin = rng.uniform(2, 30)
        return way(soft((begin, 0)) + corner + level, soft((stem + 2, rng.uniform(-4, joint - 14))) + foot)
    if kind == "closed":
        return way(
            soft((stem + rng.uniform(-4, 2), top)) + corner + level, soft((stem, top + rng.uniform(0, 6))) + foot
        )
    hip = rng.uniform(12, 28), rng.uniform(12, 30)
    bottom_of_loop = rng.uniform(22, 36), joint * rng.uniform(0.85, 1.0)
    side = either(rng, (left, joint * 0.85))
    peak = sharp((stem + 2, top + rng.uniform(-2, 5)))
    return way(soft((stem, top), hip) + side + soft(bottom_of_loop) + peak + foot)
