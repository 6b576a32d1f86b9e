"""How hands write the digits 5 to 9; see `hands`."""

from __future__ import annotations

from fastcnn.handwriting.synthesis.parts import Part, Rng, bow, either, pick, sharp, soft, way
from fastcnn.handwriting.synthesis.templates import Way


def five(rng: Rng) -> Way:
    """A neck with a corner and a belly, or one bow like an S; the bar is joined, apart, far off, or missing."""
    neck, left, right = rng.uniform(34, 50), rng.uniform(4, 18), rng.uniform(40, 62)
    across, down = rng.uniform(14, 32), (102 - neck) / 2
    belly = bow(right - across, 100 - down, across, down, -rng.uniform(60, 115), rng.uniform(100, 175))
    kind = pick(rng, joined=0.33, apart=0.42, missing=0.05, s=0.2)
    if kind == "s":
        top = bow(rng.uniform(30, 38), 22, rng.uniform(16, 26), rng.uniform(17, 23), -rng.uniform(10, 55), -220)
        return way(top + belly[1:])
    spine = sharp((left, rng.uniform(1, 14)), (left - rng.normal(2, 3), neck - rng.uniform(-4, 4)))
    if kind == "joined":
        return way(soft((rng.uniform(38, 66), rng.uniform(-3, 8))) + spine + belly)
    if kind == "missing":
        return way(spine + belly)
    far = rng.uniform() < 0.25
    begin = left + (rng.uniform(8, 30) if far else rng.normal(0, 4)), rng.uniform(-16, -2) if far else rng.normal(3, 4)
    bar = soft(begin, (begin[0] + rng.uniform(26, 54), begin[1] + rng.normal(-2, 4)))
    return way(spine + belly, bar)


def six(rng: Rng) -> Way:
    """A stem, round or straight, and a loop that is open, closed, or crosses the stem; or a G."""
    across, down = rng.uniform(15, 28), rng.uniform(15, 30)
    y, left = 100 - down, 28 - across
    kind = pick(rng, closed=0.5, open=0.25, crossing=0.19, g=0.06)
    if kind == "g":
        round_ = bow(32, 50, rng.uniform(22, 30), 48, -rng.uniform(30, 60), -rng.uniform(295, 320))
        level = rng.uniform(56, 68)
        return way(round_ + sharp((56, 84), (56, level)) + soft((rng.uniform(28, 40), level)))
    stem = soft((rng.uniform(26, 58), rng.uniform(-2, 8)))
    if rng.uniform() < 0.7:
        stem += soft((left + rng.uniform(6, 16), rng.uniform(22, 0.7 * y)))
    stop = {"closed": -rng.uniform(165, 215), "open": -rng.uniform(25, 110), "crossing": -rng.uniform(120, 160)}[kind]
    loop = bow(28, y, across, down, 185, stop)
    if kind == "crossing":
        loop += soft((left - rng.uniform(3, 18), y - down * rng.uniform(-0.4, 0.9)))
    return way(stem + loop)


def seven(rng: Rng) -> Way:
    """A first stroke that is level, falls or is round, a stem with or without a foot, and perhaps a bar across it."""
    left = rng.uniform(0, 10)
    right = rng.uniform(16, 28) if rng.uniform() < 0.06 else rng.uniform(36, 62)
    foot = right - rng.uniform(0, 18) if rng.uniform() < 0.25 else right - rng.uniform(18, 44)
    head = _shoulder(rng, left, right)
    y = rng.uniform(40, 62)
    middle = right + (foot - right) * y / 100 + rng.normal(-2, 4)
    stem = soft((middle, y)) if rng.uniform() < 0.5 else []
    feet = pick(rng, none=0.66, up=0.12, curl=0.1, level=0.12)
    if feet == "up":
        stem += sharp((foot, 97)) + soft((foot + rng.uniform(9, 24), 97 - rng.uniform(3, 18)))
    elif feet == "curl":
        radius = rng.uniform(5, 10)
        stem += bow(foot + radius, 98 - radius, radius, radius, 180, -rng.uniform(20, 80))
    elif feet == "level":
        stem += either(rng, (foot, 96)) + soft((foot + rng.uniform(12, 28), 95 + rng.normal(0, 3)))
    else:
        stem += soft((foot, 100))
    if rng.uniform() < 0.55:
        return way(head + stem)
    reach, slope = rng.uniform(12, 32), rng.normal(0, 4)
    shift = rng.normal(0, 4)
    return way(head + stem, soft((middle - reach + shift, y + slope), (middle + reach + shift, y - slope)))


def _shoulder(rng: Rng, left: float, right: float) -> Part:
    """The first stroke of a 7, with or without a serif, up to where the stem begins."""
    kind = pick(rng, sharp=0.72, round=0.2, falling=0.08)
    if kind == "round":
        centre, across = (left + right) / 2, (right - left) / 2
        return soft((left, rng.uniform(8, 26))) + bow(centre, 19, across, 18, 215, rng.uniform(345, 372))
    top = rng.normal(3, 3)
    serif = [(left - rng.uniform(-2, 4), top + rng.uniform(10, 30), False)] if rng.uniform() < 0.3 else []
    begin = [(left, top, bool(serif))]
    fall = rng.uniform(8, 22) if kind == "falling" else rng.normal(0, 4)
    wave = soft(((left + right) / 2, top + rng.uniform(2, 8))) if rng.uniform() < 0.2 else []
    return serif + begin + wave + sharp((right, top + fall))


def eight(rng: Rng) -> Way:
    """One stroke, closed or open at the upper right, two circles, or a ribbon open at one end; loops of any sizes."""
    waist = rng.uniform(18, 34) if rng.uniform() < 0.32 else rng.uniform(36, 56)
    upper, lower = waist / 2, (100 - waist) / 2
    wide, wider = rng.uniform(0.6, 1.1) * upper, rng.uniform(0.6, 1.0) * lower
    kind = pick(rng, closed=0.42, open=0.2, circles=0.23, ribbon=0.15)
    if kind == "circles":
        gap, aside = rng.uniform(-6, 12), rng.normal(0, 4)
        top = bow(30 + aside, upper, wide, upper, -60, -60 - rng.uniform(345, 380))
        return way(top, bow(30, waist + gap + lower, wider, lower, -80, -80 - rng.uniform(345, 380)))
    if kind == "ribbon":
        cross = 30 + rng.normal(0, 3)
        over = bow(cross, upper, wide, upper, 50, -230)
        strokes = soft((rng.uniform(0, 14), 100)) + over + soft((rng.uniform(46, 62), 100))
        upside_down = rng.uniform() < 0.4
        return way([(x, 100 - y, c) for x, y, c in strokes] if upside_down else strokes)
    start = -rng.uniform(50, 110) if kind == "open" else -rng.uniform(-10, 70)
    stop = rng.uniform(0, 60) if kind == "open" else start + rng.uniform(-15, 25)
    begin = bow(30, upper, wide, upper, start, -230)
    below = bow(30, waist + lower, wider, lower, -50, 230)
    return way(begin + below + bow(30, upper, wide, upper, 50, stop))


def nine(rng: Rng) -> Way:
    """A loop that is closed, open, pointed, a hook or a knot; a tail that is straight, bowed, far left, or an S."""
    across, down = rng.uniform(14, 26), rng.uniform(12, 28)
    kind = pick(rng, closed=0.48, open=0.14, pointed=0.2, hook=0.08, knot=0.1)
    if kind == "knot":
        across, down = rng.uniform(7, 13), rng.uniform(7, 13)
    right, low = 28 + across, 2 * down + 2
    start = -rng.uniform(5, 60)
    if kind == "hook":
        loop = bow(28, down, across, down, rng.uniform(120, 175), 360 + rng.uniform(0, 35))
        return way(loop + _tail(rng, right, low, pick(rng, straight=0.5, bowed=0.4, far=0.1)))
    if kind == "pointed":
        peak = sharp((right + 2, rng.uniform(0, 10)))
        left = either(rng, (28 - across, low * rng.uniform(0.6, 0.95)))
        loop = (
            soft((right, rng.uniform(2, 12)), (28 - across * rng.uniform(0.1, 0.9), low * rng.uniform(0.2, 0.5))) + left
        )
        loop += soft((rng.uniform(26, right - 4), low * rng.uniform(0.8, 1.0))) + peak
    else:
        stop = start - (rng.uniform(270, 325) if kind == "open" else rng.uniform(345, 375))
        loop = bow(28, down + 1, across, down, start, stop)
        if rng.uniform() < 0.5:  # up to the top again, then a corner
            loop += sharp((right + rng.uniform(-1, 4), rng.uniform(0, down)))
    return way(loop + _tail(rng, right, low, pick(rng, straight=0.4, bowed=0.41, far=0.07, s=0.04, foot=0.08)))


def _tail(rng: Rng, right: float, low: float, kind: str) -> Part:
    """The tail of a 9, from the right side of its loop."""
    x = right + rng.normal(2, 3)
    if kind == "straight":
        return soft((x - rng.uniform(-4, 24), 100))
    if kind == "s":
        below = (100 - low) / 2
        return soft((x - rng.uniform(4, 16), low + 3)) + bow(x - 22, low + below, 26, below, -50, rng.uniform(90, 150))
    if kind == "foot":
        return soft((x - 2, 88)) + either(rng, (x - rng.uniform(2, 14), 98)) + soft((x + rng.uniform(6, 24), 96))
    end = rng.uniform(-36, -8) if kind == "far" else rng.uniform(-6, 24)
    middle = (low + 100) / 2
    return soft((x + 2, middle), (x - (x - end) * rng.uniform(0.2, 0.4), 94), (end, 98 - rng.uniform(-3, 10)))
