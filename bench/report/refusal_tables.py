"""The tables of `bench refusal`, for the docs and for the results' page."""

from __future__ import annotations

from typing import Any

from fastcnn.bench.report.markdown import duration, table
from fastcnn.bench.report.paper_tables import on_paper
from fastcnn.metrics import wilson_interval

WORST_WRITERS = 3


def _refused(row: Any) -> tuple[str, str, str]:
    low, high = wilson_interval(row["refused"], row["count"])
    return f"{row['count']:,}", f"{row['refused'] / row['count']:.2%}", f"{low:.2%} to {high:.2%}"


def mean_share(rows: Any) -> float:
    """The mean of the refused shares, with equal weights for all families."""
    return float(sum(row["refused"] / row["count"] for row in rows) / len(rows))


def unseen_refused(result: Any) -> float:
    """The refused share of families that no training used."""
    return mean_share(result["unseen"])


def digits_refused(result: Any) -> float:
    """The largest refused share of a source of real digits."""
    return max(float(row["refused"] / row["count"]) for row in result["digits"])


def _spread(rows: Any) -> tuple[str, str, str]:
    lowest = min(rows, key=lambda row: row["refused"] / row["count"])
    worst = f"worst: {lowest['name']}, {lowest['refused'] / lowest['count']:.1%}"
    return f"{sum(row['count'] for row in rows):,}", f"{mean_share(rows):.2%}", worst


def compact(result: Any) -> str:
    """The table of the docs."""
    rows = [(f"digits: {row['name']}", *_refused(row)) for row in result["digits"]]
    rows.append((f"no digits, {len(result['seen'])} families trained on, other pictures", *_spread(result["seen"])))
    rows.append((f"no digits, {len(result['unseen'])} families never trained on", *_spread(result["unseen"])))
    return (
        table(("what", "pictures", "refused", "95 % interval, or the worst family"), rows)
        + _writers(result)
        + f"\nOne picture takes {duration(result['picture_s'])} on one thread. [All families, and other thresholds]"
        "(../bench/results/README.md#refusal).\n"
    )


def _writers(result: Any) -> str:
    if not result["writers"]:
        return ""
    worst = ", ".join(f"{row['refused']} of {row['count']}" for row in result["writers"][:WORST_WRITERS])
    return f"\nOf {len(result['writers'])} writers, those refused most: {worst} drawings.\n"


def refusal(result: Any) -> str:
    """All families, and the effect of other thresholds."""
    rows = [("digits", row["name"], *_refused(row)) for row in result["digits"]]
    rows += [("never trained on", row["name"], *_refused(row)) for row in result["unseen"]]
    rows += [("trained on", row["name"], *_refused(row)) for row in result["seen"]]
    names = [row["name"] for row in result["digits"]]
    curve = [
        (
            f"{row['threshold']:.3f}", *(f"{row['digits'][name]:.2%}" for name in names), f"{row['unseen']:.1%}",
            f"{row['seen']:.1%}",
        )
        for row in result["curve"]
    ]  # fmt: skip
    header = ("threshold", *names, "never trained on, mean of families", "trained on, mean of families")
    return (
        table(("what", "family", "pictures", "refused", "95 % interval"), rows)
        + _writers(result)
        + "\nThe same for other thresholds than 0.5:\n\n"
        + table(header, curve)
        + on_paper(result, "single digits")
    )
