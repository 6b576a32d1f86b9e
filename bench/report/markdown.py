"""Tables in Markdown, and their places between markers: `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastcnn.errors import FastcnnError

MARKED = re.compile(r"<!-- bench:(?P<name>[\w-]+) -->\n(?P<text>.*?)<!-- /bench:(?P=name) -->", re.DOTALL)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with a line for each row. All rows must be as long as the header."""
    wrong = [row for row in rows if len(row) != len(header)]
    if wrong:
        raise ValueError(f"a table of {len(header)} columns cannot hold the row {list(wrong[0])}")
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def marked(text: str) -> dict[str, str]:
    """The text between each pair of markers, by name."""
    return {match["name"]: match["text"] for match in MARKED.finditer(text)}


def fill(text: str, contents: Mapping[str, str]) -> str:
    """The text with each marked place filled. A place without content stays as it is."""
    opened, closed = text.count("<!-- bench:"), len(marked(text))
    if opened != closed:
        raise FastcnnError(
            f"{opened - closed} of the markers <!-- bench:NAME --> have no <!-- /bench:NAME --> after them"
        )

    def filled(match: re.Match[str]) -> str:
        name = match["name"]
        content = contents.get(name, match["text"])
        return f"<!-- bench:{name} -->\n{content}<!-- /bench:{name} -->"

    return MARKED.sub(filled, text)


def duration(seconds: float) -> str:
    """Three digits in a suitable unit: 12.3 ms."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale or unit == "µs":
            return f"{seconds / scale:.3g} {unit}"
    raise AssertionError("unreachable")


def rate(per_second: float) -> str:
    """Three digits and thousands: 41,400."""
    if per_second >= 1000:
        digits = len(str(int(per_second))) - 3
        return f"{round(per_second, -digits):,.0f}"
    return f"{per_second:.3g}"


def by_threads(result: Any) -> Iterator[tuple[Any, str, Any]]:
    """Each row with each number of threads, and what was measured there."""
    return ((row, n, row[n]) for row in result["rows"] for n in row if n.isdecimal())
