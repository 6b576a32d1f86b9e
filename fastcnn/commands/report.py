"""The tables after a training or an evaluation."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fastcnn.metrics import CALIBRATION_BINS, Evaluation, frequent_confusions, wilson_interval
from fastcnn.recognition.scores import SURE, Scores

WORST_WRITERS = 5
MOST_CLASSES = 20


def _percent(share: float | None, digits: int = 2) -> str:
    return "-" if share is None else f"{100 * share:.{digits}f} %"


def _summary(result: Evaluation, part: str, of_digits: bool) -> Table:
    low, high = result.interval
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="dim")
    table.add_row(
        f"{part} accuracy",
        _percent(result.accuracy),
        f"right answers; 95 % Wilson interval {_percent(low)} to {_percent(high)}, {result.count:,} pictures",
    )
    table.add_row(
        "mean confidence",
        _percent(result.mean_confidence),
        ('the paper\'s "recognition rate": ' if of_digits else "")
        + "how sure the network is, right or wrong; no accuracy",
    )
    table.add_row(
        "calibration error",
        _percent(result.expected_calibration_error),
        f"expected gap between confidence and accuracy, {CALIBRATION_BINS} bins",
    )
    return table


def _digits(result: Evaluation) -> Table:
    table = Table(title="accuracy per digit", title_justify="left")
    for digit in range(len(result.per_digit_accuracy)):
        table.add_column(str(digit), justify="right", no_wrap=True)
    table.add_row(*(f"{100 * share:.1f}" if share is not None else "-" for share in result.per_digit_accuracy))
    return table


def _classes(result: Evaluation, classes: Sequence[str]) -> Table:
    """The classes, or of many those that are read worst."""
    rows = [
        (share, name, int(row.sum()))
        for share, name, row in zip(result.per_digit_accuracy, classes, result.confusion, strict=True)
    ]
    title = "accuracy per class"
    if len(rows) > MOST_CLASSES:
        title = f"the {MOST_CLASSES} classes read worst"
        rows = sorted((row for row in rows if row[0] is not None), key=lambda row: row[0] or 0)[:MOST_CLASSES]
    table = Table(title=title, title_justify="left")
    table.add_column("class")
    for name in ("accuracy", "pictures"):
        table.add_column(name, justify="right", no_wrap=True)
    for share, name, count in rows:
        table.add_row(Text(name), _percent(share, 1), f"{count:,}")
    return table


def _confusions(result: Evaluation, classes: Sequence[str] | None) -> Table:
    table = Table(title="most frequent confusions", title_justify="left")
    for name in ("digit" if classes is None else "class", "taken for", "times", "of"):
        table.add_column(name, justify="right")
    for true, answer, times in frequent_confusions(result.confusion):
        names = [str(each) if classes is None else classes[each] for each in (true, answer)]
        table.add_row(*map(Text, names), str(times), str(int(result.confusion[true].sum())))
    return table


def print_evaluation(result: Evaluation, classes: Sequence[str] | None = None, part: str = "test") -> None:
    """Print to stdout what was measured on one part of the pictures; `classes` names what are no digits."""
    console = Console(highlight=False)
    console.print(_summary(result, part, classes is None))
    console.print(_digits(result) if classes is None else _classes(result, classes))
    if int(result.confusion.trace()) < result.count:
        console.print(_confusions(result, classes))


def print_writers(scores: Scores) -> None:
    """Print the writers with the most mistakes to stdout, and how confident the mistakes were."""
    console = Console(highlight=False)
    count = scores.evaluation.count
    console.print(f"refused as no digit: {scores.refused} of {count:,}, {_percent(scores.refused / count)}")
    low, high = wilson_interval(scores.right, count)
    console.print(
        f"given the right digit: {_percent(scores.right / count)}, {_percent(low)} to {_percent(high)}; here, for the "
        "writers and in what follows a refused drawing has no right answer"
    )
    console.print(f"wrong at over {SURE:.0%} confidence: {1000 * scores.surely_wrong:.1f} of 1,000")
    console.print(f"unsure, two digits named: {_percent(scores.unsure)}")
    table = Table(title="writers read worst", title_justify="left")
    for name in ("writer", "accuracy", "drawings"):
        table.add_column(name, justify="right")
    for writer, (right, count) in list(scores.writers.items())[:WORST_WRITERS]:
        table.add_row(writer or "-", _percent(right / count), str(count))
    console.print(table)
