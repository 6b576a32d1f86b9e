"""Measures of a classifier: accuracy with its interval, confusions, confidence and calibration.

They are plain NumPy on probabilities and labels. Nothing here uses a network or prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.checks import check_labels, check_positive
from fastcnn.digits import CLASSES
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import is_array, kind_of
from fastcnn.plots import confusion_figure
from fastcnn.records import representation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = npt.NDArray[np.floating]
Labels = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]

CALIBRATION_BINS = 15
Z_95 = 1.959963984540054  # the 97.5 % point of the normal distribution
# A float32 softmax underflows to 0 if logits differ by more than 103. Its logarithm would be infinite.
SMALLEST_PROBABILITY = 1e-45


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """The results of `evaluate`. Accuracies, confidences and errors are fractions from 0 to 1.

    `mean_confidence` is the mean of the largest probability of each picture, right or wrong. The paper calls it the
    recognition rate. It says how sure the network is, not how often it is right.
    """

    count: int
    accuracy: float
    mean_confidence: float
    per_digit_accuracy: tuple[float | None, ...]  # None for a digit without a picture
    confusion: Counts  # (10, 10): the row is the true digit, the column the answer
    expected_calibration_error: float
    loss: float  # mean cross-entropy

    def __repr__(self) -> str:
        return representation(self)

    def plot_confusion(self) -> Figure:
        """The confusions as a matplotlib Figure: `.savefig(path)` writes it. FastcnnError without matplotlib."""
        return confusion_figure(self.confusion, [str(number) for number in range(len(self.confusion))])

    @property
    def interval(self) -> tuple[float, float]:
        """The accuracy's 95 % Wilson interval."""
        return wilson_interval(int(self.confusion.trace()), self.count)


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval for a proportion (Wilson 1927), by default at 95 %.

    It stays inside 0 to 1 and is right near 1, unlike the interval of plus or minus two standard errors.
    """
    successes, trials = integer("successes", successes, 0), integer("trials", trials, 0)
    z = check_positive("z", z)
    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(f"successes must lie between 0 and trials >= 1, not {successes} of {trials}")
    share = successes / trials
    scale = 1 + z * z / trials
    centre = share + z * z / (2 * trials)
    margin = z * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return max(0.0, float((centre - margin) / scale)), min(1.0, float((centre + margin) / scale))


def confusion_matrix(labels: Labels, answers: Labels, classes: int = CLASSES) -> Counts:
    """How often each true digit (row) got each answer (column): (classes, classes) int64."""
    classes = integer("classes", classes, 1)
    for name, array in (("labels", labels), ("answers", answers)):
        check_labels(array, len(labels) if is_array(labels) and labels.ndim else 0, classes, name)
    counts = np.bincount(labels.astype(np.int64) * classes + answers, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def expected_calibration_error(confidence: Array, right: npt.NDArray[np.bool_], bins: int = CALIBRATION_BINS) -> float:
    """Mean gap between confidence and accuracy over equal bins of confidence, weighted by pictures (Guo et al. 2017).

    Bins are (0, 1/bins], (1/bins, 2/bins], ...; empty bins do not count.
    """
    if not is_array(confidence) or confidence.dtype.kind != "f":
        raise TypeError(f"confidence must be an array of floats, not {kind_of(confidence)}")
    if not is_array(right) or right.dtype.kind != "b":
        raise TypeError(f"right must be an array of booleans, not {kind_of(right)}")
    bins = integer("bins", bins, 1)
    if confidence.shape != right.shape or confidence.size == 0:
        raise ValueError(f"confidence {confidence.shape} and right {right.shape} must be equally long and not empty")
    if not np.isfinite(confidence).all():
        raise ValueError("confidence holds NaN or infinity: the network's weights are unusable")
    index = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gap = np.bincount(index, weights=confidence.astype(np.float64), minlength=bins) - np.bincount(
        index, weights=right.astype(np.float64), minlength=bins
    )
    return float(np.abs(gap).sum() / confidence.size)


def frequent_confusions(confusion: Counts, count: int = 5) -> list[tuple[int, int, int]]:
    """The most frequent mistakes as (true digit, answer, count), the most frequent first; ties in row-major order."""
    if not is_array(confusion) or confusion.dtype.kind not in "iu":
        raise TypeError(f"confusion must be an integer array, not {kind_of(confusion)}")
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise ValueError(f"confusion must be as wide as it is high, not of shape {confusion.shape}")
    count = integer("count", count, 0)
    mistakes = confusion.copy()
    np.fill_diagonal(mistakes, 0)
    order = np.argsort(-mistakes, axis=None, kind="stable")[:count]
    rows, columns = np.unravel_index(order, mistakes.shape)
    return [
        (int(row), int(column), int(mistakes[row, column]))
        for row, column in zip(rows, columns, strict=True)
        if mistakes[row, column]
    ]


def evaluate(probabilities: Array, labels: Labels, classes: int = CLASSES) -> Evaluation:
    """Measure the answers of a classifier.

    Parameters
    ----------
    probabilities : (N, classes) float, each row sums to 1
    labels : (N,) int64, 0 to classes - 1

    Raises
    ------
    ValueError
        If the shapes do not fit each other, there is no picture, or a probability is not finite.
    """
    if not is_array(probabilities) or probabilities.dtype.kind != "f":
        raise TypeError(f"probabilities must be an array of floats, not {kind_of(probabilities)}")
    classes = integer("classes", classes, 1)
    check_labels(labels, len(labels) if is_array(labels) and labels.ndim else 0, classes)
    if probabilities.shape != (len(labels), classes) or len(labels) == 0:
        raise ValueError(f"probabilities must be ({len(labels)}, {classes}) with N >= 1, not {probabilities.shape}")
    if not np.isfinite(probabilities).all():
        raise ValueError("probabilities hold NaN or infinity: the network's weights are unusable")
    answers = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1).astype(np.float64)
    confusion = confusion_matrix(labels, answers, classes)
    of_label = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return Evaluation(
        count=len(labels),
        accuracy=float(confusion.trace() / len(labels)),
        mean_confidence=float(confidence.mean()),
        per_digit_accuracy=tuple(
            float(confusion[digit, digit] / row.sum()) if row.any() else None for digit, row in enumerate(confusion)
        ),
        confusion=confusion,
        expected_calibration_error=expected_calibration_error(confidence, answers == labels),
        loss=float(-np.log(np.maximum(of_label, SMALLEST_PROBABILITY)).mean()),
    )
