"""The table of what is read on paper, below the tables of robustness, strings and refusal."""

from __future__ import annotations

from typing import Any

from fastcnn.bench.report.markdown import table


def on_paper(result: Any, what: str) -> str:
    """The table of the rows `paper` of a result, with a sentence before it; nothing for a record without them."""
    rows = result.get("paper", [])
    if not rows:
        return ""
    refused = "refused" in rows[0]
    header = ("paper", what, "right", "95 % interval", *(["refused"] if refused else []))
    told = [
        (
            row["name"], f"{row['count']:,}", f"{row['right']:.1%}",
            f"{row['interval'][0]:.1%} to {row['interval'][1]:.1%}",
            *([f"{row['refused']:.1%}"] if refused else []),
        )
        for row in rows
    ]  # fmt: skip
    return f"\nOn paper, from a seed that no choice used:\n\n{table(header, told)}"
