"""Families of non-digits that no training uses. Only `bench refusal` draws them, to measure how refusal generalises.

They are letters of matplotlib's fonts, straight and bent, and Greek letters, things, symbols and words with a pen.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.handwriting.drawings import Points, draw
from fastcnn.handwriting.preparation.planes import Plane
from fastcnn.handwriting.synthesis.digits import DRAWN_PX
from fastcnn.handwriting.synthesis.nondigits import Family, Rng, pose, rippled, warped, written
from fastcnn.handwriting.synthesis.templates import parse, smooth, ways_of

UPPER, LOWER = "ACEFHJKLMNPRTUVWXY", "acdefhkmnprtuvwxy"
FONTS = {
    "sans": ("DejaVuSans", "DejaVuSansMono", "DejaVuSans-Oblique", "cmss10"),
    "serif": ("DejaVuSerif", "STIXGeneral", "cmr10", "DejaVuSerif-Bold"),
    "italic": ("STIXGeneralItalic", "cmti10", "cmmi10", "DejaVuSerif-Italic"),
}
GREEK_AND_CYRILLIC = "ΓΔΛΞΠΣΨΩαγεκλμπτφχψωЖИЛЦШЩЫЮЯдйжцшщюя"
SYMBOLS = "♥♣♠♦★☀☂☎✂✈✉✎♪♫∞∑√≈≠∇∩⊂∈∀→←↑↓⇒€£¥¶@&%#"
FONT_PX = 90
GREEK: tuple[str, ...] = (
    "56,10 40,60 16,92 0,60 16,30 40,60 62,96",  # alpha
    "0,20 14,6 28,50 28,100 20,110 20,90 54,0",  # gamma
    "50,10 24,0 8,20 30,42! 2,66 12,96 52,90",  # epsilon
    "0,0 14,6 50,100 | 26,40 0,100",  # lambda
    "6,0 2,120 | 4,50 10,76 34,72 46,0! 46,70 58,78",  # mu
    "0,10 12,0 60,4 | 18,4 10,90 | 44,4 46,80 58,88",  # pi
    "0,10 14,0 60,4 | 32,4 26,70 36,92 50,84",  # tau
    "10,20 0,60 20,90 50,80 56,40 36,30 28,60 24,130",  # phi
    "0,0 10,0 46,110 58,110 | 56,0 2,112",  # chi
    "0,10 10,0 8,50 30,70 52,50 56,0 | 34,-10 26,120",  # psi
    "14,0 0,40 14,80 30,50! 46,80 60,40 46,0",  # omega
    "0,100 0,0! 56,0! 56,16",  # Gamma
    "30,0! 0,100! 60,100! 30,0",  # Delta
    "2,0 58,0 | 12,50 48,50 | 0,100 60,100",  # Xi
    "0,100 0,0! 60,0! 60,100",  # Pi
    "56,4! 0,2! 34,48! 0,98! 58,96",  # Sigma
    "0,100 20,100! 20,80 0,40 30,0 60,40 40,80 40,100! 60,100",  # Omega
)
THINGS: dict[str, tuple[str, ...]] = {
    "person": (
        "30,20 18,10 30,0 42,10 30,20 30,70 | 4,40 56,40 | 6,110 30,70! 56,108",
        "30,24 16,12 30,0 44,12 30,24! 30,64 | 0,30 30,40 60,28 | 10,100 30,64! 50,100",
    ),
    "tree": ("36,110 36,70! 4,70! 36,0! 68,70! 36,70", "26,110 28,60 0,50 6,14 34,0 66,16 64,50 38,60 38,110"),
    "flower": ("40,40 24,20 40,0 54,20 40,40 70,30 80,50 40,44 60,70 40,84 36,44 8,60 0,36 40,40 | 38,84 34,140",),
    "note": ("20,84 4,80 2,96 18,98 22,84! 24,0! 50,24", "14,90 0,88 4,100 16,98 16,10! 60,0! 60,86 46,88 48,98 60,92"),
    "key": ("20,20 4,10 4,36 24,36 24,14 10,4 | 26,26 100,30! 100,50 | 80,30 80,46",),
    "boat": ("0,70! 20,100! 80,100! 100,70! 0,70 | 50,70 50,0! 90,56! 50,56",),
    "cat": (
        "0,30 4,0! 24,20 56,20 76,0! 80,30 70,76 40,90 10,76 0,30 | 24,44 26,46 | 54,44 56,46 | 30,66 40,72 50,66",
    ),
    "window": ("0,0! 80,0! 80,90! 0,90! 0,0 | 40,0 40,90 | 0,44 80,44",),
    "sword": ("30,0 30,110 | 8,76 52,76",),
    "anchor": ("40,10 34,4 40,-4 46,4 40,10! 40,96 | 20,30 60,30 | 0,66 14,90 40,98 66,90 80,66",),
    "peace": ("50,0 10,16 0,50 12,86 50,100 88,86 100,50 88,14 50,0 50,100 | 16,84 50,50! 84,84",),
    "flag": ("0,120 0,0! 70,10! 70,50! 0,50",),
    "signpost": ("10,0! 60,0! 80,16! 60,34! 10,34! 10,0 | 36,34 36,110",),
    "umbrella": ("0,50 10,20 50,0 90,20 100,50! 0,50 | 50,50 50,110 40,120 30,110",),
    "car": ("0,40! 20,40! 36,10! 74,10! 90,40! 110,40! 110,64! 0,64! 0,40 | 20,64 30,76 40,64 | 70,64 80,76 90,64",),
    "bird": ("0,20 20,0 40,20! 60,0 80,20",),
    "apple": ("50,30 30,20 4,36 10,80 40,100 50,94 60,100 90,80 96,36 70,20 50,30! 60,0",),
    "ladder": ("0,0 0,110 | 36,0 36,110 | 0,22 36,22 | 0,46 36,46 | 0,70 36,70 | 0,94 36,94",),
    "scissors": ("0,0 60,80 50,100 66,104 70,84 56,76 | 70,0 14,80 20,100 0,104 -4,84 16,76",),
    "bow": ("50,30! 0,0! 0,60! 50,30! 100,0! 100,60! 50,30",),
    "treble": ("30,70 20,60 34,46 50,66 30,84 6,66 16,36 44,10 34,-10 24,20 40,110 24,124 16,110",),
}
# Letters of joined writing. Each begins at the baseline at the left and ends there at the right; (x, y), y downwards.
JOINED = (
    "0,60 20,50 30,20 16,10 8,40 20,60 40,56",  # e
    "0,60 24,40 34,-40 22,-50 14,0 18,50 40,58",  # l
    "0,60 14,20 16,56! 34,20 36,56! 54,20 58,56 70,58",  # m
    "0,60 14,20 16,56! 36,20 40,56 52,58",  # n
    "0,40 14,20 16,50 34,56 44,20! 46,54 60,58",  # u
    "0,60 30,20 10,20 6,50 26,56 34,20! 36,54 50,58",  # a
    "0,60 26,10! 30,20 38,40 30,58 10,56 50,58",  # s
    "0,60 20,30 22,-30 20,54 40,58 | 4,-6 36,-8",  # t
    "0,60 20,20 22,50 30,20 44,56 60,10",  # v
)


@cache
def _font(name: str, size: int) -> Any:
    import matplotlib
    from PIL import ImageFont

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf", size)


def _typed(letters: str, fonts: tuple[str, ...], *, bent: bool) -> Family:
    def family(rng: Rng) -> Plane:
        from PIL import Image, ImageDraw

        image = Image.new("L", (2 * FONT_PX,) * 2)
        font = _font(fonts[rng.integers(len(fonts))], int(rng.integers(40, FONT_PX)))
        letter = letters[rng.integers(len(letters))]
        ImageDraw.Draw(image).text((FONT_PX, FONT_PX), letter, 255, font, "mm")
        plane = warped(image, rng)
        return rippled(plane, rng) if bent else plane

    return family


def _written(texts: tuple[str, ...]) -> Family:
    ways = ways_of(texts)
    return lambda rng: written(ways, rng, 0.6)


def _word(rng: Rng) -> Plane:
    """Two to five letters of joined writing."""
    strokes: list[Points] = []
    line: list[Points] = []
    x = 0.0
    for _ in range(int(rng.integers(2, 6))):
        way = parse(JOINED[rng.integers(len(JOINED))])
        placed = [
            smooth(p + rng.normal(0, 3, p.shape) + (x, 0), c) for p, c in zip(way.points, way.corners, strict=True)
        ]
        line.append(placed[0])
        strokes += placed[1:]
        x = float(placed[0][-1, 0])
    slant = np.array([[1.0, 0.0], [rng.normal(-0.2, 0.2), 1.0]])
    return draw([stroke @ slant for stroke in (np.concatenate(line), *strokes)], pose(rng, 0.5), DRAWN_PX)


FAMILIES: dict[str, Family] = {
    **{
        f"{case} {kind} letters{', bent' if bent else ''}": _typed(letters, fonts, bent=bent)
        for case, letters in (("upper-case", UPPER), ("lower-case", LOWER))
        for kind, fonts in FONTS.items()
        for bent in (False, True)
    },
    "Greek and Cyrillic letters, typed": _typed(GREEK_AND_CYRILLIC, ("DejaVuSans", "DejaVuSerif"), bent=True),
    "symbols, typed": _typed(SYMBOLS, ("DejaVuSans",), bent=True),
    "Greek letters, written": _written(GREEK),
    "things": _written(tuple(text for texts in THINGS.values() for text in texts)),
    "joined words": _word,
}
