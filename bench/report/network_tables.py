"""The two tables of `bench networks`: the networks with their results on MNIST, and their results on drawings."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean
from typing import Any

from fastcnn.bench.report.markdown import duration, table


def _network(row: Any) -> tuple[str, ...]:
    low, high = row["bundled_interval"]
    average, half, deviation = row["mean_test_accuracy"], row["half_width_95"], row["sd_test_accuracy"]
    return (
        row["model"],
        f"{row['parameters']:,}",
        f"{row['file_bytes'] / 1e6:.2f} MB",
        f"{row['epochs']}",
        f"{row['train_s'] / 60:.0f} min",
        duration(row["picture_s"]),
        duration(row["recognize_s"]),
        f"{average:.2%}" if half is None else f"{average:.3%} ± {half:.3%}",
        "" if deviation is None else f"{deviation:.3%}",
        f"{row['bundled_accuracy']:.2%} ({low:.2%} to {high:.2%})",
    )


def _drawings(name: str, found: Any, interval: Any = None) -> tuple[str, ...]:
    between = "" if interval is None else f" ({interval[0]:.2%} to {interval[1]:.2%})"
    return (
        name,
        f"{found['right'] / found['count']:.2%}{between}",
        f"{found['worst_digit_accuracy']:.1%} ({found['worst_digit']})",
        f"{found['worst_writer_accuracy']:.1%}",
        f"{found['calibration_error']:.4f}",
        f"{1000 * found['surely_wrong']:.1f}",
    )


def _mean_drawings(name: str, runs: Any) -> tuple[str, ...]:
    averages = {key: mean(run[key] for run in runs) for key, value in runs[0].items() if not isinstance(value, str)}
    _, right, worst_digit, *others = _drawings(name, averages)
    return name, right, worst_digit.split()[0], *others  # it is not one digit in all runs


def networks(result: Any) -> str:
    header: tuple[str, ...] = (
        "network", "parameters", "file", "epochs", "training, one core", "a picture, one core",
        "`recognize` of 280 x 280, one core", "MNIST test, mean of seeds 0 to 4", "standard deviation",
        "MNIST test, in the package",
    )  # fmt: skip
    text = table(header, [_network(row) for row in result["rows"]])
    text += (
        f"\nOf {result['rows'][0]['test_count']:,} test pictures. In the package is seed 0, and the committee of all "
        "five; another kind of CPU trains other bits. ± is the 95 % interval of the mean; in brackets are 95 % Wilson "
        "intervals.\n"
    )
    rows = []
    for row in result["rows"]:
        if row["drawings"]:
            rows.append(_drawings(row["model"], row["drawings"][0], row["drawings_interval"]))
            rows.append(_drawings(f"{row['model']}, turned", row["turned"]))
        if len(row["drawings"]) > 1:
            rows.append(_mean_drawings(f"{row['model']}, mean of {len(row['drawings'])} seeds", row["drawings"]))
    if not rows:
        return text
    header = (
        "network", "drawings right", "worst digit", "worst writer", "calibration error", "wrong at over 99 %, of 1,000"
    )  # fmt: skip
    count = result["rows"][0]["drawings"][0]["count"]
    return text + (
        f"\n{table(header, rows)}\n{count:,} drawings of any size, place and pen, none refused; "
        f"turned: by up to {result['turn_deg']:.0f} degrees to either side as well.\n"
    )


def number(model: str, key: str) -> Callable[[Any], float | None]:
    """For `targets`: a number of a network, or None if it was not measured."""
    return lambda result: next((row[key] for row in result["rows"] if row["model"] == model), None)


def of_drawings(model: str, key: str) -> Callable[[Any], float | None]:
    """The same for the bundled network on drawings. "accuracy" is the share of right answers."""

    def pick(result: Any) -> float | None:
        read = [row["drawings"][0] for row in result["rows"] if row["model"] == model and row["drawings"]]
        if not read:
            return None
        return float(read[0]["right"] / read[0]["count"] if key == "accuracy" else read[0][key])

    return pick
