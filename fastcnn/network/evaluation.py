"""The accuracy of a network, class by class, as a record that prints as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastcnn import metrics, pages
from fastcnn.arrays import Array
from fastcnn.network.losses import CrossEntropy
from fastcnn.network.summary import text_table
from fastcnn.plots import confusion_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ROWS = 20  # in the table: if there are more classes, the worst are shown
MOST_NAME = 30  # characters


@dataclass(frozen=True, eq=False, repr=False)
class Scores:
    """The result of a network's `evaluate`; accuracies are fractions from 0 to 1.

    `metrics.evaluate` gives more: the confidence, and how well it is calibrated.
    """

    count: int  # pictures
    loss: float  # mean cross-entropy, in nats
    accuracy: float
    per_class_accuracy: tuple[float | None, ...]  # in the order of the outputs; None for a class without a picture
    confusion: metrics.Counts  # (classes, classes) int64: row the true class, column the answer
    classes: tuple[str, ...]  # their names

    def __repr__(self) -> str:
        more = f"\n{self._left}" if self._left else ""
        return f"{self._head}\n{text_table(self._rows())}{more}"

    def _repr_html_(self) -> str:
        """For notebooks: the same table."""
        return f"<div>{self._head}{pages.table(self._rows(), caption=self._left)}</div>"

    def plot_confusion(self) -> Figure:
        """The confusions as a matplotlib Figure: `.savefig(path)` writes it. FastcnnError without matplotlib."""
        return confusion_figure(self.confusion, self.classes)

    @property
    def _head(self) -> str:
        low, high = metrics.wilson_interval(int(self.confusion.trace()), self.count)
        return f"accuracy {self.accuracy:.2%} (95 % interval {low:.2%} to {high:.2%}), loss {self.loss:.4f}"

    @property
    def _left(self) -> str:
        classes = len(self.classes)
        return f"the {MOST_ROWS} worst of {classes} classes" if classes > MOST_ROWS else ""

    def _rows(self) -> list[tuple[str, ...]]:
        header = ("class", "most often taken for", "pictures", "accuracy")
        return [header, *map(self._row, self._order()), ("all", "", f"{self.count:,}", f"{self.accuracy:.2%}")]

    def _order(self) -> Sequence[int]:
        """The classes to show: all, or the worst first."""
        known = [number for number, accuracy in enumerate(self.per_class_accuracy) if accuracy is not None]
        if len(self.classes) <= MOST_ROWS:
            return range(len(self.classes))
        return sorted(known, key=lambda number: self.per_class_accuracy[number] or 0.0)[:MOST_ROWS]

    def _row(self, number: int) -> tuple[str, ...]:
        accuracy, answers = self.per_class_accuracy[number], self.confusion[number].copy()
        pictures, answers[number] = int(answers.sum()), 0
        wrong = int(answers.argmax())
        taken = f"{_cut(self.classes[wrong])} ({answers[wrong]} times)" if answers[wrong] else ""
        return _cut(self.classes[number]), taken, f"{pictures:,}", "" if accuracy is None else f"{accuracy:.2%}"


def _cut(name: str) -> str:
    return name if len(name) <= MOST_NAME else f"{name[: MOST_NAME - 3]}..."


def evaluated_labels(labels: Array | Sequence[str], count: int, classes: Sequence[str]) -> Array:
    """The class number of each picture; TypeError or ValueError unless there are pictures, each with a known class."""
    if count == 0:
        raise ValueError("images must hold at least one picture to evaluate on")
    if len(classes) < 2:
        raise ValueError("evaluate counts right classes, but the network has one output; forward gives its numbers")
    return CrossEntropy().targets_of(labels, count, classes)


def scores(probabilities: Array, labels: Array, classes: tuple[str, ...]) -> Scores:
    """The scores of probabilities (N, classes) of pictures with checked labels (N,)."""
    found = metrics.evaluate(probabilities, labels, len(classes))
    return Scores(found.count, found.loss, found.accuracy, found.per_digit_accuracy, found.confusion, classes)
