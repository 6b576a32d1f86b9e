"""The table of `bench rivals`, and the rows of it that the README shows: those that lose come first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fastcnn.bench.report import markdown
from fastcnn.bench.report.markdown import duration, table

TRAINING, INFERENCE = "training", "inference"  # modes of a row
ABSENT = "missing"


def by_threads(result: Any) -> Iterator[tuple[Any, str, Any]]:
    """Each row with each number of threads, and what was measured there; the lowest ratio first, then no rival."""
    return iter(sorted(markdown.by_threads(result), key=lambda each: each[2].get("ratio", float("inf"))))


def ratio_of(found: Any) -> str:
    """The rival's time over ours, in bold where we lose."""
    if "ratio" not in found:
        return ""
    text = f"{found['ratio']:.2f}"
    return f"**{text}**" if found["ratio"] < 1 else text


def timed(median_s: float, quartiles_s: Any) -> str:
    """A median and its quartiles."""
    low, high = map(duration, quartiles_s)
    return f"{duration(median_s)} ({low} to {high})"


def rivals(result: Any) -> str:
    """One row for each network, mode, batch and number of threads; a column for each engine, the missing last."""
    engines = [*result["versions"], *result["missing"]]
    rows = []
    for row, n, found in by_threads(result):
        cells = [row["network"], row["mode"], f"{row['batch']:,}", n, timed(found["median_s"], found["quartiles_s"])]
        cells += [f"{found['gflop_per_s']:.1f}", f"{found['share_of_peak']:.2f}"]
        if "ratio" in found:
            cells += [found["rival"], timed(found["rival_median_s"], found["rival_quartiles_s"])]
        else:
            cells += ["none", ""]
        cells += [ratio_of(found)]
        rows.append(cells + [_engine(row, found, name, result["missing"]) for name in engines])
    header = (
        "network", "what", "batch", "threads", "fastcnn", "GFLOP/s", "of the peak", "best rival (version, threads)",
        "its time", "ratio", *engines,
    )  # fmt: skip
    return f"{table(header, rows)}\n{notes(result)}"


def _engine(row: Any, found: Any, name: str, missing: Any) -> str:
    """An engine's ratio in a row, or why it has none."""
    if name in found.get("engines", {}):
        return f"{found['engines'][name]:.2f}"
    return "" if name not in row["left_out"] else ABSENT if name in missing else "left out"


def ceilings(result: Any) -> list[str]:
    """What the CPU can do, a sentence for each number of threads."""
    return [
        f"Threads {n}: {each['fma_gflop_per_s']:.0f} GFLOP/s of multiply-adds in registers (the peak), "
        f"{each['sgemm_gflop_per_s']:.0f} of NumPy's SGEMM."
        for n, each in result["peaks"].items()
    ]


def notes(result: Any) -> str:
    """What the CPU can do, the versions, and everything that is missing or was left out."""
    lines = ceilings(result)
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    lines.append(f"In brackets are quartiles. {versions}.".removesuffix(" ."))
    lines += [f"**{name}: {ABSENT}** ({why})." for name, why in result["missing"].items()]
    for row in result["rows"]:
        for name, why in row["left_out"].items():
            if name not in result["missing"]:
                lines.append(f"{name} is left out of {row['network']}, {row['mode']}, batch {row['batch']}: {why}.")
    return "\n".join(f"{line}\n" for line in dict.fromkeys(lines))


def number(network: str, mode: str, batch: int, *path: str) -> Callable[[Any], float | None]:
    """For `targets`: a number of a row, or None where it was not measured."""

    def pick(result: Any) -> float | None:
        for row in result["rows"]:
            if (row["network"], row["mode"], row["batch"]) == (network, mode, batch):
                found = row
                for key in path:
                    found = found.get(key, {})
                return float(found) if isinstance(found, int | float) else None
        return None

    return pick
