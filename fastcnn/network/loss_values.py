"""The formulas of the losses in NumPy, which define them: values and gradients, stable for all finite outputs.

A batch has few outputs (N times 10), so all is computed in float64 for each dtype of the network. Differences of
float32 logits then do not overflow or lose digits. `losses` has the classes that users give to a trainer.

`shares` (N,) float64 holds the weight of each picture in the mean, weight / sum of weights. Without class weights their
sum is 1.
"""

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_labels
from fastcnn.kernels.values import is_array, kind_of, shown


def _shifted(logits: Array) -> Array:
    """Logits minus the maximum of each row, in float64; a row with NaN or +inf becomes NaN."""
    wide = logits.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        shifted: Array = wide - wide.max(axis=1, keepdims=True)
    return shifted


def check_logits(logits: Array) -> None:
    """Raise unless logits is a (N, classes) float32 or float64 array with at least one class."""
    if not is_array(logits) or logits.dtype not in (np.float32, np.float64):
        raise TypeError(f"logits must be a float32 or float64 array, not {kind_of(logits)}")
    if logits.ndim != 2 or logits.shape[1] == 0:
        raise ValueError(f"logits must have the shape (N, classes), not {logits.shape}")


def check_label_smoothing(label_smoothing: float) -> None:
    """Raise unless label_smoothing is a number in [0, 1)."""
    if isinstance(label_smoothing, bool) or not isinstance(label_smoothing, int | float | np.integer | np.floating):
        raise TypeError(f"label_smoothing must be a number, not {kind_of(label_smoothing)}")
    if not 0 <= label_smoothing < 1:
        raise ValueError(f"label_smoothing must be at least 0 and less than 1, not {shown(label_smoothing)}")


def softmax(logits: Array) -> Array:
    """The probabilities of each row of logits.

    Parameters
    ----------
    logits : (N, classes) float32 or float64

    Returns
    -------
    (N, classes) in the dtype of logits; each row sums to 1

    Raises
    ------
    TypeError, ValueError
        If logits has another dtype or shape.

    A row with NaN or +inf gives NaN.
    """
    check_logits(logits)
    exponentials = np.exp(_shifted(logits))
    probabilities: Array = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities.astype(logits.dtype)


def sigmoid(logits: Array) -> Array:
    """1 / (1 + exp(-x)) of each number: the probabilities of a network that was trained with `BinaryCrossEntropy`.

    Parameters
    ----------
    logits : (N, outputs) float32 or float64

    Returns
    -------
    (N, outputs) in the dtype of logits

    Raises
    ------
    TypeError, ValueError
        If logits has another dtype or shape.
    """
    check_logits(logits)
    return _sigmoid(logits.astype(np.float64)).astype(logits.dtype)


def _sigmoid(wide: Array) -> Array:
    small = np.exp(-np.abs(wide))
    result: Array = np.where(wide < 0, small, 1.0) / (1 + small)
    return result


def softmax_cross_entropy(logits: Array, labels: Array, label_smoothing: float = 0.0) -> tuple[float, Array]:
    """Mean cross-entropy of a batch, and its gradient.

    Parameters
    ----------
    logits : (N, classes) float32 or float64, N at least 1
    labels : (N,) integers from 0 to classes - 1
    label_smoothing : the part of each target that is spread evenly over all classes, in [0, 1)

    Returns
    -------
    loss : mean over the N images, in nats
    grad_logits : (N, classes) in the dtype of logits, the gradient of the loss

    Raises
    ------
    TypeError, ValueError
        If an argument has another dtype, shape or range, or the batch is empty.

    The same as torch.nn.functional.cross_entropy(reduction="mean").
    """
    check_logits(logits)
    count, classes = logits.shape
    if count == 0:
        raise ValueError("logits must hold at least one image: an empty batch has no mean loss")
    check_labels(labels, count, classes)
    check_label_smoothing(label_smoothing)
    rows = np.arange(count)
    shifted = _shifted(logits)
    exponentials = np.exp(shifted)
    totals = exponentials.sum(axis=1, keepdims=True)
    losses = np.log(totals[:, 0]) - (1 - label_smoothing) * shifted[rows, labels]
    if label_smoothing > 0:
        losses -= label_smoothing * shifted.mean(axis=1)
    grad = exponentials / totals
    grad[rows, labels] -= 1 - label_smoothing
    grad -= label_smoothing / classes
    return float(losses.mean()), (grad / count).astype(logits.dtype)


def weighted_cross_entropy(
    logits: Array, labels: Array, shares: Array, class_weight: Array, label_smoothing: float
) -> tuple[float, Array]:
    """Cross-entropy with a weight for each class, (classes,) float64, and a share for each picture, and its gradient.

    The part of each target that is spread over all classes is multiplied by the class weights too. It is
    torch.nn.functional.cross_entropy(weight=, reduction="sum") with each picture's loss times its share.
    """
    count, classes = logits.shape
    rows = np.arange(count)
    shifted = _shifted(logits)
    exponentials = np.exp(shifted)
    totals = exponentials.sum(axis=1, keepdims=True)
    targets = np.tile(label_smoothing / classes * class_weight, (count, 1))
    targets[rows, labels] += (1 - label_smoothing) * class_weight[labels]
    losses = (targets * (np.log(totals) - shifted)).sum(axis=1)
    grad = targets.sum(axis=1, keepdims=True) * exponentials / totals - targets
    return float((shares * losses).sum()), (shares[:, None] * grad).astype(logits.dtype)


def squared_error(outputs: Array, targets: Array, shares: Array) -> tuple[float, Array]:
    """Mean squared error of outputs (N, outputs) and targets (N, outputs) float64, and its gradient.

    The same as torch.nn.functional.mse_loss(reduction="mean") if all shares are 1 / N.
    """
    differences = outputs.astype(np.float64) - targets
    shares = shares / outputs.shape[1]
    losses = (differences * differences).sum(axis=1)
    return float((shares * losses).sum()), (2 * shares[:, None] * differences).astype(outputs.dtype)


def binary_cross_entropy(outputs: Array, targets: Array, shares: Array) -> tuple[float, Array]:
    """Binary cross-entropy of outputs before the sigmoid, the mean over them, and its gradient. Shapes: see above.

    As torch.nn.functional.binary_cross_entropy_with_logits(reduction="mean") if all shares are 1 / N.
    """
    wide = outputs.astype(np.float64)
    shares = shares / outputs.shape[1]
    losses = (np.maximum(wide, 0) - wide * targets + np.log1p(np.exp(-np.abs(wide)))).sum(axis=1)
    return float((shares * losses).sum()), (shares[:, None] * (_sigmoid(wide) - targets)).astype(outputs.dtype)
