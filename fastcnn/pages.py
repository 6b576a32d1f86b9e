"""Parts of the HTML that notebooks show: a table, bars, a picture. All texts are escaped: files can choose names."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from collections.abc import Sequence
from html import escape

import numpy as np

from fastcnn.arrays import Array

WIDTH_PX, BAR_PX = 140, 200  # of a picture, and of a bar for the share 1


def table(rows: Sequence[Sequence[str]], *, texts: int = 2, caption: str = "") -> str:
    """Rows of cells, the first of them the header. The first `texts` columns are aligned left, the others right."""
    lines = [_line("th" if number == 0 else "td", row, texts) for number, row in enumerate(rows)]
    head = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{head}{''.join(lines)}</table>"


def bars(shares: Sequence[float], names: Sequence[str]) -> str:
    """A bar for each share, from 0 to 1."""
    lines = []
    for name, share in zip(names, shares, strict=True):
        width = round(BAR_PX * min(max(float(share), 0), 1))
        bar = f'<div style="background:#4c8dae;height:12px;width:{width}px"></div>'
        cells = f'<td>{escape(name)}</td><td style="text-align:left">{bar}</td><td>{share:.1%}</td>'
        lines.append(f"<tr>{cells}</tr>")
    return f"<table>{''.join(lines)}</table>"


def picture(plane: Array, title: str = "") -> str:
    """A picture of one channel, (H, W) from 0 to 1, as it is, or of three, (3, H, W)."""
    channels = plane[np.newaxis] if plane.ndim == 2 else plane
    image = np.clip(np.moveaxis(channels, 0, -1) * 255, 0, 255)
    data = b64encode(_png(image.round().astype(np.uint8))).decode()
    style = f"image-rendering:pixelated;width:{WIDTH_PX}px"
    return f'<img src="data:image/png;base64,{data}" style="{style}" alt="{escape(title, quote=True)}"/>'


def beside(*parts: str) -> str:
    """Parts next to each other."""
    cells = (f'<div style="margin-right:16px">{part}</div>' for part in parts)
    return f'<div style="display:flex;align-items:center">{"".join(cells)}</div>'


def _line(tag: str, cells: Sequence[str], texts: int) -> str:
    sides = ["left"] * texts + ["right"] * (len(cells) - texts)
    pairs = zip(sides, cells, strict=False)
    parts = [f'<{tag} style="text-align:{side};white-space:pre">{escape(cell)}</{tag}>' for side, cell in pairs]
    return f"<tr>{''.join(parts)}</tr>"


def _png(image: Array) -> bytes:
    """The PNG file of an (H, W, 1) or (H, W, 3) uint8 array."""
    height, width, channels = image.shape
    kind = {1: 0, 3: 2}[channels]
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    parts = {b"IHDR": header, b"IDAT": zlib.compress(rows), b"IEND": b""}
    chunks = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts.items()
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
