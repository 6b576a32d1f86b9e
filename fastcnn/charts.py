"""Bar charts as pictures, drawn with Pillow: no plotting library is among the requirements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

WIDTH, HEIGHT, MARGIN = 900, 480, 60
PAPER, INK, GRID = (255, 255, 255), (30, 30, 30), (220, 220, 220)
COLOURS = ((46, 103, 176), (224, 142, 40), (110, 110, 110))
FONT_PX = 15

Series = tuple[str, Sequence[float | None]]


def bars(title: str, names: Sequence[str], series: Sequence[Series], lowest: float = 0.0) -> Image.Image:
    """A chart of shares, 0 to 1.

    Parameters
    ----------
    names : below the groups of bars
    series : a name and one share for each group, None for no bar; at most three
    lowest : where the axis begins
    """
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    canvas = ImageDraw.Draw(image)
    font = ImageFont.load_default(FONT_PX)
    bottom, top = HEIGHT - MARGIN, 2 * MARGIN
    canvas.text((MARGIN, 15), title, INK, font=font)

    def level(share: float) -> float:
        return bottom - (bottom - top) * (max(share, lowest) - lowest) / (1 - lowest)

    for step in range(6):
        share = lowest + (1 - lowest) * step / 5
        canvas.line((MARGIN, level(share), WIDTH - 20, level(share)), GRID)
        canvas.text((MARGIN - 8, level(share)), f"{100 * share:.0f} %", INK, font=font, anchor="rm")
    room = (WIDTH - 20 - MARGIN) / len(names)
    for group, name in enumerate(names):
        left = MARGIN + group * room
        canvas.text((left + room / 2, bottom + 8), name, INK, font=font, anchor="ma")
        for index, (_, shares) in enumerate(series):
            bar, wide = shares[group], 0.8 * room / len(series)
            if bar is not None:
                start = left + 0.1 * room + index * wide
                canvas.rectangle((start, level(bar), start + wide - 2, bottom), COLOURS[index])
    for index, (name, _) in enumerate(series):
        start = MARGIN + 280 * index
        canvas.rectangle((start, 48, start + 14, 62), COLOURS[index])
        canvas.text((start + 22, 55), name, INK, font=font, anchor="lm")
    return image
