"""How a network is shown: its `repr`, and a table and a drawing in notebooks.

All names are escaped, because the author of a file can choose them.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from html import escape
from math import log2, prod
from typing import Any

from fastcnn import pages
from fastcnn.layers.base import Layer
from fastcnn.layers.composite import Composite
from fastcnn.network.summary import summary_rows

LINE = 100  # a repr with at most this many characters stays on one line
STEP, HEIGHT, MIDDLE = 76, 150, 62  # pixels: from box to box, height of the drawing, from its top to the axis


def representation(kind: str, layers: Sequence[Layer], input_shape: tuple[int, ...]) -> str:
    """The Python call that makes such a network: on one line, or with one layer a line if that is too long."""
    short = [_short(layer) for layer in layers]
    line = f"{kind}([{', '.join(short)}], input_shape={input_shape})"
    if len(line) <= LINE:
        return line
    return "\n".join([f"{kind}(", "    [", *(f"        {each}," for each in short), "    ],"]) + (
        f"\n    input_shape={input_shape},\n)"
    )


def page(name: str, input_shape: tuple[int, ...], layers: Sequence[Layer]) -> str:
    """HTML for a notebook: the drawing, and the table of `summary`."""
    return f"<div>{drawing(input_shape, layers)}{pages.table(summary_rows(input_shape, layers), caption=name)}</div>"


def drawing(input_shape: tuple[int, ...], layers: Sequence[Layer]) -> str:
    """An SVG: a box for the picture and for each layer that changes its shape, higher for more pixels or features."""
    boxes = [("input", input_shape)]
    for layer in layers:
        if layer.out_shape != boxes[-1][1]:
            boxes.append((type(layer).__name__, layer.out_shape))
    parts = [_box(STEP // 2 + STEP * number, *box) for number, box in enumerate(boxes)]
    width = STEP * len(boxes)
    return (
        f'<div style="overflow-x:auto"><svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="10" text-anchor="middle" fill="currentColor">'
        f'<line x1="0" y1="{MIDDLE}" x2="{width}" y2="{MIDDLE}" stroke="currentColor" stroke-opacity="0.3"/>'
        f"{''.join(parts)}</svg></div>"
    )


def _box(x: int, name: str, shape: tuple[int, ...]) -> str:
    """The box of one output. Its width shows the channels and its height the pixels, both on a logarithmic scale."""
    wide, high = (shape[0], max(shape[1:])) if len(shape) > 1 else (1, prod(shape))
    width, height = 6 + 4 * min(log2(wide), 12), 10 + 8 * min(log2(high), 12)
    text = " &#215; ".join(map(str, shape))
    return (
        f"<g><title>{escape(name)} {text}</title>"
        f'<rect x="{x - width / 2:.1f}" y="{MIDDLE - height / 2:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'rx="2" fill="#4c8dae" stroke="currentColor"/>'
        f'<text x="{x}" y="{HEIGHT - 22}">{escape(name[:12])}</text><text x="{x}" y="{HEIGHT - 8}">{text}</text></g>'
    )


def _short(layer: Layer) -> str:
    """The layer's repr without options that have their default; a pair of equal numbers is shown as one number."""
    if isinstance(layer, Composite):
        return layer.shown(_short)
    given = inspect.signature(type(layer)).parameters
    if type(layer).__repr__ is not Layer.__repr__ or not set(layer.OPTIONS) <= set(given):
        return " ".join(repr(layer).split())
    options = {name: _single(getattr(layer, name)) for name in layer.OPTIONS}
    shown = [f"{name}={value!r}" for name, value in options.items() if not _is(value, given[name].default)]
    return " ".join(f"{type(layer).__name__}({', '.join(shown)})".split())


def _is(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


def _single(value: Any) -> Any:
    """A pair of equal numbers, or a pair of such pairs, as one number."""
    if isinstance(value, tuple) and len(value) == 2:
        first, second = map(_single, value)
        return first if _is(first, second) else value
    return value
