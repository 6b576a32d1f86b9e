"""Pictures of other things than digits, for the network that refuses them. Code makes them, and they are prepared like
any drawing.

They come in families: letters and signs drawn with a pen, letters of a font, shapes, scribbles, filled shapes, several
digits, parts of digits, rotated digits, blots, noise and shades.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from fastcnn.arrays import Array
from fastcnn.digits import SIDE_PX
from fastcnn.handwriting.drawings import Points, Pose, draw
from fastcnn.handwriting.preparation.planes import Plane
from fastcnn.handwriting.preparation.prepare import prepare
from fastcnn.handwriting.synthesis.digits import DRAWN_PX, SIZES, bend, size_and_pen
from fastcnn.handwriting.synthesis.hands import random_way, usual_way
from fastcnn.handwriting.synthesis.icons import ICONS
from fastcnn.handwriting.synthesis.kana import KANA
from fastcnn.handwriting.synthesis.letters import LETTERS, SIGNS
from fastcnn.handwriting.synthesis.scans import worn
from fastcnn.handwriting.synthesis.scribbles import MAKERS, Strokes
from fastcnn.handwriting.synthesis.templates import Way, ways_of

Rng = np.random.Generator
Family = Callable[[Rng], Plane]

FONT_LETTERS = 'AaCcdEeFfHhJKkLMmNnPpQRrTtUuVvWwXxYy&@#%+=*?<>~[]{}();:^"'
FONT_PX = 90
TURN_DEG = 15.0  # to either side
OFTEN = {"objects": 1.5, "icons": 1.5, "katakana": 1.5, "hiragana": 1.5}  # weights of families of many ways


def pose(rng: Rng, thickest: float = 1.0) -> Pose:
    """A random size and pen, as for synthetic digits, and a small rotation."""
    size, pen_px = size_and_pen(rng)
    return Pose(size, pen_px * thickest, 0.5, 0.5, float(rng.uniform(-TURN_DEG, TURN_DEG)))


def written(ways: tuple[Way, ...], rng: Rng, thickest: float = 1.0) -> Plane:
    """One of the ways, bent and drawn like that of a digit."""
    return draw(bend(ways[rng.integers(len(ways))], rng), pose(rng, thickest), DRAWN_PX)


def _made(maker: Callable[[Rng], Strokes]) -> Family:
    def family(rng: Rng) -> Plane:
        width = rng.uniform(0.6, 1.3)
        return draw([stroke * (width, 1.0) for stroke in maker(rng)], pose(rng, 0.7), DRAWN_PX)

    return family


def _with_serifs(strokes: list[Points], rng: Rng) -> list[Points]:
    """Short bars across the ends of the strokes."""
    half = rng.uniform(5, 14)
    ends = [end for stroke in strokes for end in (stroke[0], stroke[-1]) if rng.uniform() < 0.8]
    return [*strokes, *(end + np.array([[-half, 0.0], [half, rng.normal(0, 2)]]) for end in ends)]


def _letter(texts: tuple[str, ...]) -> Family:
    """A letter drawn with a pen, sometimes with serifs."""

    def family(rng: Rng) -> Plane:
        ways = ways_of(texts)
        strokes = bend(ways[rng.integers(len(ways))], rng)
        if rng.uniform() < 0.15:
            strokes = _with_serifs(strokes, rng)
        return draw(strokes, pose(rng), DRAWN_PX)

    return family


def _sign(texts: tuple[str, ...]) -> Family:
    return lambda rng: written(ways_of(texts), rng, 0.6)


def _word(rng: Rng) -> Plane:
    """Two to four letters in a row."""
    strokes: list[Points] = []
    x = 0.0
    for _ in range(int(rng.integers(2, 5))):
        ways = ways_of(LETTERS[str(rng.choice(list(LETTERS)))])
        letter = bend(ways[rng.integers(len(ways))], rng)
        left = min(stroke[:, 0].min() for stroke in letter)
        strokes += [stroke + np.array((x - left, 0.0)) for stroke in letter]
        x = max(float(stroke[:, 0].max()) for stroke in strokes) + rng.uniform(-10, 30)
    return draw(strokes, pose(rng, 0.5), DRAWN_PX)


def _font(letters: str) -> Family:
    """A letter of Pillow's font, made narrower, slanted, rotated and bent."""

    def family(rng: Rng) -> Plane:
        from PIL import Image, ImageDraw, ImageFont

        letter = letters[rng.integers(len(letters))]
        image = Image.new("L", (2 * FONT_PX,) * 2)
        font = ImageFont.load_default(int(rng.integers(30, FONT_PX)))
        stroke = int(rng.choice([0, 0, 1, 3]))
        ImageDraw.Draw(image).text((FONT_PX, FONT_PX), letter, 255, font, "mm", stroke_width=stroke)
        plane = warped(image, rng)
        return rippled(plane, rng) if rng.uniform() < 0.7 else plane

    return family


def rippled(plane: Plane, rng: Rng) -> Plane:
    """The picture bent by slow waves, as if by an unsteady hand."""
    height, width = plane.shape
    y, x = np.mgrid[:height, :width].astype(np.float64)
    moved = []
    for values, side in ((y, height), (x, width)):
        bend = np.zeros_like(x)
        for _ in range(3):
            a, b = rng.uniform(-0.08, 0.08, 2)
            bend += rng.normal(0, 3.0) * np.sin(a * x + b * y + rng.uniform(0, 6.3))
        moved.append(np.clip(np.rint(values + bend), 0, side - 1).astype(int))
    bent: Plane = plane[moved[0], moved[1]]
    return bent


def warped(image: object, rng: Rng) -> Plane:
    """A picture made narrower, slanted and rotated about its centre."""
    from PIL import Image

    assert isinstance(image, Image.Image)
    angle, slant = np.deg2rad(rng.uniform(-TURN_DEG, TURN_DEG)), rng.normal(0, 0.2)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    matrix = matrix @ np.array([[1, slant], [0, 1]]) * rng.uniform(0.75, 1.3, (2, 1))
    centre = np.array(image.size) / 2
    offset = centre - matrix @ centre
    data = (*matrix[0], offset[0], *matrix[1], offset[1])
    return np.asarray(image.transform(image.size, Image.Transform.AFFINE, data, Image.Resampling.BILINEAR))


def _filled(rng: Rng) -> Plane:
    """A shape filled with ink."""
    from PIL import Image, ImageDraw

    kind = rng.integers(3)
    strokes = MAKERS["polygon"](rng) if kind == 0 else MAKERS["star"](rng) if kind == 1 else _blob(rng)
    image = Image.new("L", (DRAWN_PX,) * 2)
    size = rng.uniform(*SIZES) * DRAWN_PX / 100
    points = strokes[0] * (size * rng.uniform(0.7, 1), size) + (DRAWN_PX - 100 * size) / 2
    ImageDraw.Draw(image).polygon([(x, y) for x, y in points.tolist()], fill=255)
    return np.asarray(image)


def _blob(rng: Rng) -> Strokes:
    """A round outline with bumps."""
    angles = np.linspace(0, 2 * np.pi, 60)
    radius = 40 + sum(rng.normal(0, 14 / k) * np.sin(k * angles + rng.uniform(0, 6)) for k in (1, 2, 3, 5))
    return [50 + np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1)]


def _drawn_digit(digit: int, rng: Rng) -> list[Points]:
    return bend(random_way(digit, rng), rng)


def _several(rng: Rng) -> Plane:
    """Two or three digits in a row, or one above the other."""
    apart = (float(rng.uniform(70, 100)), 0.0) if rng.uniform() < 0.7 else (0.0, float(rng.uniform(105, 130)))
    strokes: list[Points] = []
    for place in range(int(rng.integers(2, 4))):
        strokes += [stroke + np.array(apart) * place for stroke in _drawn_digit(int(rng.integers(10)), rng)]
    return draw(strokes, pose(rng, 0.4), DRAWN_PX)


# 2, 4, 5, 7 and 9 look like other digits on their side; 0, 1, 2, 5, 6, 8 and 9 do so upside down or mirrored.
TURNED = {3: ("upright", "lying"), 4: ("upright",), 6: ("lying",), 7: ("upright",), 8: ("lying",)}


def turned(digit: int, strokes: Sequence[Points], rng: Rng) -> list[Points]:
    """The strokes of a digit of TURNED, upside down, mirrored, or on its side."""
    if rng.choice(TURNED[digit]) == "lying":
        matrix = np.array([[0.0, 1.0], [rng.choice([-1.0, 1.0]), 0.0]])
    else:
        matrix = np.diag([[-1.0, 1.0], [-1.0, -1.0]][rng.integers(2)])
    return [stroke @ matrix for stroke in strokes]


def _turned(rng: Rng) -> Plane:
    """A digit that is upside down, mirrored or on its side; made ways would sometimes look like another digit."""
    digit = int(rng.choice(list(TURNED)))
    return draw(turned(digit, bend(usual_way(digit, rng), rng), rng), pose(rng), DRAWN_PX)


def _smooth_noise(rng: Rng, cells: int) -> npt.NDArray[np.float32]:
    from PIL import Image

    coarse = rng.normal(size=(cells, cells)).astype(np.float32)
    return np.asarray(Image.fromarray(coarse).resize((DRAWN_PX, DRAWN_PX), Image.Resampling.BICUBIC))


def _noise(rng: Rng) -> Plane:
    """Fine or coarse noise over the whole picture."""
    values = _smooth_noise(rng, int(rng.choice([140, 70, 40, 28, 16, 10])))
    plane: Plane = np.clip(128 + rng.uniform(10, 90) * values, 0, 255).astype(np.uint8)
    return plane


def _blots(rng: Rng) -> Plane:
    """Smooth noise above a level: islands of ink."""
    values = _smooth_noise(rng, int(rng.integers(4, 30)))
    if rng.uniform() < 0.7:  # islands only in the middle, with paper round them
        y, x = np.mgrid[-1 : 1 : DRAWN_PX * 1j, -1 : 1 : DRAWN_PX * 1j]
        values = values - rng.uniform(1.5, 4) * (x * x + y * y)
    return np.where(values > np.quantile(values, rng.uniform(0.6, 0.95)), 255, 0).astype(np.uint8)


def _shade(rng: Rng) -> Plane:
    """Soft light and dark areas as in a photograph, and some edges."""
    y, x = np.mgrid[-1 : 1 : DRAWN_PX * 1j, -1 : 1 : DRAWN_PX * 1j]
    values = rng.normal(0, 60) * x + rng.normal(0, 60) * y + rng.uniform(0, 60) * _smooth_noise(rng, 6)
    for _ in range(int(rng.integers(0, 5))):
        a, b, c = rng.normal(size=3)
        values = values + rng.normal(0, 50) * (a * x + b * y > 0.5 * c)
    plane: Plane = np.clip(128 + values, 0, 255).astype(np.uint8)
    return plane


def _strewn(rng: Rng) -> Plane:
    """Single pixels of the field, which no pen can draw."""
    field = rng.uniform(size=(SIDE_PX, SIDE_PX)) < rng.uniform(0.03, 0.5)
    plane = np.where(field, rng.integers(60, 256, field.shape), 0).astype(np.uint8)
    side = int(rng.integers(8, SIDE_PX + 1))
    return np.pad(plane[:side, :side], 2)


def _quarters(rng: Rng) -> Plane:
    """Four quarters of drawn digits, each from another digit and in a wrong place."""
    whole = [
        np.pad(draw(_drawn_digit(int(rng.integers(10)), rng), Pose(1.0, 24, 0.5, 0.5), DRAWN_PX), 2) for _ in range(4)
    ]
    half = len(whole[0]) // 2
    order = rng.permutation(4)
    while (order == np.arange(4)).any():
        order = rng.permutation(4)
    parts = [
        w[(k // 2) * half : (k // 2 + 1) * half, (k % 2) * half : (k % 2 + 1) * half]
        for w, k in zip(whole, order, strict=True)
    ]
    return np.pad(np.block([parts[:2], parts[2:]]), 8)


def _worn(family: Family) -> Family:
    return lambda rng: worn(family(rng), rng)


def _letter_families() -> dict[str, tuple[Family, float]]:
    """Families of upper and lower case letters together, drawn with a pen or from the font."""
    found: dict[str, tuple[Family, float]] = {}
    for name in dict.fromkeys(letter.lower() for letter in LETTERS):
        texts = tuple(text for letter in LETTERS if letter.lower() == name for text in LETTERS[letter])
        found[f"letter {name}"] = _letter(texts), 0.7
        if len(name) == 1:
            found[f"typed {name}"] = _font("".join(c for c in FONT_LETTERS if c.lower() == name)), 0.35
    return found


# For each family its maker and its weight. What a pen or a font made may be a coarse scan like a digit.
_OF_A_PEN: dict[str, tuple[Family, float]] = {
    **_letter_families(),
    **{name: (_sign(texts), OFTEN.get(name, 0.7)) for name, texts in (SIGNS | ICONS | KANA).items()},
    "typed signs": (_font("".join(c for c in FONT_LETTERS if not c.isalpha())), 1.0),
    "word": (_word, 1.0),
    **{name: (_made(maker), 0.6) for name, maker in MAKERS.items()},
    "several": (_several, 0.8),
    "turned": (_turned, 1.2),
}
FAMILIES: dict[str, tuple[Family, float]] = {
    **{name: (_worn(family), weight) for name, (family, weight) in _OF_A_PEN.items()},
    "filled": (_filled, 0.8),
    "noise": (_noise, 0.4),
    "blots": (_blots, 0.7),
    "shade": (_shade, 0.4),
    "strewn": (_strewn, 0.3),
    "quarters": (_quarters, 0.6),
}


def make(family: Family, count: int, rng: Rng) -> Array:
    """Prepared pictures (count, 1, 28, 28) uint8 of one family. A blank picture is made again."""
    images = np.empty((count, 1, SIDE_PX, SIDE_PX), np.uint8)
    for index in range(count):
        field = None
        while field is None:
            field = prepare(family(rng))
        images[index, 0] = np.rint(255 * field)
    return images


# The classes of the refusing network after the ten digits: the families. A letter of a pen and of the font are one.
KINDS = tuple(dict.fromkeys(name.split()[-1] for name in FAMILIES))


def synthetic_nondigits(count: int, *, seed: int) -> tuple[Array, list[str]]:
    """Prepared pictures that show no digit. The same seed gives the same pictures.

    Returns
    -------
    images : (count, 1, 28, 28) uint8
    families : the name of each picture's family
    """
    weights = np.cumsum([weight for _, weight in FAMILIES.values()])
    counts = np.diff(np.rint(weights / weights[-1] * count).astype(int), prepend=0)
    parts, names = [], []
    for index, ((name, (family, _)), share) in enumerate(zip(FAMILIES.items(), counts, strict=True)):
        parts.append(make(family, int(share), np.random.Generator(np.random.PCG64([seed, 6, index]))))
        names += [name] * int(share)
    return np.concatenate(parts), names


def kind_of(family: str) -> int:
    """The index of a family's kind in KINDS."""
    return KINDS.index(family.split()[-1])
